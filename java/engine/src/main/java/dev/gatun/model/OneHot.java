package dev.gatun.model;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gives each token as V features, a one in the token's place and zeros elsewhere: categories
 * without an embedding to learn. A plan keeps the V x V rows that it looks up; for many thousands
 * of tokens an {@link Embedding} is what is wanted.
 *
 * @param name the layer's name
 */
public record OneHot(String name) implements Layer {
  /** Checks the name. */
  public OneHot {
    Objects.requireNonNull(name, "name");
  }

  /** A layer called {@code one_hot}. */
  public static OneHot of() {
    return new OneHot("one_hot");
  }

  @Override
  public Signal output(Signal input) {
    if (!input.isTokens()) {
      throw new IllegalArgumentException("one-hot %s takes tokens, not %s".formatted(name, input));
    }
    return input.withFeatures(input.width());
  }

  @Override
  public long scratchBytes(Signal input, PlanSpec plan, DType real) {
    return (long) input.width() * input.width() * real.bytes();
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context);
  }

  private static final class Planned implements LayerPlan {
    private final PlanContext context;
    private final Tensor table;
    private final Tensor output;
    private final @Nullable Tensor gradient;

    Planned(PlanContext context) {
      this.context = context;
      int v = context.inputSignal().width();
      table = context.workspace().real(v, v);
      Tensor host = Tensor.host(context.backend().real(), v, v);
      try {
        for (int row = 0; row < v; row++) {
          host.set((long) row * v + row, 1);
        }
        context.backend().copy(host, table);
      } finally {
        host.memory().close();
      }
      output = context.newOutput();
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
      int rows = context.inputSignal().rows(t, n);
      context.backend().embedding(rows, context.input(), table, output);
    }

    /** Tokens have no gradient, and there is nothing to learn. */
    @Override
    public void backward(int t, int n) {}
  }
}
