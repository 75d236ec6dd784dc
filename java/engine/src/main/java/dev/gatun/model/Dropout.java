package dev.gatun.model;

import dev.gatun.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Zeroes elements at random in training and scales the others by 1 / (1 - rate); nothing in
 * inference.
 *
 * @param name the layer's name
 * @param rate the probability of zeroing an element, 0 to below 1
 */
public record Dropout(String name, double rate) implements Layer {
  /** Checks the rate. */
  public Dropout {
    Objects.requireNonNull(name, "name");
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException(
          "dropout %s: rate %s must be in [0, 1)".formatted(name, rate));
    }
  }

  /** A dropout layer called {@code dropout}. */
  public static Dropout of(double rate) {
    return new Dropout("dropout", rate);
  }

  /** The same under another name. */
  public Dropout named(String newName) {
    return new Dropout(newName, rate);
  }

  @Override
  public Signal output(Signal input) {
    if (input.isTokens()) {
      throw new IllegalArgumentException(
          "dropout %s takes features, not %s: put it after the embedding".formatted(name, input));
    }
    return input;
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context, rate);
  }

  private static final class Planned implements LayerPlan {
    private final PlanContext context;
    private final double rate;
    private final boolean active;
    private final Tensor output;
    private final @Nullable Tensor gradient;

    Planned(PlanContext context, double rate) {
      this.context = context;
      this.rate = rate;
      active = context.spec().trains() && rate > 0;
      output = active ? context.newOutput() : context.input();
      // Not in place even with rate 0: the input's gradient may be unwanted, and then has no
      // buffer.
      gradient = context.newOutputGradient();
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
      if (active) {
        context.backend().dropout(size(t, n), context.input(), output, rate, context.mask());
      }
    }

    @Override
    public void backward(int t, int n) {
      Tensor dx = context.inputGradient();
      if (dx != null) {
        Tensor dy = Objects.requireNonNull(gradient);
        context.backend().dropout(size(t, n), dy, dx, rate, context.mask());
      }
    }

    private long size(int t, int n) {
      return (long) context.inputSignal().rows(t, n) * context.inputSignal().width();
    }
  }
}
