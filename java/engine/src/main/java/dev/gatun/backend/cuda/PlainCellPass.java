package dev.gatun.backend.cuda;

import org.jspecify.annotations.Nullable;

/** A cell that is one kernel after the product with R: GRU and the simple ones. */
final class PlainCellPass extends CellPass {
  private final KernelCall forward;
  private final @Nullable KernelCall backward;

  PlainCellPass(PassMemory memory, String source, String forward, String backward) {
    super(memory, source);
    this.forward = stepKernel(forward);
    this.backward = plan.training ? stepKernel(backward) : null;
  }

  @Override
  void step(int t, int n, int step) {
    recurrentShare(n, step);
    run(forward, t, n, step, size);
  }

  @Override
  void stepBack(int t, int n, int step) {
    run(backward, t, n, step, size);
    recurrentBack(n, step);
  }
}
