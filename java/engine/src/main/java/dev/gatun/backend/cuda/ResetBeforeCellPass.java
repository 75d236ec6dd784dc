package dev.gatun.backend.cuda;

import org.jspecify.annotations.Nullable;

/** GRU whose reset gate acts on h before the candidate's product: two products each step. */
final class ResetBeforeCellPass extends CellPass {
  /** The rows of r and z in R; those of n follow. */
  private final int resetRows;

  private final KernelCall reset;
  private final KernelCall output;
  private final @Nullable KernelCall outputBackward;
  private final @Nullable KernelCall resetBackward;

  ResetBeforeCellPass(PassMemory memory) {
    super(memory, "gru.cu");
    resetRows = 2 * size;
    reset = stepKernel("resetForward");
    output = stepKernel("resetOutput");
    outputBackward = plan.training ? stepKernel("resetOutputBackward") : null;
    resetBackward = plan.training ? stepKernel("resetBackward") : null;
  }

  /** Where the rows of n start in R or its gradient, of elements of so many bytes. */
  private long candidate(long weights, int bytes) {
    return weights + bytes * (long) resetRows * out;
  }

  /** Where the gate n starts in rows of all gates. */
  private long candidateGate(long gates) {
    return gates + Float.BYTES * (long) resetRows;
  }

  @Override
  void step(int t, int n, int step) {
    long seen = memory.seen(n, step);
    steps.forward(n, resetRows, out, seen, memory.stepRecurrent, memory.u, gateRows);
    run(reset, t, n, step, size);
    long inner = memory.saved(memory.inner, n, step, size);
    long weights = candidate(memory.stepRecurrent, steps.weightBytes());
    steps.forward(n, size, size, inner, weights, candidateGate(memory.u), gateRows);
    run(output, t, n, step, size);
  }

  @Override
  void stepBack(int t, int n, int step) {
    long du = memory.saved(memory.kept, n, step, gateRows);
    run(outputBackward, t, n, step, size);
    long weights = candidate(memory.stepRecurrent, steps.weightBytes());
    steps.inputGradient(n, size, size, candidateGate(du), gateRows, weights, plan.dInner, false);
    run(resetBackward, t, n, step, size);
    recurrentBack(n, resetRows, du, true);
  }

  @Override
  void recurrentGradient(int rows, int n, long to) {
    long du = memory.kept;
    products.weightGradient(rows, resetRows, out, du, gateRows, memory.seen(n, 0), out, to);
    long dCandidate = candidate(to, Float.BYTES);
    products.weightGradient(
        rows, size, size, candidateGate(du), gateRows, memory.inner, size, dCandidate);
  }
}
