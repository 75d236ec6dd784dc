package dev.gatun.train;

import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.data.TargetKind;
import dev.gatun.metric.ClassMetrics;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * What a classifier of sequences says about each, in the order of the data: the class of the
 * largest logit and its share of the softmax.
 */
public final class ClassPredictions implements Evaluator.Visitor {
  /**
   * What it says about a sequence.
   *
   * @param target the class it was given; negative: none
   * @param predicted the class it says
   * @param probability of that class
   */
  public record Prediction(int target, int predicted, double probability) {}

  private final Backend backend;
  private final List<Prediction> predictions = new ArrayList<>();

  /**
   * Has seen nothing yet.
   *
   * @param model whose output is read
   */
  public ClassPredictions(Model model) {
    backend = model.backend();
  }

  @Override
  public void visit(Plan plan, Batch batch) {
    if (batch.layout().targets() != TargetKind.CLASSES) {
      throw new IllegalArgumentException(
          "predictions are of one class for each sequence, not of " + batch.layout().targets());
    }
    Tensor host = Tensor.host(DType.F32, plan.output().shape());
    try (var memory = host.memory()) {
      backend.copy(plan.output(), Tensor.of(memory, DType.F32, plan.output().shape()));
      for (int n = 0; n < batch.size(); n++) {
        predictions.add(prediction((int) batch.targets().getLong(n), host, n));
      }
    }
  }

  private static Prediction prediction(int target, Tensor logits, int n) {
    int classes = (int) logits.dim(-1);
    long row = (long) n * classes;
    int best = 0;
    for (int k = 1; k < classes; k++) {
      best = logits.get(row + k) > logits.get(row + best) ? k : best;
    }
    double sum = 0;
    for (int k = 0; k < classes; k++) {
      sum += Math.exp(logits.get(row + k) - logits.get(row + best));
    }
    return new Prediction(target, best, 1 / sum);
  }

  /** One for each sequence so far. */
  public List<Prediction> list() {
    return List.copyOf(predictions);
  }

  /**
   * What they come to, of the sequences with a class.
   *
   * @param classes how many there are
   */
  public ClassMetrics metrics(int classes) {
    ClassMetrics metrics = new ClassMetrics(classes);
    for (Prediction p : predictions) {
      if (p.target >= 0) {
        metrics.add(p.target, p.predicted);
      }
    }
    return metrics;
  }
}
