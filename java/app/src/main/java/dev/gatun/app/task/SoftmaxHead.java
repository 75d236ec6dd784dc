package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.data.Examples;
import dev.gatun.metric.RocArea;
import dev.gatun.model.HardExamples;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.train.ClassPredictions;
import dev.gatun.train.ClassPredictions.Prediction;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/**
 * One class each, by the largest of as many logits.
 *
 * @param outputs the classes
 */
record SoftmaxHead(Config config, List<String> outputs) implements LabelHead {
  @Override
  public Loss loss(int[] counts) {
    SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy().smoothed(config.get(TrainKeys.SMOOTHING));
    double[] weights = weights(counts);
    double hard = config.get(LabelKeys.HARD_EXAMPLES);
    if (hard == 1) {
      return weights.length == 0 ? loss : loss.weighted(weights);
    }
    if (weights.length > 0) {
      throw config.error(
          LabelKeys.HARD_EXAMPLES, hard + ", and train.class_weights; give one of the two");
    }
    return new HardExamples(loss, hard);
  }

  /** What each class counts; none: all the same. */
  private double[] weights(int[] counts) {
    List<String> given = config.get(LabelKeys.CLASS_WEIGHTS);
    if (given.equals(List.of("none"))) {
      return new double[0];
    }
    if (given.equals(List.of("balanced"))) {
      double all = Arrays.stream(counts).sum();
      double[] weights = new double[counts.length];
      for (int k = 0; k < weights.length; k++) {
        // A class that the file lists and that nothing is of is never a target.
        weights[k] = counts[k] == 0 ? 1 : all / (counts.length * counts[k]);
      }
      return weights;
    }
    if (given.size() != outputs.size()) {
      throw config.error(
          LabelKeys.CLASS_WEIGHTS,
          "%d numbers; there are %d classes: %s"
              .formatted(given.size(), outputs.size(), String.join(", ", outputs)));
    }
    double[] weights = given.stream().mapToDouble(Double::parseDouble).toArray();
    if (Arrays.stream(weights).allMatch(w -> w == 0)) {
      throw config.error(
          LabelKeys.CLASS_WEIGHTS, given + ": nothing would count; give one above 0");
    }
    return weights;
  }

  @Override
  public Loss plain() {
    return new SoftmaxCrossEntropy();
  }

  @Override
  public Examples targets(Examples.Inputs inputs, int[][] held) {
    return inputs.classes(
        Arrays.stream(held).mapToInt(ids -> ids.length == 0 ? -1 : ids[0]).toArray());
  }

  @Override
  public List<String> probabilityNames() {
    return List.of("probability");
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    return describeClasses(measures);
  }

  static String describeClasses(SequencedMap<String, Double> measures) {
    return String.format(
        Locale.ROOT,
        "accuracy %.2f %%, macro F1 %.4f, %s nats per sequence",
        100 * measures.getOrDefault("accuracy", Double.NaN),
        measures.getOrDefault("f1_macro", Double.NaN),
        Numbers.shown(measures.getOrDefault("loss", Double.NaN)));
  }

  private SequencedMap<String, Double> measures(ClassPredictions seen) {
    SequencedMap<String, Double> measures = seen.metrics(outputs.size()).measures();
    if (outputs.size() == 2) {
      measures.put("auc", area(seen.list()));
    }
    return measures;
  }

  private Said said(Prediction prediction) {
    return new Said(outputs.get(prediction.predicted()), List.of(prediction.probability()));
  }

  @Override
  public Reader reader(Model trained) {
    ClassPredictions seen = new ClassPredictions(trained);
    return new Reader(
        seen,
        () -> seen.list().stream().map(this::said).toList(),
        () -> measures(seen),
        () -> new Classified(outputs, seen.metrics(outputs.size())));
  }

  /** Of the second of two classes; NaN where a probability is. */
  private static double area(List<Prediction> predictions) {
    RocArea area = new RocArea();
    for (Prediction p : predictions) {
      double second = p.predicted() == 1 ? p.probability() : 1 - p.probability();
      if (Double.isNaN(second)) {
        return Double.NaN;
      }
      area.add(second, p.target() == 1);
    }
    return area.area();
  }
}
