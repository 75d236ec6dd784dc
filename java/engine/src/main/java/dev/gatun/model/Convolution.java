package dev.gatun.model;

import dev.gatun.backend.UnfoldIo;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.backend.UnfoldSpec.Padding;
import dev.gatun.backend.Unfolding;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A convolution over time: y_j = {@code weight} * x_(j S - left ... j S - left + K - 1) + {@code
 * bias}, weight [O, C, K] as PyTorch's {@code Conv1d}. Steps before and after a sequence's own
 * count as zeros; with a stride or without padding sequences become shorter, and what follows sees
 * them so. Features [T, N, C] to [T', N, O].
 *
 * @param name the layer's name
 * @param channels O
 * @param windows K, S and the padding
 * @param bias whether there is one
 */
public record Convolution(String name, int channels, UnfoldSpec windows, boolean bias)
    implements Layer {
  /** Checks the width. */
  public Convolution {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(windows, "windows");
    if (channels < 1) {
      throw new IllegalArgumentException(
          "convolution %s: %d channels; there must be at least 1".formatted(name, channels));
    }
  }

  /**
   * With a bias, a stride of 1 and as many steps as come in, called {@code convolution}.
   *
   * @param channels O
   * @param kernel K
   */
  public static Convolution of(int channels, int kernel) {
    UnfoldSpec windows = new UnfoldSpec(kernel, 1, Padding.SAME);
    return new Convolution("convolution", channels, windows, true);
  }

  /** The same under another name. */
  public Convolution named(String newName) {
    return new Convolution(newName, channels, windows, bias);
  }

  /** The same with every so manieth step. */
  public Convolution stride(int steps) {
    UnfoldSpec other = new UnfoldSpec(windows.kernel(), steps, windows.padding());
    return new Convolution(name, channels, other, bias);
  }

  /** The same seeing nothing that comes later. */
  public Convolution causal() {
    return padded(Padding.CAUSAL);
  }

  /** The same over whole windows only. */
  public Convolution valid() {
    return padded(Padding.VALID);
  }

  /** The same with another padding. */
  public Convolution padded(Padding padding) {
    UnfoldSpec other = new UnfoldSpec(windows.kernel(), windows.stride(), padding);
    return new Convolution(name, channels, other, bias);
  }

  /** The same without a bias. */
  public Convolution withoutBias() {
    return new Convolution(name, channels, windows, false);
  }

  @Override
  public Signal output(Signal input) {
    if (!input.isFeatures() || !input.perStep()) {
      throw new IllegalArgumentException(
          "convolution %s takes the features of every step, not %s".formatted(name, input));
    }
    return input.withFeatures(channels);
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    int kernel = windows.kernel();
    Initializer byFan = Initializers.uniform(1 / Math.sqrt((double) input.width() * kernel));
    List<ParameterSpec> specs = new ArrayList<>();
    specs.add(new ParameterSpec("weight", new long[] {channels, input.width(), kernel}, byFan));
    if (bias) {
      specs.add(new ParameterSpec("bias", new long[] {channels}, byFan));
    }
    return specs;
  }

  /** False unless it sees one step alone: what came before a piece is not kept. */
  @Override
  public boolean streams() {
    return windows.kernel() == 1 && windows.stride() == 1;
  }

  @Override
  public boolean keepsSteps() {
    return windows.stride() == 1 && (windows.kernel() == 1 || windows.padding() != Padding.VALID);
  }

  @Override
  public long scratchBytes(Signal input, PlanSpec plan, DType real) {
    long rows = (long) windows.time(plan.maxTime()) * plan.maxBatch();
    return rows * input.width() * windows.kernel() * real.bytes() * (plan.trains() ? 2 : 1);
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context, this);
  }

  private static final class Planned implements LayerPlan {
    private final PlanContext context;
    private final UnfoldSpec windows;
    private final Tensor weight;
    private final Tensor weightGradient;
    private final @Nullable Parameter bias;
    private final @Nullable Tensor lengths;
    private final Tensor columns;
    private final @Nullable Tensor dColumns;
    private final Tensor output;
    private final @Nullable Tensor gradient;
    private final Unfolding unfolding;

    Planned(PlanContext context, Convolution layer) {
      this.context = context;
      windows = layer.windows;
      int n = context.spec().maxBatch();
      int time = windows.time(context.spec().maxTime());
      int row = context.inputSignal().width() * windows.kernel();
      Parameter all = context.parameters().get("weight");
      weight = all.value().reshape(layer.channels, row);
      boolean trains = context.spec().trains();
      weightGradient = trains ? all.gradient().reshape(layer.channels, row) : weight;
      bias = layer.bias ? context.parameters().get("bias") : null;
      Tensor dx = context.inputGradient();
      columns = context.workspace().real(time, n, row);
      dColumns = trains && dx != null ? context.workspace().real(time, n, row) : null;
      lengths = context.lengths() == null ? null : context.workspace().tensor(DType.I32, n);
      output = context.workspace().real(time, n, layer.channels);
      gradient = trains ? context.workspace().real(time, n, layer.channels) : null;
      unfolding =
          context
              .backend()
              .unfold(
                  windows,
                  new UnfoldIo(
                      context.input(),
                      context.lengths(),
                      columns,
                      lengths,
                      dColumns,
                      dColumns == null ? null : dx));
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
    public int time(int t) {
      return windows.time(t);
    }

    @Override
    public @Nullable Tensor lengths(@Nullable Tensor given) {
      return lengths;
    }

    @Override
    public void forward(int t, int n) {
      unfolding.forward(t, n);
      Tensor b = bias == null ? null : bias.value();
      context.backend().linear(windows.time(t) * n, columns, weight, b, output);
    }

    @Override
    public void backward(int t, int n) {
      context
          .backend()
          .linearBackward(
              windows.time(t) * n,
              columns,
              weight,
              Objects.requireNonNull(gradient),
              dColumns,
              weightGradient,
              bias == null ? null : bias.gradient());
      if (dColumns != null) {
        unfolding.backward(t, n);
      }
    }
  }
}
