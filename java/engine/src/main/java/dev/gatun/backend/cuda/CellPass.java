package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.Regularization.Mask;
import org.jspecify.annotations.Nullable;

/**
 * One layer and direction: W x of all steps by one product, then step by step a product with R and
 * the cell's kernels; backward likewise, and the gradients of the weights by one product each.
 * Equations: docs/equations.md; what the kernels do with it: cells.cuh.
 */
abstract class CellPass {
  /** The source of what all passes share, and of the simple cells. */
  private static final String SHARED = "cells.cu";

  final PassMemory memory;
  final CellPlan plan;
  final CellKernels kernels;
  final Products products;

  /** With weights of {@code memory.stepRecurrent} and {@code memory.stepProjection}. */
  final Products steps;

  /** H, P or H, G*H. */
  final int size;

  final int out;
  final int gateRows;
  private final int inputSize;
  private final boolean normed;
  private final CellKernels.Normalized inputNorm;
  private final CellKernels.Normalized recurrentNorm;
  private final String source;
  private final PassFields fields;
  private final KernelCall beginForward;
  private final KernelCall endForward;
  private final @Nullable KernelCall beginBackward;
  private final @Nullable KernelCall endBackward;
  private final @Nullable KernelCall addSeen;
  private final @Nullable PersistentPass persistent;
  private final @Nullable KernelCall fade;
  private final @Nullable KernelCall fadeBackward;

  /**
   * Reserves and compiles.
   *
   * @param source the file of the cell's own kernels
   */
  CellPass(PassMemory memory, String source) {
    this.memory = memory;
    this.source = source;
    plan = memory.plan;
    kernels = plan.kernels;
    products = plan.products;
    steps = plan.stepProducts;
    RecurrentSpec spec = plan.spec;
    size = spec.hiddenSize();
    out = spec.stateSize();
    gateRows = spec.gateRows();
    inputSize = spec.inputSize(memory.layer);
    normed = spec.regularization().layerNorm();
    long inputGain = weight(Weight.INPUT_NORM);
    inputNorm = new CellKernels.Normalized(memory.a, memory.inputInverses, inputGain);
    long recurrentGain = weight(Weight.RECURRENT_NORM);
    recurrentNorm = new CellKernels.Normalized(memory.u, memory.recurrentInverses, recurrentGain);
    fields = memory.fields();
    beginForward = kernels.cell(SHARED, fields, "beginForward", 1);
    endForward = kernels.cell(SHARED, fields, "endForward", 2);
    beginBackward = plan.training ? kernels.cell(SHARED, fields, "beginBackward", 1) : null;
    endBackward = plan.training ? kernels.cell(SHARED, fields, "endBackward", 1) : null;
    RecurrentIo.Decay decay = memory.layer == 0 ? plan.io.decay() : null;
    fade = decay == null ? null : kernels.cell(SHARED, fields, "fadeState", 4);
    fadeBackward =
        decay == null || !plan.training
            ? null
            : kernels.cell(SHARED, fields, "fadeStateBackward", 5);
    if (decay != null && fade != null) {
      fade.set(4, address(decay.exponents()));
    }
    if (decay != null && fadeBackward != null) {
      fadeBackward.set(4, address(decay.exponents())).set(5, addressOrNull(decay.gradient()));
    }
    persistent =
        plan.persistent == null ? null : new PersistentPass(memory, plan.persistent, fields);
    addSeen = plan.masksState() ? kernels.cell(SHARED, fields, "addSeen", 1) : null;
  }

  static CellPass of(PassMemory memory) {
    return switch (memory.plan.spec.cell()) {
      case LSTM -> new LstmCellPass(memory);
      case GRU_RESET_BEFORE -> new ResetBeforeCellPass(memory);
      case GRU -> new PlainCellPass(memory, "gru.cu", "gruForward", "gruBackward");
      case TANH, RELU, SIGMOID, LEAKY_RELU, ELU, IDENTITY ->
          new PlainCellPass(memory, SHARED, "simpleForward", "simpleBackward");
      case SOFTMAX -> new PlainCellPass(memory, SHARED, "softmaxForward", "softmaxBackward");
    };
  }

  /** A kernel of a step, of arguments t, n and step. */
  final KernelCall stepKernel(String name) {
    return kernels.cell(source, fields, name, 3);
  }

  /** Runs one over the units of all sequences. */
  static void run(@Nullable KernelCall kernel, int t, int n, int step, int width) {
    if (kernel == null) {
      throw new IllegalStateException("this pass has no such step");
    }
    kernel.set(1, t).set(2, n).set(3, step).run((long) n * width);
  }

  /** One step of n sequences. */
  abstract void step(int t, int n, int step);

  /** Its back-propagation: kept becomes dL/du, dh the gradient of the h before it. */
  abstract void stepBack(int t, int n, int step);

  final void forward(int t, int n) {
    int rows = t * n;
    products.forward(rows, gateRows, inputSize, memory.io.x(), weight(Weight.INPUT), memory.a);
    if (normed) {
      kernels.normalize(rows, gateRows, memory.a, memory.inputInverses);
    }
    if (plan.masksWeights()) {
      maskWeights(weight(Weight.RECURRENT), memory.recurrent, false);
    }
    steps.roundWeights(gateRows, out, memory.recurrent, memory.stepRecurrent);
    if (memory.stepProjection != 0) {
      steps.roundWeights(out, size, weight(Weight.PROJECTION), memory.stepProjection);
    }
    if (persistent != null) {
      persistent.forward(t, n);
    } else {
      steps(t, n);
    }
  }

