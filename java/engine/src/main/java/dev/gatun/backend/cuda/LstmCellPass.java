package dev.gatun.backend.cuda;

import dev.gatun.backend.RecurrentSpec.Weight;
import org.jspecify.annotations.Nullable;

/** LSTM, with a projection of h and a normalised c where the stack has them. */
final class LstmCellPass extends CellPass {
  /** Of i, f, g, o. */
  private static final int OUTPUT_GATE = 3;

  private final boolean projected;
  private final boolean normed;
  private final CellKernels.Normalized cellNorm;
  private final KernelCall forward;
  private final @Nullable KernelCall normedOutput;
  private final @Nullable KernelCall projectedOutput;
  private final @Nullable KernelCall backward;
  private final @Nullable KernelCall normedBackward;
  private final @Nullable KernelCall projectedBackward;

  LstmCellPass(PassMemory memory) {
    super(memory, "lstm.cu");
    projected = plan.spec.projectionSize() > 0;
    normed = plan.spec.regularization().layerNorm();
    cellNorm =
        new CellKernels.Normalized(memory.cellHat, memory.cellInverses, weight(Weight.CELL_NORM));
    forward = stepKernel("lstmForward");
    normedOutput = normed ? stepKernel("lstmNormedOutput") : null;
    projectedOutput = projected ? stepKernel("projectedOutput") : null;
    boolean training = plan.training;
    backward = training ? stepKernel("lstmBackward") : null;
    normedBackward = training && normed ? stepKernel("lstmNormedBackward") : null;
    projectedBackward = training && projected ? stepKernel("projectedBackward") : null;
  }

  @Override
  void step(int t, int n, int step) {
    recurrentShare(n, step);
    run(forward, t, n, step, size);
    if (normed) {
      long inverses = plan.training ? memory.saved(memory.cellInverses, n, step, 1) : 0;
      kernels.normalize(n, size, memory.saved(memory.cellHat, n, step, size), inverses);
      run(normedOutput, t, n, step, size);
    }
    if (projected) {
      long inner = memory.saved(memory.inner, n, step, size);
      long h = memory.state(memory.h, n, step + 1, out);
      steps.forward(n, out, size, inner, memory.stepProjection, h);
      run(projectedOutput, t, n, step, out);
    }
  }

  @Override
  void stepBack(int t, int n, int step) {
    if (projected) {
      run(projectedBackward, t, n, step, out);
      long dOut = memory.saved(plan.dOut, n, step, out);
      steps.inputGradient(n, out, size, dOut, memory.stepProjection, plan.dInner, false);
    }
    if (normed) {
      run(normedBackward, t, n, step, size);
      long dNormed = memory.saved(plan.dNormed, n, step, size);
      kernels.normalizeBackward(n, size, dNormed, cellNorm, (long) step * n, plan.dCell);
    }
    run(backward, t, n, step, size);
    recurrentBack(n, step);
  }

  /** Adds the gradient of peephole {@code number}, whose gate saw {@code c} [rows, H]. */
  private void sumPeephole(int rows, int number, int gate, long c) {
    long dGate = memory.kept + (long) Float.BYTES * gate * size;
    long to = gradient(Weight.PEEPHOLE) + (long) Float.BYTES * number * size;
    kernels.columnProducts(rows, size, dGate, gateRows, c, to);
  }

  @Override
  void sums(int rows, int n) {
    super.sums(rows, n);
    if (weight(Weight.PEEPHOLE) != 0) {
      long after = memory.cellNew != 0 ? memory.cellNew : memory.state(memory.c, n, 1, size);
      sumPeephole(rows, 0, 0, memory.c);
      sumPeephole(rows, 1, 1, memory.c);
      sumPeephole(rows, 2, OUTPUT_GATE, after);
    }
    if (projected) {
      long dProjection = gradient(Weight.PROJECTION);
      products.weightGradient(rows, out, size, plan.dOut, out, memory.inner, size, dProjection);
    }
    if (normed) {
      long dGain = gradient(Weight.CELL_NORM);
      kernels.columnProducts(rows, size, plan.dNormed, memory.cellHat, dGain);
      if (weight(Weight.CELL_NORM_BIAS) != 0) {
        kernels.columnSums(rows, size, plan.dNormed, gradient(Weight.CELL_NORM_BIAS));
      }
    }
  }
}
