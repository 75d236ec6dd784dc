package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.WeightType;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Range;
import dev.gatun.data.Split;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** A learning task over loaded data. */
public sealed interface Task permits TextTask, SeriesTask, TranscriptTask, LabelTask, PairTask {
  /**
   * Loads and checks the data of a configuration.
   *
   * @throws InputException if the data or a key about it is wrong
   */
  static Task of(Config config) {
    return of(config, Map.of());
  }

  /**
   * Loads data for a model that has been trained.
   *
   * @param stored the strings of its checkpoint: vocabulary or scaler are taken from there
   */
  static Task of(Config config, Map<String, String> stored) {
    Path file = config.file(DataKeys.PATH);
    try {
      return switch (config.get(DataKeys.TYPE)) {
        case TEXT -> TextTask.load(config, file, stored);
        case SERIES -> SeriesTask.load(config, file, stored);
        case TRANSCRIPTS -> TranscriptTask.load(config, file, stored);
        case SEQUENCES, STRINGS -> LabelTask.load(config, file, stored);
        case PAIRS -> PairTask.load(config, file, stored);
      };
    } catch (IllegalArgumentException e) {
      // What the engine refuses about data or layers comes from the configuration.
      throw new InputException(config.name() + ": " + e.getMessage(), e);
    }
  }

  /** The layers, sized for the data. */
  ModelSpec model();

  /** What becomes small. */
  Loss loss();

  /** What a step learns from. */
  BatchSource training();

  /**
   * Training data cut down to a few examples, to see whether a model can learn them by heart.
   *
   * @param examples how many
   */
  BatchSource overfitting(int examples);

  /** The validation part, or null without one. */
  default @Nullable BatchSource validation() {
    return split().validation().size() == 0 ? null : measuring(split().validation());
  }

  /** The parts. */
  Split split();

  /** What a target is, in the plural. */
  String unit();

  /** What parts are counted in, in the plural. */
  default String countedIn() {
    return unit();
  }

  /** Steps of time that a target stands for: tokens are counted with it. */
  int stepsPerTarget();

  /** What the log says about the data before training. */
  default List<String> notes() {
    return List.of();
  }

  /** What a checkpoint keeps for {@link #of(Config, Map)}. */
  Map<String, String> strings();

  /**
   * Measures a model on a part.
   *
   * @param weights how the matrices of recurrent layers are kept meanwhile
   * @return measures by their names in snake_case
   */
  SequencedMap<String, Double> measure(Model model, Range part, WeightType weights);

  /**
   * Measures that follow from the validation loss alone, for each report: their names are columns
   * of {@code metrics.csv}.
   */
  default SequencedMap<String, Double> validationMeasures(double loss) {
    return new LinkedHashMap<>();
  }

  /** The examples of a part in their order, for a look at one; the caller closes them. */
  BatchSource measuring(Range part);

  /** The names of the features of an input; empty where it takes tokens. */
  default List<String> inputNames() {
    return List.of();
  }

  /** The names of the outputs; empty where numbers say as much. */
  default List<String> outputNames() {
    return List.of();
  }

  /** What a token stands for. */
  default String token(int id) {
    return Integer.toString(id);
  }

  /**
   * What a classifier says of the examples of a part, for its confusion matrix.
   *
   * @param weights as for {@link #measure}
   * @return null unless the task is to tell classes
   */
  default @Nullable Classified classified(Model model, Range part, WeightType weights) {
    return null;
  }

  /** Measures in words, for people. */
  String describe(SequencedMap<String, Double> measures);

  /** The part that results are measured on: test, else validation, else training. */
  default Range measured() {
    Split split = split();
    return split.test().size() > 0
        ? split.test()
        : split.validation().size() > 0 ? split.validation() : split.training();
  }

  /** What {@link #measured} is called. */
  default String measuredName() {
    Split split = split();
    return split.test().size() > 0
        ? "test"
        : split.validation().size() > 0 ? "validation" : "training";
  }

  /** Cuts as the configuration says: fractions below 1, counts from 1. */
  static Split split(Config config, int available) {
    int limit = config.get(DataKeys.ROWS);
    if (limit > available) {
      throw config.error(DataKeys.ROWS, limit + "; the data has " + available);
    }
    int rows = limit > 0 ? limit : available;
    int validation = part(config, DataKeys.VALIDATION, rows);
    int test = part(config, DataKeys.TEST, rows);
    if ((long) validation + test >= rows) {
      throw config.error(
          test > 0 ? DataKeys.TEST : DataKeys.VALIDATION,
          "validation %d and test %d leave nothing of %d to train on; give smaller parts"
              .formatted(validation, test, rows));
    }
    return Split.counts(rows, rows - validation - test, validation, test);
  }

  /** Checks that there are as many examples as are to be learnt by heart. */
  static void checkOverfit(Config config, int examples) {
    int wanted = config.get(TrainKeys.OVERFIT);
    if (wanted > examples) {
      throw config.error(
          TrainKeys.OVERFIT,
          "%d; the training part has %d example%s; give at most that many"
              .formatted(wanted, examples, examples == 1 ? "" : "s"));
    }
  }

  /** A part as a count of rows. */
  static int part(Config config, Key<Double> key, int rows) {
    double share = config.get(key);
    if (share >= 1) {
      if (share != Math.rint(share) || share > Integer.MAX_VALUE) {
        throw config.error(key, share + "; give a fraction below 1 or a whole count");
      }
      return (int) share;
    }
    int count = (int) Math.round(rows * share);
    if (share > 0 && count == 0) {
      throw config.error(key, "%s of %d is less than one; give more".formatted(share, rows));
    }
    return count;
  }
}
