package dev.gatun.model;

import dev.gatun.backend.PoolingIo;
import dev.gatun.backend.PoolingKind;
import dev.gatun.backend.RowPooling;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One row for each sequence from those of its valid steps: features [T, N, C] to [N, C], feature by
 * feature. A sequence without a step gives zeros.
 *
 * @param name the layer's name
 * @param kind mean or largest
 */
public record Pooling(String name, PoolingKind kind) implements Layer {
  /** Takes no null. */
  public Pooling {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(kind, "kind");
  }

  /** The mean over the valid steps, called {@code pooling}. */
  public static Pooling mean() {
    return new Pooling("pooling", PoolingKind.MEAN);
  }

  /** The largest over the valid steps, called {@code pooling}. */
  public static Pooling max() {
    return new Pooling("pooling", PoolingKind.MAX);
  }

  /** The same under another name. */
  public Pooling named(String newName) {
    return new Pooling(newName, kind);
  }

  /** Checks that there is something to pool. */
  static Signal pooled(String name, Signal input) {
    if (!input.isFeatures() || !input.perStep()) {
      throw new IllegalArgumentException(
          "%s takes the features of every step, not %s".formatted(name, input));
    }
    return input.perSequence();
  }

  @Override
  public Signal output(Signal input) {
    return pooled("pooling " + name, input);
  }

  /** False: a piece of a sequence is not all of it. */
  @Override
  public boolean streams() {
    return false;
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context, kind);
  }

  private static final class Planned implements LayerPlan {
    private final Tensor output;
    private final @Nullable Tensor gradient;
    private final RowPooling bound;
    private final boolean passesBack;

    Planned(PlanContext context, PoolingKind kind) {
      output = context.newOutput();
      gradient = context.newOutputGradient();
      Tensor dx = context.inputGradient();
      passesBack = dx != null && gradient != null;
      Tensor chosen =
          kind == PoolingKind.MAX ? context.workspace().tensor(DType.I32, output.shape()) : null;
      PoolingIo io =
          new PoolingIo(
              context.input(),
              context.lengths(),
              output,
              chosen,
              passesBack ? gradient : null,
              passesBack ? dx : null);
      bound = context.backend().pooling(kind, io);
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
      bound.forward(t, n);
    }

    @Override
    public void backward(int t, int n) {
      if (passesBack) {
        bound.backward(t, n);
      }
    }
  }
}
