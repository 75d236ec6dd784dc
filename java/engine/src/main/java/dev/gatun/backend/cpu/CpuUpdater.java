package dev.gatun.backend.cpu;

import dev.gatun.backend.AdadeltaRule;
import dev.gatun.backend.AdagradRule;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Control;
import dev.gatun.backend.LambRule;
import dev.gatun.backend.LionRule;
import dev.gatun.backend.NadamRule;
import dev.gatun.backend.RmsPropRule;
import dev.gatun.backend.SgdRule;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Optimizers;
import dev.gatun.kernels.Reductions;
import dev.gatun.kernels.Species;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.List;

/**
 * Updates in chunks that the parts give, so that no bit depends on the threads. Kernels take whole
 * vectors: what is left over of a chunk goes through a vector of its own.
 */
final class CpuUpdater implements Updater {
  private static final int LANES = Species.lanes();

  /** The most moments of a rule. */
  private static final int MOMENTS = 3;

  private final Team team;
  private final Usage usage;
  private final UpdateRule rule;
  private final UpdateTensors tensors;
  private final List<UpdatePart> parts;
  private final Passes passes;
  private final UpdateChunk[] chunks;
  private final long[] moments = new long[MOMENTS];
  private final Workspace workspace = Workspace.host(DType.F32);

  /** For each chunk a vector of p, g and each moment, for what is left over. */
  private final long rests;

  private final Team.Task updateTask = this::update;
  private final Team.Task applyTask = this::apply;

  /** LAMB's sums of squares of each chunk, of parameters and steps, and what each part goes. */
  private final double[] parameterSquares;

  private final double[] stepSquares;
  private final double[] trust;

  private float factor;
  private double rate;

  /** t, the update that goes on, from 1. */
  private double t;

  // Of rules with Adam's moments: see Optimizers.adaptive; correction is 1 - beta1^t.
  private double correction;
  private float root;
  private float fresh1;
  private float keep2;
  private float fresh2;
  private float epsilon;
  private float now;
  private float late;

  CpuUpdater(
      Team team, Usage backend, UpdateRule rule, UpdateTensors tensors, List<UpdatePart> given) {
    this.team = team;
    usage = backend;
    this.rule = rule;
    this.tensors = tensors;
    parts = rule instanceof LambRule ? List.copyOf(given) : UpdatePart.joined(given);
    chunks = UpdateChunk.of(parts);
    parameterSquares = new double[chunks.length];
    stepSquares = new double[chunks.length];
    trust = new double[parts.size()];
    for (int i = 0; i < tensors.moments().size(); i++) {
      moments[i] = tensors.moments().get(i).address();
    }
    passes = passes();
    rests = workspace.real(Math.max(1, (long) chunks.length * (2 + MOMENTS) * LANES)).address();
  }

  @Override
  public void step() {
    usage.enter();
    try {
      Tensor control = tensors.control();
      if (control.get(Control.NON_FINITE) >= 0) {
        for (UpdateChunk chunk : chunks) {
          Elementwise.fill(chunk.size(), gradients(chunk.offset()), 0f);
        }
        return;
      }
      t = control.get(Control.UPDATES);
      rate = control.get(Control.RATE);
      factor = (float) control.get(Control.FACTOR);
      prepare();
      team.run(chunks.length, updateTask);
      if (rule instanceof LambRule) {
        trust();
        team.run(chunks.length, applyTask);
      }
    } finally {
      usage.exit();
    }
  }

  private long parameters(long offset) {
    return tensors.parameters().address() + 4 * offset;
  }

  private long gradients(long offset) {
    return tensors.gradients().address() + 4 * offset;
  }

  private void update(int index) {
    UpdateChunk chunk = chunks[index];
    UpdatePart part = parts.get(chunk.part());
    if (part.row() == 0) {
      update(index, part, chunk.offset(), chunk.size());
    }
    long all = gradients(0);
    for (int to = 0; part.row() > 0 && to < chunk.size(); ) {
      int from = chunk.next(all, to, part.row(), true);
      to = chunk.next(all, from, part.row(), false);
      if (from < to) {
        update(index, part, chunk.offset() + from, to - from);
      }
    }
    if (rule instanceof LambRule) {
      parameterSquares[index] = Reductions.sumOfSquares(chunk.size(), parameters(chunk.offset()));
      stepSquares[index] = Reductions.sumOfSquares(chunk.size(), gradients(chunk.offset()));
    }
  }

