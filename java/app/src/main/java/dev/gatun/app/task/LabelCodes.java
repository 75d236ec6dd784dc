package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.SeriesKeys;
import dev.gatun.data.Examples;
import dev.gatun.data.Filling;
import dev.gatun.data.Kmers;
import dev.gatun.data.MissingValues;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.model.Signal;
import dev.gatun.persist.Json;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is learnt from labelled sequences besides weights: how classes and inputs become numbers.
 *
 * @param classes in the order of their ids
 * @param scaler of numbers; null: strings
 * @param filling of missing values; null: there are none
 * @param kmers the pieces of strings; null: numbers
 */
record LabelCodes(
    List<String> classes,
    @Nullable Scaler scaler,
    @Nullable Filling filling,
    @Nullable Kmers kmers) {
  private static final String CLASSES = "classes";
  private static final String SCALER = "scaler";
  private static final String KMERS = "kmers";
  private static final String FILLING = "filling";

  /** The columns a model was trained on; else those of the configuration. */
  static List<String> columns(Config config, Map<String, String> stored) {
    if (config.get(DataKeys.TYPE) == DataKeys.Kind.STRINGS) {
      return List.of();
    }
    return stored.containsKey(SCALER)
        ? Scaler.fromJson(stored(stored, SCALER)).names()
        : config.get(DataKeys.INPUTS);
  }

  /** The classes or labels that are written in a cell: one, or what a separator divides. */
  private static List<String> written(Config config, String cell) {
    String separator = config.get(LabelKeys.SEPARATOR);
    return separator.isEmpty()
        ? List.of(cell)
        : Arrays.stream(cell.split(Pattern.quote(separator)))
            .map(String::strip)
            .filter(label -> !label.isEmpty())
            .distinct()
            .toList();
  }

  /** Those the file lists, else those that are there, numbers by size. */
  static List<String> classes(Config config, LabelData data, int rows, Path file) {
    List<String> classes = data.classes();
    if (classes.isEmpty()) {
      List<String> there =
          data.labels().subList(0, rows).stream()
              .flatMap(cell -> written(config, cell).stream())
              .distinct()
              .toList();
      boolean numbers = there.stream().allMatch(label -> Numbers.read(label).isPresent());
      classes =
          there.stream()
              .sorted(
                  numbers
                      ? Comparator.comparingDouble(label -> Numbers.read(label).orElseThrow())
                      : Comparator.naturalOrder())
              .toList();
    }
    if (!config.get(LabelKeys.SEPARATOR).isEmpty()) {
      if (classes.isEmpty()) {
        throw new InputException(file + ": no sequence has a label; give some");
      }
      return classes;
    }
    if (classes.size() < 2) {
      throw new InputException(
          "%s: one class alone, %s; give sequences of two or more".formatted(file, classes));
    }
    return classes;
  }

  /** [i][k], the classes or labels of the first sequences, all of which have to be among some. */
  static int[][] ids(Config config, LabelData data, int count, List<String> classes, Path file) {
    int[][] ids = new int[count][];
    for (int i = 0; i < ids.length; i++) {
      List<String> written = written(config, data.labels().get(i));
      ids[i] = new int[written.size()];
      for (int k = 0; k < ids[i].length; k++) {
        ids[i][k] = classes.indexOf(written.get(k));
        if (ids[i][k] < 0) {
          throw new InputException(
              "%s: sequence %s is of class \"%s\"; the classes are %s"
                  .formatted(
                      file, data.names().get(i), written.get(k), String.join(", ", classes)));
        }
      }
    }
    return ids;
  }

  /** Fits scales, or takes pieces, of the training part. */
  static LabelCodes learn(Config config, LabelData data, List<String> classes, Range training) {
    if (data.columns().isEmpty()) {
      return new LabelCodes(
          classes,
          null,
          null,
          Kmers.of(
              data.strings().subList(0, training.to()),
              config.get(LabelKeys.KMER),
              config.get(LabelKeys.KMER_STRIDE)));
    }
    Series rows = data.rows(training.to());
    Range all = new Range(0, rows.rows());
    Scaler scaler = Learnt.scaler(config, rows, all);
    return new LabelCodes(classes, scaler, filling(config, rows), null);
  }

  /** What stands in for missing values; null where there may be none. */
  private static @Nullable Filling filling(Config config, Series training) {
    SeriesKeys.Missing missing = config.get(SeriesKeys.MISSING);
    if (missing == SeriesKeys.Missing.DECAY) {
      throw config.error(
          SeriesKeys.MISSING, "decay; that is for data.type series; mask gives the same inputs");
    }
    return missing == SeriesKeys.Missing.ERROR || missing == SeriesKeys.Missing.DROP
        ? null
        : Filling.fit(
            MissingValues.valueOf(missing.name()), training, new Range(0, training.rows()));
  }

  private static Json stored(Map<String, String> stored, String name) {
    return Learnt.stored(stored, name, "it is no classifier's");
  }

  private static List<String> classes(Map<String, String> stored) {
    return stored(stored, CLASSES).asList().stream().map(Json::asText).toList();
  }

  /** Those that a checkpoint keeps. */
  static LabelCodes of(Map<String, String> stored) {
    return stored.containsKey(KMERS)
        ? new LabelCodes(classes(stored), null, null, Kmers.fromJson(stored(stored, KMERS)))
        : new LabelCodes(
            classes(stored),
            Scaler.fromJson(stored(stored, SCALER)),
            stored.containsKey(FILLING) ? Filling.fromJson(stored(stored, FILLING)) : null,
            null);
  }

  /** These, for a checkpoint. */
  Map<String, String> strings() {
    Map<String, String> strings = new LinkedHashMap<>();
    strings.put(CLASSES, Json.of(classes.stream().map(Json::of).toList()).print());
    if (scaler != null) {
      strings.put(SCALER, scaler.toJson().print());
    }
    if (filling != null) {
      strings.put(FILLING, filling.toJson().print());
    }
    if (kmers != null) {
      strings.put(KMERS, kmers.toJson().print());
    }
    return strings;
  }

  /** The classes or labels of each sequence, all of which have to be known. */
  int[][] ids(Config config, LabelData data, Path file) {
    return ids(config, data, data.size(), classes, file);
  }

  /** What a network is given. */
  Signal input() {
    return kmers != null
        ? Signal.tokens(kmers.size())
        : Signal.features(SequenceGaps.width(scaler == null ? 1 : scaler.names().size(), filling));
  }

  /** The steps of a sequence. */
  int length(LabelData data, int sequence) {
    return kmers != null
        ? kmers.encode(data.strings().get(sequence)).length
        : data.values().get(sequence).length;
  }

  /** Some sequences as a network is given them. */
  Examples.Inputs inputs(LabelData data, Range part) {
    if (kmers != null) {
      Kmers pieces = kmers;
      return Examples.tokens(
          data.strings().subList(part.from(), part.to()).stream()
              .map(pieces::encode)
              .toArray(int[][]::new));
    }
    float[][][] x = new float[part.size()][][];
    for (int i = 0; i < x.length; i++) {
      x[i] = SequenceGaps.inputs(data.values().get(part.from() + i), scaler, filling);
    }
    return Examples.features(x);
  }
}
