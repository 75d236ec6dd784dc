package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/** A loss in a plan, with the tensors it reads and the scalars it is steered by. */
final class BoundLoss {
  private final Loss loss;
  private final Signal output;
  private final Backend backend;
  private final LayerStack layers;
  private final Tensor targets;
  private final @Nullable Tensor labelLengths;
  private final Tensor weights;
  private final Tensor hostScale;
  private final Tensor scale;
  final Tensor value;
  private final Tensor hostValue;
  private final Tensor hostImpossible;
  private final LossPlan planned;
  private boolean weightsAreOnes;

  BoundLoss(
      Loss loss,
      Signal output,
      PlanSpec spec,
      Backend backend,
      Workspace workspace,
      Workspace host,
      LayerStack layers) {
    this.loss = loss;
    this.output = output;
    this.backend = backend;
    this.layers = layers;
    Signal target = loss.target(output);
    if (target.perStep() && !layers.keepsSteps()) {
      throw new IllegalArgumentException(
          "the loss has a target at every step and a layer makes steps fewer (a convolution with a"
              + " stride or without padding): take CTC or one target for each sequence");
    }
    targets =
        target.isLabels()
            ? workspace.tensor(DType.I32, spec.maxBatch(), spec.maxLabels())
            : workspace.tensor(
                target.dtype(backend.real()), target.shape(spec.maxTime(), spec.maxBatch()));
    labelLengths = target.isLabels() ? workspace.tensor(DType.I32, spec.maxBatch()) : null;
    int rows = output.rows(spec.maxTime(), spec.maxBatch());
    weights = workspace.real(rows);
    scale = workspace.tensor(DType.F64, 1);
    hostScale = host.tensor(DType.F64, 1);
    value = workspace.tensor(DType.F64, 1);
    hostValue = host.tensor(DType.F64, 1);
    hostImpossible = host.tensor(DType.I64, 1);
    planned =
        loss.plan(
            new LossContext(
                backend,
                workspace,
                output,
                layers.top().output(),
                layers.top().outputGradient(),
                targets,
                weights,
                layers.lengths(),
                labelLengths,
                scale,
                value));
  }

  Tensor targets() {
    return targets;
  }

  /** Of each sequence, where the targets are labels. */
  @Nullable Tensor labelLengths() {
    return labelLengths;
  }

  /** One per row of the output. */
  Tensor weights() {
    return weights;
  }

  double weight(Batch batch) {
    return loss.weight(batch);
  }

  /** Sets the scale for a batch whose targets and weights have been copied. */
  void prepare(Batch batch, double weight) {
    if (!(weight >= 0 && weight <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "the weight of a batch, " + weight + ", must be finite and at least 0");
    }
    // Nothing valid gives a loss and gradients of zero, not 0/0.
    hostScale.set(0, weight > 0 ? loss.scale(output, weight) : 0);
    backend.copy(hostScale, scale);
    if (batch.weights() == null && !weightsAreOnes) {
      backend.fill(weights, 1);
    }
    weightsAreOnes = batch.weights() == null;
  }

  void forward(int t, int n) {
    planned.forward(layers.time(t), n);
  }

  long impossible() {
    Tensor count = planned.impossible();
    if (count == null) {
      return 0;
    }
    backend.copy(count, hostImpossible);
    return hostImpossible.getLong(0);
  }

  double value() {
    backend.copy(value, hostValue);
    return hostValue.get(0);
  }
}
