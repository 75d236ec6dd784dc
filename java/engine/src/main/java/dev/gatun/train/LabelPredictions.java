package dev.gatun.train;

import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.data.TargetKind;
import dev.gatun.metric.LabelMetrics;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a model of logits says of the labels of each sequence, in the order of the data: the
 * probability of each label by itself, 1 / (1 + exp(-logit)).
 */
public final class LabelPredictions implements Evaluator.Visitor {
  /**
   * What it says about a sequence.
   *
   * @param targets of each label: 1 where it holds, 0 where it does not
   * @param probabilities that it holds
   */
  public record Prediction(List<Double> targets, List<Double> probabilities) {
    /** Copies both. */
    public Prediction {
      targets = List.copyOf(targets);
      probabilities = List.copyOf(probabilities);
    }
  }

  private final Backend backend;
  private final List<Prediction> predictions = new ArrayList<>();

  /**
   * Has seen nothing yet.
   *
   * @param model whose output is read
   */
  public LabelPredictions(Model model) {
    backend = model.backend();
  }

  @Override
  public void visit(Plan plan, Batch batch) {
    if (batch.layout().targets() != TargetKind.VALUES) {
      throw new IllegalArgumentException(
          "predictions are of numbers for each sequence, not of " + batch.layout().targets());
    }
    Tensor host = Tensor.host(DType.F32, plan.output().shape());
    try (var memory = host.memory()) {
      backend.copy(plan.output(), Tensor.of(memory, DType.F32, plan.output().shape()));
      int labels = (int) host.dim(-1);
      for (int n = 0; n < batch.size(); n++) {
        Double[] targets = new Double[labels];
        Double[] probabilities = new Double[labels];
        for (int k = 0; k < labels; k++) {
          long place = (long) n * labels + k;
          targets[k] = batch.targets().get(place);
          probabilities[k] = 1 / (1 + Math.exp(-host.get(place)));
        }
        predictions.add(new Prediction(Arrays.asList(targets), Arrays.asList(probabilities)));
      }
    }
  }

  /** One for each sequence so far. */
  public List<Prediction> list() {
    return List.copyOf(predictions);
  }

  /**
   * What they come to, a label holding from a target of 0.5.
   *
   * @param labels how many there are
   */
  public LabelMetrics metrics(int labels) {
    LabelMetrics metrics = new LabelMetrics(labels);
    for (Prediction p : predictions) {
      boolean[] holds = new boolean[p.targets.size()];
      double[] probabilities = new double[p.probabilities.size()];
      for (int k = 0; k < holds.length; k++) {
        holds[k] = p.targets.get(k) >= 0.5;
        probabilities[k] = p.probabilities.get(k);
      }
      metrics.add(holds, probabilities);
    }
    return metrics;
  }
}
