package dev.gatun.model;

import dev.gatun.tensor.DType;
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
 * @param padding the token whose row starts at zero and gets no gradient from here; -1: none
 * @param maxNorm the largest Euclidean norm of a row: before a lookup, rows beyond are scaled to
 *     it, in the table itself where the plan trains; positive infinity: no limit
 */
public record Embedding(String name, int size, Initializer initializer, int padding, double maxNorm)
    implements Layer {
  /** Checks the width. */
  public Embedding {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(initializer, "initializer");
    if (size < 1) {
      throw new IllegalArgumentException(
          "embedding %s: rows of %d; they must be of at least 1".formatted(name, size));
    }
    if (padding < -1) {
      throw new IllegalArgumentException(
          "embedding %s: padding %d; give a token's id, or -1 for none".formatted(name, padding));
    }
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException(
          "embedding %s: largest norm %s; give more than 0".formatted(name, maxNorm));
    }
  }

  /** An embedding called {@code embedding} with PyTorch's initial values, normal(0, 1). */
  public static Embedding of(int size) {
    return new Embedding(
        "embedding", size, Initializers.normal(0, 1), -1, Double.POSITIVE_INFINITY);
  }

  /** The same under another name. */
  public Embedding named(String newName) {
    return new Embedding(newName, size, initializer, padding, maxNorm);
  }

  /** The same with other initial values. */
  public Embedding initialized(Initializer other) {
    return new Embedding(name, size, other, padding, maxNorm);
  }

  /** The same with a token that stands for nothing: PyTorch's {@code padding_idx}. */
  public Embedding padding(int token) {
    return new Embedding(name, size, initializer, token, maxNorm);
  }

  /** The same with a largest norm of rows: PyTorch's {@code max_norm}. */
  public Embedding maxNorm(double norm) {
    return new Embedding(name, size, initializer, padding, norm);
  }

  /**
   * An output layer of one logit per token whose weight is this table [V, E]: what comes in has to
   * be E wide (Press and Wolf 2017; Inan et al. 2017). Gradients of both uses add up.
   *
   * @param vocabulary V
   */
  public Linear tied(int vocabulary) {
    return Linear.of(vocabulary).tiedTo(name);
  }

  @Override
  public Signal output(Signal input) {
    if (!input.isTokens()) {
      throw new IllegalArgumentException(
          "embedding %s takes tokens, not %s".formatted(name, input));
    }
    if (padding >= input.width()) {
      throw new IllegalArgumentException(
          "embedding %s: padding %d is none of %d tokens".formatted(name, padding, input.width()));
    }
    return input.withFeatures(size);
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    return List.of(
        new ParameterSpec(
            "weight",
            new long[] {input.width(), size},
            padding < 0 ? initializer : this::initializeButPadding));
  }

  private void initializeButPadding(Tensor values, RandomStream random) {
    initializer.fill(values, random);
    Initializers.constant(0).fill(values.view((long) padding * size, size), random);
  }

  @Override
  public long scratchBytes(Signal input, PlanSpec plan, DType real) {
    long limited = Math.max(input.width(), (long) plan.maxTime() * plan.maxBatch());
    return maxNorm == Double.POSITIVE_INFINITY ? 0 : 2L * DType.I32.bytes() * limited;
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(this, context);
  }

  private static final class Planned implements LayerPlan {
    private final PlanContext context;
    private final int padding;
    private final double maxNorm;
    private final Tensor table;
    private final Tensor output;
    private final @Nullable Tensor gradient;
    private final @Nullable Tensor tableGradient;

    /** What {@code limitRows} writes to; null without a limit. */
    private final @Nullable Tensor marks;

    /** The numbers of the output's rows, for a plan that leaves the table alone; else null. */
    private final @Nullable Tensor places;

    /** The output as a matrix. */
    private final Tensor flat;

    Planned(Embedding layer, PlanContext context) {
      this.context = context;
      padding = layer.padding;
      maxNorm = layer.maxNorm;
      Parameter weight = context.parameters().get("weight");
      table = weight.value();
      output = context.newOutput();
      gradient = context.newOutputGradient();
      boolean trains = context.spec().trains();
      tableGradient = trains ? weight.gradient() : null;
      boolean limited = maxNorm < Double.POSITIVE_INFINITY;
      int rows = context.inputSignal().rows(context.spec().maxTime(), context.spec().maxBatch());
      marks = limited ? context.workspace().tensor(DType.I32, trains ? table.dim(0) : rows) : null;
      if (limited && trains) {
        context.parameters().writeInPlans();
      }
      flat = output.view(0, rows, layer.size);
      places = limited && !trains ? places(context, rows) : null;
    }

    private static Tensor places(PlanContext context, int rows) {
      Tensor places = context.workspace().tensor(DType.I32, rows);
      Tensor host = Tensor.host(DType.I32, rows);
      try {
        for (int row = 0; row < rows; row++) {
          host.setLong(row, row);
        }
        context.backend().copy(host, places);
      } finally {
        host.memory().close();
      }
      return places;
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
      if (marks != null && places == null) {
        context.backend().limitRows(rows, context.input(), maxNorm, table, marks);
      }
      context.backend().embedding(rows, context.input(), table, output);
      if (marks != null && places != null) {
        // Other threads may have the same table: what was looked up is scaled instead.
        context.backend().limitRows(rows, places, maxNorm, flat, marks);
      }
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
              Objects.requireNonNull(tableGradient),
              padding);
    }
  }
}