  private void update(int index, UpdatePart part, long offset, int size) {
    int left = size % LANES;
    int whole = size - left;
    long at = 4 * offset;
    long vector = 4L * LANES;
    long rest = rests + (long) index * (2 + MOMENTS) * vector;
    // One call for both turns, so that a compiled method has one copy of a kernel.
    for (int turn = whole > 0 ? 0 : 1; turn < (left > 0 ? 2 : 1); turn++) {
      boolean inPlace = turn == 0;
      long p = inPlace ? parameters(offset) : rest;
      long g = inPlace ? gradients(offset) : rest + vector;
      long a = inPlace ? moments[0] + at : rest + 2 * vector;
      long b = inPlace ? moments[1] + at : rest + 3 * vector;
      long c = inPlace ? moments[2] + at : rest + 4 * vector;
      if (!inPlace) {
        copy(left, offset + whole, rest, false);
      }
      passes.run(part, inPlace ? whole : LANES, p, g, a, b, c);
      if (!inPlace) {
        copy(left, offset + whole, rest, true);
      }
    }
  }

  /** Copies what is left over into a vector each of p, g and the moments, or back. */
  private void copy(int left, long offset, long rest, boolean back) {
    for (int i = 0; i < 2 + tensors.moments().size(); i++) {
      long place =
          i == 0 ? parameters(offset) : i == 1 ? gradients(offset) : moments[i - 2] + 4 * offset;
      long vector = rest + 4L * LANES * i;
      Elementwise.copy(left, back ? vector : place, back ? place : vector);
    }
  }

  /** What depends on the update alone. */
  private void prepare() {
    switch (rule) {
      case AdamRule adam -> corrections(adam.beta1(), adam.beta2());
      case LambRule lamb -> {
        corrections(lamb.beta1(), lamb.beta2());
        epsilon = (float) lamb.epsilon();
      }
      case NadamRule nadam -> {
        corrections(nadam.beta1(), nadam.beta2());
        double product = nadam.product(t);
        double ahead = nadam.momentum(t + 1);
        epsilon = (float) nadam.epsilon();
        now = (float) ((1 - nadam.momentum(t)) / (1 - product));
        late = (float) (ahead / (1 - product * ahead));
      }
      case AdagradRule adagrad -> rate /= 1 + (t - 1) * adagrad.rateDecay();
      case AdadeltaRule _, LionRule _, RmsPropRule _, SgdRule _ -> {}
    }
  }

  private void corrections(double beta1, double beta2) {
    correction = 1 - power(beta1, t);
    root = (float) Math.sqrt(1 - power(beta2, t));
    fresh1 = (float) (1 - beta1);
    keep2 = (float) beta2;
    fresh2 = (float) (1 - beta2);
    now = 0;
    late = (float) (1 / correction);
  }

  /** A whole power by squaring: StrictMath.pow makes two arrays, Math.pow may differ in bits. */
  private static double power(double base, double exponent) {
    double result = 1;
    double square = base;
    for (long left = (long) exponent; left > 0; left >>= 1) {
      result *= (left & 1) == 1 ? square : 1;
      square *= square;
    }
    return result;
  }

  private float rate(UpdatePart part) {
    return (float) (rate * part.rate());
  }

  /** What is added to the gradient of a parameter of 1. */
  private float decay(UpdatePart part) {
    return rule.decoupled() ? 0 : (float) (rule.weightDecay() * part.decay());
  }

  private float shrink(UpdatePart part) {
    double penalty = rule.weightDecay() * part.decay();
    return rule.decoupled() ? (float) (1 - rate * part.rate() * penalty) : 1;
  }

  /**
   * The rule's passes. A method of each rule's own, and not a switch in one: where many rules are
   * in use, C2 would compile all into one (docs/decisions/0007 has its budget for vectors).
   */
  private Passes passes() {
    return switch (rule) {
      case SgdRule sgd when sgd.momentum() == 0 -> this::sgd;
      case SgdRule sgd -> (part, n, p, g, a, b, c) -> momentum(sgd, part, n, p, g, a);
      case AdamRule adam when adam.amsgrad() ->
          (part, n, p, g, a, b, c) -> amsgrad(adam, part, n, p, g, a, b, c);
      case AdamRule adam -> (part, n, p, g, a, b, c) -> adam(adam, part, n, p, g, a, b);
      case NadamRule _ ->
          (part, n, p, g, a, b, c) -> {
            adaptive(part, n, p, g, a, b);
            Optimizers.descend(n, p, g, 1, 0, rate(part), 1);
          };
      case LambRule _ -> (part, n, p, g, a, b, c) -> adaptive(part, n, p, g, a, b);
      case AdagradRule adagrad ->
          (part, n, p, g, a, b, c) -> {
            float least = (float) adagrad.epsilon();
            Optimizers.rms(n, p, g, a, factor, decay(part), 1, 1, least);
            Optimizers.descend(n, p, g, 1, 0, rate(part), 1);
          };
      case AdadeltaRule adadelta ->
          (part, n, p, g, a, b, c) -> {
            float keep = (float) adadelta.decay();
            float fresh = (float) (1 - adadelta.decay());
            float least = (float) adadelta.epsilon();
            Optimizers.adadelta(n, p, g, a, b, factor, decay(part), keep, fresh, least);
            Optimizers.descend(n, p, g, 1, 0, rate(part), 1);
          };
      case RmsPropRule rms -> (part, n, p, g, a, b, c) -> rms(rms, part, n, p, g, a, b, c);
      case LionRule lion ->
          (part, n, p, g, a, b, c) -> {
            float own = (float) (1 - lion.beta1());
            float kept = (float) (1 - lion.beta2());
            Optimizers.lion(n, p, g, a, factor, decay(part), own, kept);
            Optimizers.descend(n, p, g, 1, 0, rate(part), shrink(part));
          };
    };
  }

