package dev.gatun.model;

import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormalization;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Normalises each feature over the valid positions (t, n) of a batch, then scales and shifts it
 * (Ioffe and Szegedy 2015): y = {@code weight} (x - mean) / sqrt(variance + epsilon) + {@code
 * bias}, 0 on padding. In a plan for training the statistics are the batch's own, its variance
 * divided by the positions; running ones, which plans for inference use, follow them with PyTorch's
 * meaning of momentum and a variance divided by one less. They are saved with the model as {@code
 * running_mean} and {@code running_var}. A batch of one valid position, or one that is not finite,
 * leaves them as they are.
 *
 * @param name the layer's name
 * @param epsilon added to a variance
 * @param momentum how far running statistics move towards a batch's, 0 to 1
 */
public record BatchNorm(String name, double epsilon, double momentum) implements Layer {
  /** Checks the name; the numbers are checked where they are planned. */
  public BatchNorm {
    Objects.requireNonNull(name, "name");
    if (!(epsilon > 0 && epsilon < 1) || !(momentum >= 0 && momentum <= 1)) {
      throw new IllegalArgumentException(
          "batch norm %s: epsilon %s must be above 0 and below 1, momentum %s from 0 to 1"
              .formatted(name, epsilon, momentum));
    }
  }

  /** With PyTorch's epsilon 1e-5 and momentum 0.1, called {@code norm}. */
  public static BatchNorm of() {
    return new BatchNorm("norm", 1e-5, 0.1);
  }

  /** The same under another name. */
  public BatchNorm named(String newName) {
    return new BatchNorm(newName, epsilon, momentum);
  }

  /** The same with another momentum. */
  public BatchNorm momentum(double share) {
    return new BatchNorm(name, epsilon, share);
  }

  /** The same with another epsilon. */
  public BatchNorm epsilon(double value) {
    return new BatchNorm(name, value, momentum);
  }

  @Override
  public Signal output(Signal input) {
    if (!input.isFeatures()) {
      throw new IllegalArgumentException(
          "batch norm %s takes features, not %s: put it after the embedding"
              .formatted(name, input));
    }
    return input;
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    long[] shape = {input.width()};
    return List.of(
        new ParameterSpec("weight", shape, Initializers.constant(1)),
        new ParameterSpec("bias", shape, Initializers.constant(0)));
  }

  @Override
  public List<ParameterSpec> statistics(Signal input) {
    long[] shape = {input.width()};
    return List.of(
        new ParameterSpec("running_mean", shape, Initializers.constant(0)),
        new ParameterSpec("running_var", shape, Initializers.constant(1)));
  }

  @Override
  public long scratchBytes(Signal input, PlanSpec plan, DType real) {
    return (long) BatchNormIo.SCRATCH_ROWS * input.width() * real.bytes();
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context, epsilon, momentum);
  }

  private static final class Planned implements LayerPlan {
    private final boolean perStep;
    private final Tensor output;
    private final @Nullable Tensor gradient;
    private final BatchNormalization bound;

    Planned(PlanContext context, double epsilon, double momentum) {
      LayerParameters own = context.parameters();
      Parameter weight = own.get("weight");
      Parameter bias = own.get("bias");
      int width = context.inputSignal().width();
      perStep = context.inputSignal().perStep();
      output = context.newOutput();
      gradient = context.newOutputGradient();
      BatchNormIo.Gradients gradients =
          gradient == null
              ? null
              : new BatchNormIo.Gradients(
                  gradient, context.inputGradient(), weight.gradient(), bias.gradient());
      bound =
          context
              .backend()
              .batchNorm(
                  epsilon,
                  momentum,
                  new BatchNormIo(
                      context.input(),
                      perStep ? context.lengths() : null,
                      weight.value(),
                      bias.value(),
                      own.get("running_mean").value(),
                      own.get("running_var").value(),
                      output,
                      context.workspace().real(BatchNormIo.SCRATCH_ROWS, width),
                      gradients));
    }

    @Override
    public Tensor output() {
      return output;
    }

    @Override
    public @Nullable Tensor outputGradient() {
      return gradient;
    }

    @Override
    public void forward(int t, int n) {
      bound.forward(perStep ? t : 1, n);
    }

    @Override
    public void backward(int t, int n) {
      bound.backward(perStep ? t : 1, n);
    }
  }
}
