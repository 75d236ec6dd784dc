package dev.gatun.model;

import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Looks up a row of {@code weight} [V, E] for each token.
 *
 * @param name the layer's name
 * @param size E, the width of a row
 * @param initializer of the table
 */
public record Embedding(String name, int size, Initializer initializer) implements Layer {
  /** Checks the width. */
  public Embedding {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(initializer, "initializer");
    if (size < 1) {
      throw new IllegalArgumentException(
          "embedding %s: rows of %d; they must be of at least 1".formatted(name, size));
    }
  }

  /** An embedding called {@code embedding} with PyTorch's initial values, normal(0, 1). */
  public static Embedding of(int size) {
    return new Embedding("embedding", size, Initializers.normal(0, 1));
  }

  /** The same under another name. */
  public Embedding named(String newName) {
    return new Embedding(newName, size, initializer);
  }

  /** The same with other initial values. */
  public Embedding initialized(Initializer other) {
    return new Embedding(name, size, other);
  }

  @Override
  public Signal output(Signal input) {
    if (!input.isTokens()) {
      throw new IllegalArgumentException(
          "embedding %s takes tokens, not %s".formatted(name, input));
    }
    return input.withFeatures(size);
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    return List.of(new ParameterSpec("weight", new long[] {input.width(), size}, initializer));
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
    private final @Nullable Tensor tableGradient;

    Planned(PlanContext context) {
      this.context = context;
      Parameter weight = context.parameters().get("weight");
      table = weight.value();
      output = context.newOutput();
      gradient = context.newOutputGradient();
      tableGradient = context.spec().trains() ? weight.gradient() : null;
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

    @Override
    public void backward(int t, int n) {
      int rows = context.inputSignal().rows(t, n);
      context
          .backend()
          .embeddingBackward(
              rows,
              context.input(),
              Objects.requireNonNull(gradient),
              Objects.requireNonNull(tableGradient));
    }
  }
}
