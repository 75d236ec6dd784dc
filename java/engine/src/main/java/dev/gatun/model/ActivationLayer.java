package dev.gatun.model;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.RowActivation;
import dev.gatun.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An activation of each row of features, as of a {@link Linear} layer's outputs.
 *
 * @param name the layer's name
 * @param activation its function; softmax is over the features of a row
 */
public record ActivationLayer(String name, Activation activation) implements Layer {
  /** Takes no null. */
  public ActivationLayer {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(activation, "activation");
  }

  /** A layer called {@code activation}. */
  public static ActivationLayer of(Activation activation) {
    return new ActivationLayer("activation", activation);
  }

  /** The same under another name. */
  public ActivationLayer named(String newName) {
    return new ActivationLayer(newName, activation);
  }

  @Override
  public Signal output(Signal input) {
    if (input.isTokens()) {
      throw new IllegalArgumentException(
          "activation %s takes features, not %s: put it after the embedding"
              .formatted(name, input));
    }
    return input;
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context, activation);
  }

  private static final class Planned implements LayerPlan {
    private final PlanContext context;
    private final Tensor output;
    private final @Nullable Tensor gradient;
    private final RowActivation bound;
    private final boolean passesBack;

    Planned(PlanContext context, Activation activation) {
      this.context = context;
      output = context.newOutput();
      gradient = context.newOutputGradient();
      Tensor dx = context.inputGradient();
      passesBack = dx != null && gradient != null;
      ActivationIo io =
          new ActivationIo(
              context.input(), output, passesBack ? gradient : null, passesBack ? dx : null);
      bound = context.backend().activation(activation, io);
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
      bound.forward(context.inputSignal().rows(t, n));
    }

    @Override
    public void backward(int t, int n) {
      if (passesBack) {
        bound.backward(context.inputSignal().rows(t, n));
      }
    }
  }
}