  private void steps(int t, int n) {
    beginForward.set(1, n).run((long) n * size);
    for (int step = 0; step < t; step++) {
      if (fade != null) {
        run(fade, t, n, step, out);
      }
      step(t, n, step);
    }
    endForward.set(1, t).set(2, n).run((long) n * size);
  }

  private void maskWeights(long from, long to, boolean add) {
    kernels.maskWeights(
        (long) gateRows * out,
        from,
        to,
        add,
        plan.spec.regularization().dropConnect(),
        Mask.CONNECTION.first(memory.direction),
        memory.layer);
  }

  /** R h of a step. */
  final void recurrentShare(int n, int step) {
    long u = normed ? memory.saved(memory.u, n, step, gateRows) : memory.u;
    steps.forward(n, gateRows, out, memory.seen(n, step), memory.stepRecurrent, u);
    if (normed) {
      long inverses = memory.saved(memory.recurrentInverses, n, step, 1);
      kernels.normalize(n, gateRows, u, plan.training ? inverses : 0);
    }
  }

  /**
   * Back-propagates.
   *
   * @param addToDx whether dL/dx is added to what is there
   */
  final void backward(int t, int n, boolean addToDx) {
    if (persistent != null) {
      persistent.backward(t, n);
    } else {
      stepsBack(t, n);
    }
    int rows = t * n;
    sums(rows, n);
    products.weightGradient(
        rows,
        gateRows,
        inputSize,
        memory.da,
        gateRows,
        memory.io.x(),
        inputSize,
        gradient(Weight.INPUT));
    if (plan.masksWeights()) {
      kernels.zero((long) gateRows * out, plan.dMasked);
      recurrentGradient(rows, n, plan.dMasked);
      maskWeights(plan.dMasked, gradient(Weight.RECURRENT), true);
    } else {
      recurrentGradient(rows, n, gradient(Weight.RECURRENT));
    }
    if (memory.io.dx() != 0) {
      products.inputGradient(
          rows, gateRows, inputSize, memory.da, weight(Weight.INPUT), memory.io.dx(), addToDx);
    }
  }

  private void stepsBack(int t, int n) {
    if (beginBackward == null || endBackward == null) {
      throw new IllegalStateException("this pass is for inference");
    }
    beginBackward.set(1, n).run((long) n * size);
    for (int step = t - 1; step >= 0; step--) {
      stepBack(t, n, step);
      if (fadeBackward != null) {
        run(fadeBackward, t, n, step, out);
      }
    }
    endBackward.set(1, n).run((long) n * size);
  }

  /** Back through the product with R of a step, from kept to dh. */
  final void recurrentBack(int n, int step) {
    long du = memory.saved(memory.kept, n, step, gateRows);
    if (normed) {
      long normedGradient = du;
      du = memory.saved(plan.dRecurrent, n, step, gateRows);
      long from = (long) step * n;
      kernels.normalizeBackward(n, gateRows, normedGradient, recurrentNorm, from, du);
    }
    recurrentBack(n, gateRows, du, false);
  }

  /**
   * Adds R' du to dh, through the mask of h if there is one.
   *
   * @param rows of R, from the first
   * @param addToSeen whether the gradient of the masked h is added to what is there
   */
  final void recurrentBack(int n, int rows, long du, boolean addToSeen) {
    long to = addSeen == null ? plan.dh : plan.dSeen;
    boolean add = addSeen == null || addToSeen;
    steps.inputGradient(n, rows, out, du, gateRows, memory.stepRecurrent, to, add);
    if (addSeen != null) {
      addSeen.set(1, n).run((long) n * out);
    }
  }

  /** The gradients of biases and gains; with layer normalisation da becomes that of W x. */
  void sums(int rows, int n) {
    if (weight(Weight.INPUT_BIAS) != 0) {
      kernels.columnSums(rows, gateRows, memory.da, gradient(Weight.INPUT_BIAS));
      kernels.columnSums(rows, gateRows, memory.kept, gradient(Weight.RECURRENT_BIAS));
    }
    if (normed) {
      long dRecurrentGain = gradient(Weight.RECURRENT_NORM);
      kernels.columnProducts(rows, gateRows, memory.da, memory.a, gradient(Weight.INPUT_NORM));
      kernels.columnProducts(rows, gateRows, memory.kept, memory.u, dRecurrentGain);
      kernels.normalizeBackward(rows, gateRows, memory.da, inputNorm, 0, memory.da);
    }
  }

  /** Adds dL/dR of all steps to {@code to}. */
  void recurrentGradient(int rows, int n, long to) {
    long du = normed ? plan.dRecurrent : memory.kept;
    products.weightGradient(rows, gateRows, out, du, gateRows, memory.seen(n, 0), out, to);
  }

  final long weight(Weight weight) {
    return memory.weight(weight);
  }

  final long gradient(Weight weight) {
    return memory.gradient(weight);
  }
}
