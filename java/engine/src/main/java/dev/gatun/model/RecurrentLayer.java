package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.backend.WeightLayout;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A stack of recurrent layers of one kind and size; parameters have PyTorch's names. State is
 * carried from batch to batch where a batch continues the one before.
 *
 * @param name the layer's name
 * @param stack its shape; its inputSize is replaced by the width of what comes in
 * @param readout what it gives of all that
 * @param initial initial weights
 * @param ages how many of what comes in, the last ones, are ages that the lowest layer's h decays
 *     by ({@link #decayed}); 0: it does not
 */
public record RecurrentLayer(
    String name, RecurrentSpec stack, Readout readout, InitialWeights initial, int ages)
    implements Recurrence {

  /** What becomes of a stack's outputs and states. */
  public enum Readout {
    /** The output at every step. */
    STEPS,
    /** The last state h of the top layer, at each sequence's own end: both directions together. */
    LAST,
    /** The last states h of all layers, side by side: layer by layer, in it both directions. */
    LAST_OF_ALL_LAYERS
  }

  /**
   * How weights start.
   *
   * @param input of W [G*H, C]; null: PyTorch's default, uniform within 1 / sqrt(H)
   * @param recurrent of R [G*H, H]; null: likewise
   * @param bias of both biases; null: likewise
   * @param forgetBias the sum of both biases of an LSTM's forget gate (1: Jozefowicz et al. 2015);
   *     null: as the other biases
   */
  public record InitialWeights(
      @Nullable Initializer input,
      @Nullable Initializer recurrent,
      @Nullable Initializer bias,
      @Nullable Double forgetBias) {
    /** PyTorch's. */
    public static final InitialWeights DEFAULT = new InitialWeights(null, null, null, null);

    /** The same with the forget gate's bias. */
    public InitialWeights withForgetBias(double value) {
      return new InitialWeights(input, recurrent, bias, value);
    }
  }

  /** Checks that a forget bias has a gate. */
  public RecurrentLayer {
    if (initial.forgetBias != null && (stack.cell() != Cell.LSTM || !stack.bias())) {
      throw new IllegalArgumentException(
          name + ": a forget bias needs an LSTM with biases, not " + stack.cell());
    }
    if (ages < 0) {
      throw new IllegalArgumentException("%s: %d ages; 0 or more".formatted(name, ages));
    }
    if (ages > 0 && stack.bidirectional()) {
      throw new IllegalArgumentException(
          name + ": states that decay with the time since an input was seen run in one direction");
    }
  }

  /** Whose states do not decay. */
  public RecurrentLayer(String name, RecurrentSpec stack, Readout readout, InitialWeights initial) {
    this(name, stack, readout, initial, 0);
  }

  /** One layer, output at every step. */
  public static RecurrentLayer of(String name, Cell cell, int hiddenSize) {
    RecurrentSpec stack = RecurrentSpec.of(cell, 1, hiddenSize);
    return new RecurrentLayer(name, stack, Readout.STEPS, InitialWeights.DEFAULT);
  }

  /** An LSTM layer called {@code lstm}. */
  public static RecurrentLayer lstm(int hiddenSize) {
    return of("lstm", Cell.LSTM, hiddenSize);
  }

  /** A GRU layer called {@code gru}, reset after. */
  public static RecurrentLayer gru(int hiddenSize) {
    return of("gru", Cell.GRU, hiddenSize);
  }

  /** A simple layer called {@code rnn}, tanh. */
  public static RecurrentLayer tanh(int hiddenSize) {
    return of("rnn", Cell.TANH, hiddenSize);
  }

  /** The same under another name. */
  @Override
  public RecurrentLayer named(String newName) {
    return new RecurrentLayer(newName, stack, readout, initial, ages);
  }

  /** The same with that many layers and dropout between them. */
  public RecurrentLayer stacked(int layers, double dropout) {
    return new RecurrentLayer(name, stack.stacked(layers, dropout), readout, initial, ages);
  }

  /** The same in both directions. */
  @Override
  public RecurrentLayer bothDirections() {
    return new RecurrentLayer(name, stack.bothDirections(), readout, initial, ages);
  }

  /** The same with h projected to {@code size} (LSTM). */
  public RecurrentLayer projected(int size) {
    return new RecurrentLayer(name, stack.projected(size), readout, initial, ages);
  }

  /** The same without biases. */
  public RecurrentLayer withoutBias() {
    return new RecurrentLayer(name, stack.withoutBias(), readout, initial, ages);
  }

  /** The same with regularised cells; masks in training only. */
  public RecurrentLayer regularized(Regularization how) {
    return new RecurrentLayer(name, stack.regularized(how), readout, initial, ages);
  }

  /** The same with layer normalisation inside the cells (LSTM, GRU). */
  public RecurrentLayer layerNorm() {
    return regularized(stack.regularization().withLayerNorm(true));
  }

  /**
   * The same with zoneout.
   *
   * @param cell the rate of c, 0 for cells without one
   * @param hidden the rate of h
   */
  public RecurrentLayer zoneout(double cell, double hidden) {
    return regularized(stack.regularization().withZoneout(cell, hidden));
  }

  /**
   * The same with one dropout mask for all steps of a sequence.
   *
   * @param input the rate for the input of each layer
   * @param hidden the rate for the h that the recurrent weights see
   */
  public RecurrentLayer variationalDropout(double input, double hidden) {
    return regularized(stack.regularization().withVariational(input, hidden));
  }

  /** The same with dropout of the candidate in each step (LSTM, GRU). */
  public RecurrentLayer recurrentDropout(double rate) {
    return regularized(stack.regularization().withRecurrentDropout(rate));
  }

  /** The same with recurrent weights dropped for a whole batch. */
  public RecurrentLayer dropConnect(double rate) {
    return regularized(stack.regularization().withDropConnect(rate));
  }

  /** The same whose gates see c (LSTM). */
  public RecurrentLayer peephole() {
    return with(stack.options().withPeephole(true));
  }

  /**
   * The same with c limited to {@code limit} in absolute value, whose gradient is 0 where it is
   * limited (LSTM).
   */
  public RecurrentLayer cellClip(double limit) {
    return with(stack.options().withClip(limit));
  }

  /** The same with other options of the cells. */
  public RecurrentLayer with(CellOptions options) {
    return new RecurrentLayer(name, stack.with(options), readout, initial, ages);
  }

  /** The same giving the last state only. */
  @Override
  public RecurrentLayer lastState() {
    return new RecurrentLayer(name, stack, Readout.LAST, initial, ages);
  }

  /** The same giving the last states of all its layers side by side, [N, L*D*(P or H)]. */
  public RecurrentLayer lastStates() {
    return new RecurrentLayer(name, stack, Readout.LAST_OF_ALL_LAYERS, initial, ages);
  }

  /**
   * The same whose lowest layer's h decays before each step to exp(-max(0, W d + b)) h, with d the
   * last {@code inputs} of what comes in, which nothing else sees (Che et al. 2018, equations 10
   * and 11). In one direction only.
   */
  public RecurrentLayer decayed(int inputs) {
    return new RecurrentLayer(name, stack, readout, initial, inputs);
  }

  /** Whether it gives one row for each sequence, not one for each step. */
  @Override
  public boolean lastOnly() {
    return readout != Readout.STEPS;
  }

  @Override
  public List<RecurrentSpec> stacks() {
    return List.of(stack);
  }

  /** The same with other initial weights. */
  public RecurrentLayer initialized(InitialWeights other) {
    return new RecurrentLayer(name, stack, readout, other, ages);
  }

  /** The stack for an input. */
  RecurrentSpec spec(Signal input) {
    return stack.withInput(input.width() - ages);
  }

  @Override
  public Signal output(Signal input) {
    if (input.isTokens()) {
      throw new IllegalArgumentException(
          "%s takes features, not %s: put an embedding before it".formatted(name, input));
    }
    if (!input.perStep()) {
      throw new IllegalArgumentException(
          "%s takes one row per step, not %s: the layer before gives its last state only"
              .formatted(name, input));
    }
    if (input.width() <= ages) {
      throw new IllegalArgumentException(
          "%s takes %d ages and at least one feature before them, not %s"
              .formatted(name, ages, input));
    }
    return switch (readout) {
      case STEPS -> input.withFeatures(stack.outputSize());
      case LAST -> input.withFeatures(stack.outputSize()).perSequence();
      case LAST_OF_ALL_LAYERS ->
          input.withFeatures(stack.layers() * stack.outputSize()).perSequence();
    };
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    List<ParameterSpec> specs = new ArrayList<>();
    for (RecurrentSpec.WeightView view : spec(input).weights()) {
      specs.add(new ParameterSpec(view.name(), view.shape(), initializer(view.weight())));
    }
    if (ages > 0) {
      specs.addAll(DecayedRecurrentPlan.parameters(stack.stateSize(), ages));
    }
    return specs;
  }

  @Override
  public ParameterLayout layout(Signal input, Backend backend) {
    WeightLayout layout = backend.layout(spec(input));
    List<Long> offsets = new ArrayList<>();
    layout.weights().forEach(view -> offsets.add(view.offset()));
    long end = layout.size();
    if (ages > 0) {
      for (ParameterSpec spec : DecayedRecurrentPlan.parameters(stack.stateSize(), ages)) {
        offsets.add(end);
        end += spec.size();
      }
    }
    return new ParameterLayout(offsets, end, layout.alignment());
  }

  private Initializer initializer(RecurrentSpec.Weight weight) {
    Initializer byDefault = Initializers.uniform(1 / Math.sqrt(stack.hiddenSize()));
    return switch (weight) {
      case INPUT -> Objects.requireNonNullElse(initial.input, byDefault);
      case RECURRENT -> Objects.requireNonNullElse(initial.recurrent, byDefault);
      case PROJECTION, PEEPHOLE -> byDefault;
      case INPUT_NORM, RECURRENT_NORM, CELL_NORM -> Initializers.constant(1);
      case CELL_NORM_BIAS -> Initializers.constant(0);
      case INPUT_BIAS, RECURRENT_BIAS -> {
        Initializer all = Objects.requireNonNullElse(initial.bias, byDefault);
        // One bias holds the whole value and the other none: their sum is what the gate sees.
        yield initial.forgetBias == null
            ? all
            : withForget(all, weight == RecurrentSpec.Weight.INPUT_BIAS ? initial.forgetBias : 0);
      }
    };
  }

  private Initializer withForget(Initializer all, double value) {
    int hidden = stack.hiddenSize();
    return (values, random) -> {
      all.fill(values, random);
      // Gates i, f, g, o: the second block of H.
      Initializers.constant(value).fill(values.view(hidden, hidden), random);
    };
  }

  @Override
  public boolean streams() {
    return !stack.bidirectional();
  }

  @Override
  public long scratchBytes(Signal input, PlanSpec plan, DType real) {
    RecurrentSpec spec = spec(input);
    long perDirection = (long) plan.maxTime() * plan.maxBatch() * spec.gateRows();
    if (plan.trains()) {
      // Saved gates, gradients of the gates, saved c and h.
      perDirection *= 2;
      perDirection += 2L * plan.maxTime() * plan.maxBatch() * spec.hiddenSize();
      if (spec.regularization().layerNorm()) {
        // Both products normalised, in place of the gradients of the gates.
        perDirection += (long) plan.maxTime() * plan.maxBatch() * spec.gateRows();
      }
    }
    long stackElements = perDirection * spec.directions() * (plan.trains() ? spec.layers() : 1);
    long between = (long) plan.maxTime() * plan.maxBatch() * spec.outputSize();
    if (ages > 0) {
      // Features and ages apart, exponents; in training the gradients of all, and what is left of
      // h.
      long rows = (long) plan.maxTime() * plan.maxBatch();
      long columns = (long) input.width() + spec.stateSize();
      between += rows * (plan.trains() ? 2 * columns + spec.stateSize() : columns);
    }
    long packedWeights = spec.weightCount() * (plan.trains() ? 2 : 1);
    return (stackElements + between * spec.layers() + packedWeights) * real.bytes();
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    RecurrentSpec spec = spec(context.inputSignal());
    return ages > 0
        ? new DecayedRecurrentPlan(spec, readout, ages, context)
        : new RecurrentLayerPlan(spec, readout, context, null);
  }

  /** The zero state shaped for a plan: h [L*D, N, P or H], and c for an LSTM. */
  static RecurrentIo.State state(RecurrentSpec spec, PlanContext context) {
    long rows = (long) spec.layers() * spec.directions();
    int n = context.spec().maxBatch();
    Tensor h = context.workspace().real(rows, n, spec.stateSize());
    Tensor c =
        spec.cell().hasCellState() ? context.workspace().real(rows, n, spec.hiddenSize()) : null;
    return new RecurrentIo.State(h, c);
  }
}