  /** One rule on n elements, a multiple of the lanes, with moments a, b and c. */
  private interface Passes {
    void run(UpdatePart part, int n, long p, long g, long a, long b, long c);
  }

  private void sgd(UpdatePart part, int n, long p, long g, long a, long b, long c) {
    Optimizers.descend(n, p, g, factor, decay(part), rate(part), 1);
  }

  private void momentum(SgdRule sgd, UpdatePart part, int n, long p, long g, long velocity) {
    float keep = (float) sgd.momentum();
    float own = sgd.nesterov() ? 1 : 0;
    float ahead = sgd.nesterov() ? keep : 1;
    Optimizers.momentum(n, p, g, velocity, factor, decay(part), rate(part), keep, own, ahead);
  }

  private void adam(AdamRule adam, UpdatePart part, int n, long p, long g, long m, long v) {
    Optimizers.adam(
        n,
        p,
        g,
        m,
        v,
        factor,
        decay(part),
        (float) (rate * part.rate() / correction),
        shrink(part),
        fresh1,
        keep2,
        fresh2,
        root,
        (float) adam.epsilon());
  }

  private void amsgrad(
      AdamRule adam, UpdatePart part, int n, long p, long g, long m, long v, long most) {
    Optimizers.amsgrad(
        n,
        p,
        g,
        m,
        v,
        most,
        factor,
        decay(part),
        fresh1,
        keep2,
        fresh2,
        root,
        (float) adam.epsilon(),
        late);
    Optimizers.descend(n, p, g, 1, 0, rate(part), shrink(part));
  }

  private void adaptive(UpdatePart part, int n, long p, long g, long m, long v) {
    float penalty = rule instanceof LambRule ? (float) (rule.weightDecay() * part.decay()) : 0;
    Optimizers.adaptive(
        n,
        p,
        g,
        m,
        v,
        factor,
        decay(part),
        fresh1,
        keep2,
        fresh2,
        root,
        epsilon,
        now,
        late,
        penalty);
  }

  private void rms(
      RmsPropRule rms, UpdatePart part, int n, long p, long g, long a, long b, long c) {
    float keep = (float) rms.decay();
    float fresh = (float) (1 - rms.decay());
    float epsilon = (float) rms.epsilon();
    if (rms.centered()) {
      Optimizers.centeredRms(n, p, g, a, b, factor, decay(part), keep, fresh, epsilon);
    } else {
      Optimizers.rms(n, p, g, a, factor, decay(part), keep, fresh, epsilon);
    }
    if (rms.momentum() > 0) {
      float carry = (float) rms.momentum();
      long velocity = rms.centered() ? c : b;
      Optimizers.momentum(n, p, g, velocity, 1, 0, rate(part), carry, 0, 1);
    } else {
      Optimizers.descend(n, p, g, 1, 0, rate(part), 1);
    }
  }

  /** How far each tensor goes by LAMB. */
  private void trust() {
    int chunk = 0;
    for (int part = 0; part < trust.length; part++) {
      double parameterSum = 0;
      double stepSum = 0;
      for (; chunk < chunks.length && chunks[chunk].part() == part; chunk++) {
        parameterSum += parameterSquares[chunk];
        stepSum += stepSquares[chunk];
      }
      trust[part] = parameterSum == 0 || stepSum == 0 ? 1 : Math.sqrt(parameterSum / stepSum);
    }
  }

  private void apply(int index) {
    UpdateChunk chunk = chunks[index];
    double far = rate * parts.get(chunk.part()).rate() * trust[chunk.part()];
    long g = gradients(chunk.offset());
    Elementwise.axpy(chunk.size(), (float) -far, g, parameters(chunk.offset()));
    Elementwise.fill(chunk.size(), g, 0f);
  }

  @Override
  public void close() {
    workspace.close();
  }
}
