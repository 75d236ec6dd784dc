package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.data.Examples;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.Vocabulary;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A CSV file of frames, a row each: a column that names the frame's sequence, whose rows stand
 * together, one with its transcript, the same in all of its rows or given in the first alone, and
 * numbers.
 */
final class Transcripts {
  private final Series frames;

  /** The first frame of each sequence, and the end. */
  private final int[] starts;

  private final List<String> sequences;
  private final List<String> texts;

  private Transcripts(Series frames, int[] starts, List<String> sequences, List<String> texts) {
    this.frames = frames;
    this.starts = starts;
    this.sequences = sequences;
    this.texts = texts;
  }

  /**
   * Reads a file.
   *
   * @throws InputException naming the line that is wrong
   */
  static Transcripts read(Config config, Path file) {
    List<String> named = List.of(config.get(DataKeys.SEQUENCE), config.get(DataKeys.TEXT));
    return read(config, file, named, config.get(DataKeys.INPUTS));
  }

  /**
   * Reads frames that nobody has transcribed; a column of transcripts may be there.
   *
   * @param inputs columns the model sees
   */
  static Transcripts readFrames(Config config, Path file, List<String> inputs) {
    return read(config, file, List.of(config.get(DataKeys.SEQUENCE)), inputs);
  }

  private static Transcripts read(
      Config config, Path file, List<String> named, List<String> inputs) {
    String sequence = config.get(DataKeys.SEQUENCE);
    String text = config.get(DataKeys.TEXT);
    CsvSeries.Labelled rows =
        CsvSeries.readLabelled(
            file,
            named,
            inputs,
            Cells.COMPLETE,
            (name, there) ->
                config.error(
                    name.equals(sequence)
                        ? DataKeys.SEQUENCE
                        : name.equals(text) ? DataKeys.TEXT : DataKeys.INPUTS,
                    "no column \"%s\" in %s; there are %s"
                        .formatted(name, file, String.join(", ", there))));
    List<String> names = rows.texts().get(0);
    List<String> spoken =
        named.size() > 1 ? rows.texts().get(1) : Collections.nCopies(names.size(), "");
    GroupedRows groups =
        GroupedRows.of(
            file,
            names,
            spoken,
            "the transcript \"%s\" within sequence \"%s\", which says \"%s\"; give one for each");
    int[] bounds = groups.starts().stream().mapToInt(Integer::intValue).toArray();
    return new Transcripts(rows.numbers(), bounds, groups.names(), groups.said());
  }

  /** The same sequences in another order. */
  Transcripts in(List<Integer> order) {
    int columns = frames.names().size();
    double[][] byColumn = new double[columns][frames.rows()];
    int[] bounds = new int[order.size() + 1];
    for (int i = 0; i < order.size(); i++) {
      int from = starts[order.get(i)];
      bounds[i + 1] = bounds[i] + starts[order.get(i) + 1] - from;
      for (int row = bounds[i]; row < bounds[i + 1]; row++) {
        for (int c = 0; c < columns; c++) {
          byColumn[c][row] = frames.value(from + row - bounds[i], c);
        }
      }
    }
    return new Transcripts(
        Series.withGaps(frames.names(), byColumn, null),
        bounds,
        order.stream().map(sequences::get).toList(),
        order.stream().map(texts::get).toList());
  }

  /** All frames, one sequence after the other. */
  Series frames() {
    return frames;
  }

  /** The sequences. */
  int size() {
    return texts.size();
  }

  /** The first frame of a sequence; of the one after the last, the end. */
  int start(int sequence) {
    return starts[sequence];
  }

  /** The characters of all transcripts. */
  Vocabulary vocabulary(Path file) {
    String all = String.join("", texts);
    if (all.isEmpty()) {
      throw new InputException(file + ": every transcript is empty; give some text");
    }
    return Vocabulary.of(all);
  }

  /** The fewest steps that say a transcript: its characters, and a blank between equal ones. */
  int stepsNeeded(int sequence) {
    int[] said = texts.get(sequence).codePoints().toArray();
    int steps = said.length;
    for (int i = 1; i < said.length; i++) {
      steps += said[i] == said[i - 1] ? 1 : 0;
    }
    return steps;
  }

  /**
   * Checks that a model's characters are all that there are.
   *
   * @throws InputException naming the sequence that has another
   */
  void checkCharacters(Path file, Vocabulary vocabulary) {
    for (int i = 0; i < size(); i++) {
      try {
        vocabulary.encode(texts.get(i));
      } catch (IllegalArgumentException e) {
        throw new InputException(
            "%s: sequence \"%s\": %s; leave it out"
                .formatted(file, name(i), String.valueOf(e.getMessage())),
            e);
      }
    }
  }

  /** The name of a sequence. */
  String name(int sequence) {
    return sequences.get(sequence);
  }

  /**
   * Sequences of a part; labels are the characters' ids, from the blank's on 1 more.
   *
   * @param vocabulary null: without labels
   */
  Examples examples(Range part, Scaler scaler, @Nullable Vocabulary vocabulary, int blank) {
    float[][][] x = new float[part.size()][][];
    int[][] labels = new int[part.size()][];
    int columns = frames.names().size();
    for (int i = 0; i < x.length; i++) {
      int sequence = part.from() + i;
      x[i] = new float[starts[sequence + 1] - starts[sequence]][columns];
      for (int t = 0; t < x[i].length; t++) {
        for (int c = 0; c < columns; c++) {
          x[i][t][c] = (float) scaler.scale(c, frames.value(starts[sequence] + t, c));
        }
      }
      labels[i] =
          vocabulary == null
              ? new int[0]
              : Arrays.stream(vocabulary.encode(texts.get(sequence)))
                  .map(id -> id < blank ? id : id + 1)
                  .toArray();
    }
    return Examples.features(x).labels(labels);
  }
}
