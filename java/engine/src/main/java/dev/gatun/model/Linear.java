package dev.gatun.model;

import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * y = x {@code weight}' + {@code bias} for each row, weight [O, K].
 *
 * @param name the layer's name
 * @param outputs O
 * @param bias whether there is one
 * @param initializer of the weight; null: PyTorch's default, uniform within 1 / sqrt(K), which is
 *     also always the bias's
 * @param tied the embedding whose table [O, K] is the weight; null: a weight of its own
 */
public record Linear(
    String name,
    int outputs,
    boolean bias,
    @Nullable Initializer initializer,
    @Nullable String tied)
    implements Layer {
  /** Checks the width. */
  public Linear {
    Objects.requireNonNull(name, "name");
    if (outputs < 1) {
      throw new IllegalArgumentException(
          "linear %s: %d outputs; there must be at least 1".formatted(name, outputs));
    }
    if (tied != null && initializer != null) {
      throw new IllegalArgumentException(
          "linear %s: its weight is that of %s, which has initial values".formatted(name, tied));
    }
  }

  /** A linear layer called {@code linear} with a bias. */
  public static Linear of(int outputs) {
    return new Linear("linear", outputs, true, null, null);
  }

  /** The same under another name. */
  public Linear named(String newName) {
    return new Linear(newName, outputs, bias, initializer, tied);
  }

  /** The same without a bias. */
  public Linear withoutBias() {
    return new Linear(name, outputs, false, initializer, tied);
  }

  /** The same with other initial weights. */
  public Linear initialized(Initializer other) {
    return new Linear(name, outputs, bias, other, tied);
  }

  /**
   * The same with an embedding's table for its weight: one row per output, as wide as what comes
   * in.
   *
   * @param embedding the name of a layer before this one
   */
  public Linear tiedTo(String embedding) {
    return new Linear(name, outputs, bias, null, Objects.requireNonNull(embedding, "embedding"));
  }

  @Override
  public Signal output(Signal input) {
    if (input.isTokens()) {
      throw new IllegalArgumentException(
          "linear %s takes features, not %s: put an embedding before it".formatted(name, input));
    }
    return input.withFeatures(outputs);
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    Initializer byFan = Initializers.uniform(1 / Math.sqrt(input.width()));
    List<ParameterSpec> specs = new ArrayList<>();
    if (tied == null) {
      specs.add(
          new ParameterSpec(
              "weight",
              new long[] {outputs, input.width()},
              Objects.requireNonNullElse(initializer, byFan)));
    }
    if (bias) {
      specs.add(new ParameterSpec("bias", new long[] {outputs}, byFan));
    }
    return specs;
  }

  @Override
  public void check(Signal input, List<ModelSpec.Stage> before) {
    if (tied == null) {
      return;
    }
    for (ModelSpec.Stage stage : before) {
      if (stage.layer() instanceof Embedding embedding && embedding.name().equals(tied)) {
        if (stage.input().width() != outputs || embedding.size() != input.width()) {
          throw new IllegalArgumentException(
              ("linear %s: tied to %s, a table of %d rows of %d, and needs %d of %d: give it as many"
                      + " outputs as there are tokens, and the layer before it the embedding's width")
                  .formatted(
                      name, tied, stage.input().width(), embedding.size(), outputs, input.width()));
        }
        return;
      }
    }
    throw new IllegalArgumentException(
        "linear %s: tied to %s, and no embedding before it is called that".formatted(name, tied));
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context, this);
  }

  private static final class Planned implements LayerPlan {
    private final PlanContext context;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final Tensor output;
    private final @Nullable Tensor gradient;

    Planned(PlanContext context, Linear layer) {
      this.context = context;
      weight =
          layer.tied == null
              ? context.parameters().get("weight")
              : context.parameters().of(layer.tied).get("weight");
      bias = layer.bias ? context.parameters().get("bias") : null;
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
      Tensor b = bias == null ? null : bias.value();
      context.backend().linear(rows, context.input(), weight.value(), b, output);
    }

    @Override
    public void backward(int t, int n) {
      context
          .backend()
          .linearBackward(
              context.inputSignal().rows(t, n),
              context.input(),
              weight.value(),
              Objects.requireNonNull(gradient),
              context.inputGradient(),
              weight.gradient(),
              bias == null ? null : bias.gradient());
    }
  }
}
