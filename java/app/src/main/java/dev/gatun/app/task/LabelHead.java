package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.TrainKeys.Losses;
import dev.gatun.data.Examples;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.train.Evaluator;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the outputs of a classifier stand for: a share of all classes, or labels by themselves. */
sealed interface LabelHead permits SoftmaxHead, LogisticHead {
  /**
   * As a configuration says.
   *
   * @param classes or labels, in the order of their ids
   */
  static LabelHead of(Config config, List<String> classes) {
    Losses loss = config.get(TrainKeys.LOSS);
    boolean several = !config.get(LabelKeys.SEPARATOR).isEmpty();
    if (loss == Losses.BINARY_CROSS_ENTROPY) {
      return LogisticHead.of(config, classes);
    }
    if (loss != Losses.CROSS_ENTROPY) {
      throw config.error(
          TrainKeys.LOSS,
          "that is for forecasts; classes take cross-entropy, or binary-cross-entropy");
    }
    if (several) {
      throw config.error(
          LabelKeys.SEPARATOR,
          "given, and train.loss cross-entropy is for one class each; give binary-cross-entropy, or"
              + " leave it out");
    }
    return new SoftmaxHead(config, classes);
  }

  /** The names of the outputs. */
  List<String> outputs();

  /**
   * What becomes small.
   *
   * @param counts the training part's sequences of each class
   */
  Loss loss(int[] counts);

  /** What is measured: the data as it is, without smoothing and weights. */
  Loss plain();

  /**
   * Gives sequences their targets.
   *
   * @param held [i], the ids that hold
   */
  Examples targets(Examples.Inputs inputs, int[][] held);

  /** Reads what a model says. */
  Reader reader(Model trained);

  /** The columns that {@link Said#probabilities} are written to. */
  List<String> probabilityNames();

  /** Measures in words. */
  String describe(SequencedMap<String, Double> measures);

  /**
   * What a model says of a sequence.
   *
   * @param label what holds
   * @param probabilities that it does, or those of all labels
   */
  record Said(String label, List<Double> probabilities) {}

  /**
   * What a model says of the sequences of a run.
   *
   * @param seen collects it in that run
   * @param said of each sequence, after it
   * @param measures what it comes to
   * @param classified of one class each: how they were confused
   */
  record Reader(
      Evaluator.Visitor seen,
      Supplier<List<Said>> said,
      Supplier<SequencedMap<String, Double>> measures,
      Supplier<@Nullable Classified> classified) {}
}
