package dev.gatun.model;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Gates;
import dev.gatun.backend.RecurrentIo.Decay;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RowActivation;
import dev.gatun.model.RecurrentLayer.Readout;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A recurrent stack whose lowest h decays (Che et al. 2018, equations 10 and 11): the last columns
 * of what comes in, ages d [T, N, A], give exponents z = max(0, W d + b) of all steps at once; the
 * stack takes the columns before them and z.
 */
final class DecayedRecurrentPlan implements LayerPlan {
  private static final String WEIGHT = "decay_weight_l0";
  private static final String BIAS = "decay_bias_l0";

  /** At first h loses a tenth in a step for each step that its inputs are older than one. */
  private static final double FIRST_RATE = 0.1;

  private final Backend backend;
  private final Tensor input;
  private final @Nullable Tensor inputGradient;
  private final Signal signal;
  private final int features;
  private final int ages;
  private final Tensor weight;
  private final Tensor bias;

  /** Null in a plan for inference. */
  private final @Nullable Tensor dWeight;

  private final @Nullable Tensor dBias;

  /** [T, N, C] and [T, N, A], what comes in, and [T, N, H], z; the gradients of all three. */
  private final Tensor x;

  private final Tensor d;
  private final Tensor z;
  private final @Nullable Tensor dx;
  private final @Nullable Tensor dd;
  private final @Nullable Tensor dz;
  private final RowActivation positive;
  private final RecurrentLayerPlan stack;

  DecayedRecurrentPlan(RecurrentSpec spec, Readout readout, int ages, PlanContext context) {
    this.ages = ages;
    backend = context.backend();
    input = context.input();
    inputGradient = context.inputGradient();
    signal = context.inputSignal();
    features = spec.inputSize();
    LayerParameters all = context.parameters();
    // By place, not by name: a stack of layers gives them names of its own.
    long weights = backend.layout(spec).size();
    int size = spec.stateSize();
    long after = weights + (long) size * ages;
    boolean trains = context.spec().trains();
    weight = all.values().view(weights, size, ages);
    bias = all.values().view(after, size);
    dWeight = trains ? all.gradients().view(weights, size, ages) : null;
    dBias = trains ? all.gradients().view(after, size) : null;
    x = reserve(context, features);
    d = reserve(context, ages);
    z = reserve(context, spec.stateSize());
    dx = inputGradient == null ? null : reserve(context, features);
    dd = inputGradient == null ? null : reserve(context, ages);
    dz = trains ? reserve(context, spec.stateSize()) : null;
    positive = backend.activation(Activation.RELU, new ActivationIo(z, z, dz, dz));
    PlanContext inner =
        new PlanContext(
            backend,
            context.workspace(),
            context.spec(),
            signal.withFeatures(features),
            context.outputSignal(),
            x,
            dx,
            context.lengths(),
            all.part(all.layer(), 0, weights),
            context.mask(),
            context.shared());
    stack = new RecurrentLayerPlan(spec, readout, inner, new Decay(z, dz));
  }

  private static Tensor reserve(PlanContext context, int width) {
    return context.workspace().real(context.spec().maxTime(), context.spec().maxBatch(), width);
  }

  /** W [H, A] and b [H]: nothing decays at first while no input is older than a step. */
  static List<ParameterSpec> parameters(int size, int ages) {
    return List.of(
        new ParameterSpec(
            WEIGHT, new long[] {size, ages}, Initializers.constant(FIRST_RATE / ages)),
        new ParameterSpec(BIAS, new long[] {size}, Initializers.constant(-FIRST_RATE)));
  }

  @Override
  public Tensor output() {
    return stack.output();
  }

  @Override
  public @Nullable Tensor outputGradient() {
    return stack.outputGradient();
  }

  @Override
  public void forward(int t, int n) {
    int rows = Math.toIntExact(signal.rows(t, n));
    backend.copyColumns(rows, input, 0, x, 0, features);
    backend.copyColumns(rows, input, features, d, 0, ages);
    backend.linear(rows, d, weight, bias, z);
    positive.forward(rows);
    stack.forward(t, n);
  }

  @Override
  public void backward(int t, int n) {
    stack.backward(t, n);
    if (dz == null || dWeight == null) {
      return;
    }
    int rows = Math.toIntExact(signal.rows(t, n));
    positive.backward(rows);
    backend.linearBackward(rows, d, weight, dz, dd, dWeight, dBias);
    if (inputGradient != null && dx != null && dd != null) {
      backend.copyColumns(rows, dx, 0, inputGradient, 0, features);
      backend.copyColumns(rows, dd, 0, inputGradient, features, ages);
    }
  }

  @Override
  public double[][] stateGradients(int t, int n, int points) {
    return stack.stateGradients(t, n, points);
  }

  @Override
  public Map<String, Tensor> state() {
    return stack.state();
  }

  @Override
  public List<Gates> gates() {
    return stack.gates();
  }

  @Override
  public void refresh() {
    stack.refresh();
  }

  @Override
  public long bytes() {
    return stack.bytes();
  }

  @Override
  public void close() {
    stack.close();
  }
}
