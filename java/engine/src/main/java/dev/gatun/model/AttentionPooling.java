package dev.gatun.model;

import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One row for each sequence: the sum of its valid steps x [C], weighted by how they answer a query
 * that is learned. The weights of steps are the softmax of their scores, {@code query·tanh(weight x
 * + bias)} (additive, as Bahdanau et al. 2015 and Yang et al. 2016) or {@code query·x / sqrt(C)}
 * (dot product). Features [T, N, C] to [N, C]; a sequence without a step gives zeros. What it gave
 * the steps is {@link Plan#observed} as {@code weights} [1, N, T].
 *
 * @param name the layer's name
 * @param score of a step
 * @param size A, the width of what an additive score looks at; 0 for dot products
 */
public record AttentionPooling(String name, Score score, int size) implements Layer {
  /** Checks the size. */
  public AttentionPooling {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(score, "score");
    if (score == Score.ADDITIVE ? size < 1 : size != 0) {
      throw new IllegalArgumentException(
          "attention %s: size %d; an additive score needs at least 1, a dot product takes 0"
              .formatted(name, size));
    }
  }

  /**
   * With an additive score, called {@code attention}.
   *
   * @param size A
   */
  public static AttentionPooling additive(int size) {
    return new AttentionPooling("attention", Score.ADDITIVE, size);
  }

  /** With dot products, called {@code attention}. */
  public static AttentionPooling dot() {
    return new AttentionPooling("attention", Score.DOT, 0);
  }

  /** The same under another name. */
  public AttentionPooling named(String newName) {
    return new AttentionPooling(newName, score, size);
  }

  @Override
  public Signal output(Signal input) {
    return Pooling.pooled("attention " + name, input);
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    int width = input.width();
    if (score == Score.DOT) {
      Initializer initial = Initializers.uniform(1 / Math.sqrt(width));
      return List.of(new ParameterSpec("query", new long[] {width}, initial));
    }
    Initializer byFan = Initializers.uniform(1 / Math.sqrt(width));
    return List.of(
        new ParameterSpec("weight", new long[] {size, width}, byFan),
        new ParameterSpec("bias", new long[] {size}, byFan),
        new ParameterSpec("query", new long[] {size}, Initializers.uniform(1 / Math.sqrt(size))));
  }

  /** False: a piece of a sequence is not all of it. */
  @Override
  public boolean streams() {
    return false;
  }

  @Override
  public long scratchBytes(Signal input, PlanSpec plan, DType real) {
    long rows = (long) plan.maxTime() * plan.maxBatch();
    long each = 1 + size + (plan.trains() ? size + 2L * input.width() : 0);
    return rows * each * real.bytes();
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context, score, size);
  }

  private static final class Planned implements LayerPlan {
    private final Backend backend;
    private final PlanContext context;
    private final @Nullable Parameter weight;
    private final @Nullable Parameter bias;
    private final Tensor keys;
    private final @Nullable Tensor dKeys;
    private final @Nullable Tensor dx;

    /** The input's gradient by way of the keys; values add theirs. */
    private final @Nullable Tensor throughKeys;

    private final Tensor weights;
    private final Tensor output;
    private final @Nullable Tensor gradient;
    private final Attention attention;

    Planned(PlanContext context, Score score, int size) {
      this.context = context;
      backend = context.backend();
      boolean additive = score == Score.ADDITIVE;
      LayerParameters own = context.parameters();
      weight = additive ? own.get("weight") : null;
      bias = additive ? own.get("bias") : null;
      Parameter query = own.get("query");
      int t = context.spec().maxTime();
      int n = context.spec().maxBatch();
      int width = context.inputSignal().width();
      boolean trains = context.spec().trains();
      dx = context.inputGradient();
      keys = additive ? context.workspace().real(t, n, size) : context.input();
      int keyWidth = additive ? size : width;
      dKeys = trains && (additive || dx != null) ? context.workspace().real(t, n, keyWidth) : null;
      throughKeys = additive && dx != null ? context.workspace().real(t, n, width) : dKeys;
      weights = context.workspace().real(1, n, t);
      output = context.newOutput();
      gradient = context.newOutputGradient();
      AttentionIo.Gradients gradients =
          gradient == null
              ? null
              : new AttentionIo.Gradients(gradient, null, dKeys, dx, query.gradient());
      double scale = additive ? 1 : 1 / Math.sqrt(width);
      attention =
          backend.attention(
              AttentionSpec.pooling(score, scale, t, n),
              new AttentionIo(
                  null,
                  keys,
                  context.input(),
                  context.lengths(),
                  query.value(),
                  weights,
                  output,
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
      if (weight != null && bias != null) {
        backend.linear(t * n, context.input(), weight.value(), bias.value(), keys);
      }
      attention.forward(1, t, n);
    }

    @Override
    public void backward(int t, int n) {
      attention.backward(1, t, n);
      int rows = t * n;
      if (weight != null && bias != null) {
        backend.linearBackward(
            rows,
            context.input(),
            weight.value(),
            Objects.requireNonNull(dKeys),
            dx == null ? null : throughKeys,
            weight.gradient(),
            bias.gradient());
      }
      if (dx != null && throughKeys != null) {
        backend.addColumns(rows, throughKeys, 0, dx, 0, context.inputSignal().width());
      }
    }

    @Override
    public Map<String, Tensor> observed() {
      return Map.of("weights", weights);
    }

    @Override
    public long bytes() {
      return attention.bytes();
    }

    @Override
    public void close() {
      attention.close();
    }
  }
}
