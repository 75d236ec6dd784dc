package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Measures the ways to compute a stack on tensors of its own with random numbers: nothing of the
 * user's is read or written, and no generator moves. Those that fail, or whose results are not the
 * standard way's up to rounding, are dropped.
 */
final class StackTrial implements AutoCloseable {
  private static final int LEAST_ROUNDS = 5;
  private static final int MOST_ROUNDS = 15;

  /** Of all rounds: more are made only of what is short. */
  private static final long ROUNDS_NANOS = 300_000_000L;

  /** Between two waits for the device: a wait alone takes some microseconds. */
  private static final long TURN_NANOS = 1_000_000L;

  private static final int MOST_STEPS = 16;

  private final Stacks stacks;
  private final CudaContext context;
  private final StackShape shape;
  private final Workspace memory;
  private final StackPlan plan;
  private final StackResults results;
  private final List<Turn> turns = new ArrayList<>();

  /** A way that works, planned. */
  private static final class Turn implements AutoCloseable {
    final StackMethod method;
    final Recurrent planned;
    final double[] nanos = new double[MOST_ROUNDS];
    int steps = 1;

    Turn(StackMethod method, Recurrent planned) {
      this.method = method;
      this.planned = planned;
    }

    @Override
    public void close() {
      planned.close();
    }
  }

  /**
   * Reserves the tensors and fills them.
   *
   * @param stacks of the context in which it is measured, which is at work
   * @param shape a stack of this shape
   */
  StackTrial(Stacks stacks, CudaContext context, Transfers transfers, StackShape shape) {
    this.stacks = stacks;
    this.context = context;
    this.shape = shape;
    memory = stacks.workspace();
    try {
      plan = plan();
      results = new StackResults(context, transfers, memory, plan, shape);
      results.randomize();
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
  }

  private StackPlan plan() {
    RecurrentSpec spec = shape.spec();
    if (shape.masks() == DropoutMasks.CUDNN && shape.drops()) {
      // Its generator would go on, and every call has other masks.
      spec = spec.stacked(spec.layers(), 0);
    }
    StackLayouts.Layout layout = stacks.layout(spec);
    Tensor weights = memory.real(layout.weights().size());
    long t = shape.time();
    long n = shape.batch();
    RecurrentIo.Gradients gradients =
        shape.trains()
            ? new RecurrentIo.Gradients(
                memory.real(t, n, spec.outputSize()),
                null,
                memory.real(t, n, spec.inputSize()),
                null,
                memory.real(layout.weights().size()))
            : null;
    RecurrentIo io =
        new RecurrentIo(
            memory.real(t, n, spec.inputSize()),
            null,
            null,
            memory.real(t, n, spec.outputSize()),
            state(spec),
            gradients);
    MaskKey mask = new MaskKey(1, 0, memory.tensor(DType.I64, 1));
    StackWeights read = new StackWeights(weights, layout, null);
    return new StackPlan(spec, read, io, shape.mode(), mask);
  }

  private RecurrentIo.State state(RecurrentSpec spec) {
    long rows = (long) spec.layers() * spec.directions();
    long n = shape.batch();
    return new RecurrentIo.State(
        memory.real(rows, n, spec.stateSize()),
        spec.cell().hasCellState() ? memory.real(rows, n, spec.hiddenSize()) : null);
  }

  /**
   * Measures.
   *
   * @param dropped gets what does not count, and why
   * @throws DeviceException if the standard way fails
   */
  MethodTimes run(StringBuilder dropped) {
    for (StackMethod method : shape.methods()) {
      String why = add(method);
      if (why != null) {
        dropped.append(dropped.isEmpty() ? "; not " : ", nor ").append(method.label());
        dropped.append(" (").append(why).append(')');
      }
    }
    int rounds = 0;
    long start = System.nanoTime();
    while (rounds < LEAST_ROUNDS
        || (rounds < MOST_ROUNDS && System.nanoTime() - start < ROUNDS_NANOS)) {
      for (Turn turn : turns) {
        turn.nanos[rounds] = time(turn);
      }
      rounds++;
    }
    SequencedMap<StackMethod, Double> medians = new LinkedHashMap<>();
    for (Turn turn : turns) {
      double[] nanos = Arrays.copyOf(turn.nanos, rounds);
      Arrays.sort(nanos);
      medians.put(turn.method, nanos[rounds / 2] * 1e-6);
    }
    return new MethodTimes(medians);
  }

  /** Plans and checks a way, which warms it up too; why it does not count, or null. */
  private @Nullable String add(StackMethod method) {
    boolean standard = turns.isEmpty();
    @Nullable Turn turn = null;
    try {
      turn = new Turn(method, stacks.open(plan, method, true));
      results.clear();
      step(turn.planned);
      if (standard) {
        results.keep();
      }
      @Nullable String why = standard ? null : results.difference();
      if (why == null) {
        turn.steps = Math.clamp((long) (TURN_NANOS / time(turn)), 1, MOST_STEPS);
        turns.add(turn);
      } else {
        turn.close();
      }
      return why;
    } catch (DeviceException | OutOfMemoryError e) {
      if (turn != null) {
        turn.close();
      }
      if (standard) {
        throw e;
      }
      return String.valueOf(e.getMessage());
    }
  }

  /** Nanoseconds of a step, after everything before it. */
  private double time(Turn turn) {
    context.synchronize();
    long start = System.nanoTime();
    for (int i = 0; i < turn.steps; i++) {
      step(turn.planned);
    }
    context.synchronize();
    return (System.nanoTime() - start) / (double) turn.steps;
  }

  private void step(Recurrent planned) {
    if (shape.trains()) {
      planned.refresh(); // after each update, weights that lie otherwise are copied
    }
    planned.forward(shape.time(), shape.batch());
    if (shape.trains()) {
      planned.backward();
    }
  }

  @Override
  public void close() {
    turns.forEach(Turn::close);
    memory.close();
  }
}
