package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.data.Balance;
import dev.gatun.data.Examples;
import dev.gatun.metric.ClassMetrics;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.NumericLoss;
import dev.gatun.train.LabelPredictions;
import dev.gatun.train.LabelPredictions.Prediction;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/**
 * A logit for each label, which holds or not by itself; or one alone, for the second of two
 * classes.
 *
 * @param classes two, or all labels
 * @param separator what stands between labels; empty: there are two classes
 */
record LogisticHead(Config config, List<String> classes, String separator) implements LabelHead {
  static LogisticHead of(Config config, List<String> classes) {
    String separator = config.get(LabelKeys.SEPARATOR);
    if (separator.isEmpty() && classes.size() != 2) {
      throw config.error(
          TrainKeys.LOSS,
          "binary-cross-entropy; there are %d classes: %s; give cross-entropy, or"
                  .formatted(classes.size(), String.join(", ", classes))
              + " data.label_separator where several labels may hold");
    }
    if (config.get(TrainKeys.SMOOTHING) > 0) {
      throw refused(config, TrainKeys.SMOOTHING);
    }
    if (!config.get(LabelKeys.CLASS_WEIGHTS).equals(List.of("none"))) {
      throw refused(config, LabelKeys.CLASS_WEIGHTS);
    }
    if (config.get(LabelKeys.HARD_EXAMPLES) != 1) {
      throw refused(config, LabelKeys.HARD_EXAMPLES);
    }
    if (config.get(LabelKeys.BALANCE) != Balance.NONE) {
      throw refused(config, LabelKeys.BALANCE);
    }
    return new LogisticHead(config, classes, separator);
  }

  private static RuntimeException refused(Config config, Key<?> key) {
    return config.error(
        key,
        "given, and that is for train.loss cross-entropy; of binary-cross-entropy"
            + " train.loss.positive_weight says what counts more");
  }

  private boolean twoClasses() {
    return separator.isEmpty();
  }

  @Override
  public List<String> outputs() {
    return twoClasses() ? classes.subList(1, 2) : classes;
  }

  @Override
  public Loss loss(int[] counts) {
    return NumericLoss.binaryCrossEntropy(config.get(TrainKeys.POSITIVE_WEIGHT));
  }

  @Override
  public Loss plain() {
    return NumericLoss.binaryCrossEntropy(1);
  }

  @Override
  public Examples targets(Examples.Inputs inputs, int[][] held) {
    int first = twoClasses() ? 1 : 0;
    float[][] targets = new float[held.length][classes.size() - first];
    for (int i = 0; i < held.length; i++) {
      for (int id : held[i]) {
        if (id >= first) {
          targets[i][id - first] = 1;
        }
      }
    }
    return inputs.values(targets);
  }

  @Override
  public List<String> probabilityNames() {
    return twoClasses() ? List.of("probability") : classes;
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    if (twoClasses()) {
      return "%s, area under the curve %s"
          .formatted(
              SoftmaxHead.describeClasses(measures),
              Numbers.shown(measures.getOrDefault("auc", Double.NaN)));
    }
    return String.format(
        Locale.ROOT,
        "%.2f %% of labels right, all of %.2f %% of sequences, micro F1 %.4f, macro F1 %.4f, %s nats"
            + " per label",
        100 * measures.getOrDefault("accuracy", Double.NaN),
        100 * measures.getOrDefault("exact", Double.NaN),
        measures.getOrDefault("f1_micro", Double.NaN),
        measures.getOrDefault("f1_macro", Double.NaN),
        Numbers.shown(measures.getOrDefault("loss", Double.NaN)));
  }

  private Said said(Prediction prediction) {
    if (twoClasses()) {
      double second = prediction.probabilities().getFirst();
      return second >= 0.5
          ? new Said(classes.get(1), List.of(second))
          : new Said(classes.get(0), List.of(1 - second));
    }
    List<String> held = new ArrayList<>();
    for (int k = 0; k < classes.size(); k++) {
      if (prediction.probabilities().get(k) >= 0.5) {
        held.add(classes.get(k));
      }
    }
    return new Said(String.join(separator, held), prediction.probabilities());
  }

  /** Of two classes. */
  private static ClassMetrics metrics(List<Prediction> predictions) {
    ClassMetrics metrics = new ClassMetrics(2);
    for (Prediction p : predictions) {
      metrics.add(
          p.targets().getFirst() >= 0.5 ? 1 : 0, p.probabilities().getFirst() >= 0.5 ? 1 : 0);
    }
    return metrics;
  }

  private SequencedMap<String, Double> measures(LabelPredictions seen) {
    if (!twoClasses()) {
      return seen.metrics(classes.size()).measures();
    }
    SequencedMap<String, Double> measures = metrics(seen.list()).measures();
    measures.put("auc", seen.metrics(1).area(0));
    return measures;
  }

  @Override
  public Reader reader(Model trained) {
    LabelPredictions seen = new LabelPredictions(trained);
    return new Reader(
        seen,
        () -> seen.list().stream().map(this::said).toList(),
        () -> measures(seen),
        () -> twoClasses() ? new Classified(classes, metrics(seen.list())) : null);
  }
}
