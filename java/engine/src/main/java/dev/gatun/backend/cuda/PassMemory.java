package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.Regularization;
import dev.gatun.backend.Regularization.Mask;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one layer and direction keeps on the device, as addresses that are 0 where it is not needed.
 * Names and shapes are those of {@code Pass} in cells.cuh.
 */
final class PassMemory {
  /** States in inference: those before a step and those after it take turns. */
  private static final int TURNS = 2;

  /**
   * What a pass reads and writes of the layers beside it.
   *
   * @param x [t, n, C], the layer's input, masked
   * @param y [t, n, D*(P or H)], the layer's output
   * @param dy dL/dy, or 0
   * @param dx dL/dx, or 0
   */
  record Io(long x, long y, long dy, long dx) {}

  final CellPlan plan;
  final int layer;
  final int direction;
  final Io io;

  /** The addresses of the weights and of their gradients, by kind; read in every step. */
  private final Map<Weight, Long> weights = new EnumMap<>(Weight.class);

  private final Map<Weight, Long> gradients = new EnumMap<>(Weight.class);

  /** W x, and R h of all steps or of one; normalised with layer normalisation. */
  final long a;

  final long u;
  final long h;
  final long c;
  final long hSeen;
  final long kept;
  final long inner;
  final long squashed;
  final long cellNew;
  final long cellHat;
  final long da;

  /** What layer normalisation divides by: [rows] of a, u and c. */
  final long inputInverses;

  final long recurrentInverses;
  final long cellInverses;

  /** The recurrent weights that the cells see. */
  final long recurrent;

  /** The same, and those of the projection, as the products of a step read them. */
  final long stepRecurrent;

  final long stepProjection;

  /** Reserves it. */
  PassMemory(CellPlan plan, int layer, int direction, Io io) {
    this.plan = plan;
    this.layer = layer;
    this.direction = direction;
    this.io = io;
    for (Weight weight : Weight.values()) {
      weights.put(weight, plan.weight(weight, layer, direction));
      gradients.put(weight, plan.gradient(weight, layer, direction));
    }
    RecurrentSpec spec = plan.spec;
    boolean training = plan.training;
    boolean normed = spec.regularization().layerNorm();
    boolean lstm = spec.cell() == Cell.LSTM;
    boolean gru = spec.cell() == Cell.GRU;
    boolean resetBefore = spec.cell() == Cell.GRU_RESET_BEFORE;
    long rows = training ? plan.maxRows : plan.maxBatch;
    long states = plan.maxBatch * (training ? plan.maxTime + 1L : TURNS);
    int size = spec.hiddenSize();
    int gateRows = spec.gateRows();
    boolean keepsShares = training && normed;
    a = keepsShares ? plan.reals(true, rows, gateRows) : plan.input;
    u = keepsShares ? plan.reals(true, rows, gateRows) : plan.recurrent;
    h = plan.reals(true, states, spec.stateSize());
    c = plan.reals(lstm, states, size);
    hSeen = plan.reals(plan.masksState(), states, spec.stateSize());
    kept = plan.reals(training || resetBefore || (lstm && normed), rows, gateRows);
    boolean projected = spec.projectionSize() > 0;
    inner = plan.reals(resetBefore || projected || (gru && training), rows, size);
    squashed = plan.reals(lstm && training, rows, size);
    boolean optional = !spec.options().equals(CellOptions.NONE);
    boolean zones = spec.regularization().zoneoutCell() > 0;
    cellNew = plan.reals(lstm && training && optional && zones, rows, size);
    cellHat = plan.reals(lstm && normed, rows, size);
    inputInverses = plan.reals(keepsShares, rows, 1);
    recurrentInverses = plan.reals(keepsShares, rows, 1);
    cellInverses = plan.reals(keepsShares && lstm, rows, 1);
    // Where order and values of both gradients are the same, one is enough.
    da = direction == 0 && !gru && !normed ? kept : plan.dInput;
    recurrent =
        plan.masksWeights()
            ? plan.reals(true, gateRows, spec.stateSize())
            : weight(Weight.RECURRENT);
    stepRecurrent = plan.forSteps(recurrent, gateRows, spec.stateSize());
    stepProjection = plan.forSteps(weight(Weight.PROJECTION), spec.stateSize(), size);
  }

  /** The address of a weight, or 0 for none. */
  long weight(Weight weight) {
    return weights.getOrDefault(weight, 0L);
  }

  /** The address of its gradient. */
  long gradient(Weight weight) {
    return gradients.getOrDefault(weight, 0L);
  }

  /** The struct of the pass. */
  PassFields fields() {
    RecurrentSpec spec = plan.spec;
    Regularization rates = spec.regularization();
    PassFields to = new PassFields();
    to.add(spec.hiddenSize()).add(spec.stateSize()).add(spec.cell().gates()).add(direction);
    to.add(spec.outputSize()).add((long) layer * spec.directions() + direction);
    to.add(plan.training).add(spec.projectionSize() > 0);
    to.add(ActivationCode.of(spec.cell().activation()));
    to.add(addressOrNull(plan.io.lengths()));
    to.add(weight(Weight.INPUT_NORM)).add(weight(Weight.INPUT_BIAS));
    to.add(weight(Weight.RECURRENT_NORM)).add(weight(Weight.RECURRENT_BIAS));
    to.add(weight(Weight.CELL_NORM)).add(weight(Weight.CELL_NORM_BIAS));
    to.add(weight(Weight.PEEPHOLE));
    to.add(Double.doubleToRawLongBits(spec.options().limit()));
    RecurrentIo.Gradients given = plan.training ? plan.io.gradients() : null;
    addState(to, plan.io.initial());
    addState(to, plan.io.last());
    addState(to, given == null ? null : given.dLast());
    addState(to, given == null ? null : given.dInitial());
    to.add(io.y).add(io.dy);
    to.add(a).add(u).add(h).add(c).add(hSeen).add(kept).add(inner).add(squashed);
    to.add(cellNew).add(cellHat);
    to.add(da).add(plan.dh).add(plan.dc).add(plan.dInner).add(plan.dOut).add(plan.dNormed);
    to.add(plan.dCell).add(plan.dSeen).add(recurrent).add(recurrentInverses).add(cellInverses);
    to.add(plan.dRecurrent);
    plan.kernels.addKey(to, layer);
    to.addMask(Mask.STATE.first(direction), rates.variationalHidden());
    to.addMask(Mask.CELL_ZONEOUT.first(direction), rates.zoneoutCell());
    to.addMask(Mask.STATE_ZONEOUT.first(direction), rates.zoneoutHidden());
    to.addMask(Mask.CANDIDATE.first(direction), rates.recurrentDropout());
    return to;
  }

  private static void addState(PassFields to, @Nullable State state) {
    to.add(addressOrNull(state == null ? null : state.h()));
    to.add(addressOrNull(state == null ? null : state.c()));
  }

  /** What R sees of h before a step, in training. */
  long seen(int n, int step) {
    return hSeen != 0 ? row(hSeen, n, step, out()) : state(h, n, step, out());
  }

  /** The states [n, width] before a step, or after the step before it. */
  long state(long states, int n, int step, int width) {
    return row(states, n, plan.training ? step : step & 1, width);
  }

  /** The rows of a step in what is saved. */
  long saved(long address, int n, int step, int width) {
    return plan.training ? row(address, n, step, width) : address;
  }

  private static long row(long address, int n, int step, int width) {
    return address + Float.BYTES * ((long) step * n * width);
  }

  private int out() {
    return plan.spec.stateSize();
  }
}
