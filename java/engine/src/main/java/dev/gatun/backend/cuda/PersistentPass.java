package dev.gatun.backend.cuda;

import dev.gatun.backend.RecurrentSpec;
import org.jspecify.annotations.Nullable;

/** All steps of a layer and direction in one launch: persistent.cuh. */
final class PersistentPass {
  private final int tile;
  private final KernelCall forward;
  private final @Nullable KernelCall backward;

  /**
   * Compiles, or loads, for a shape.
   *
   * @param fields the struct of the pass
   */
  PersistentPass(PassMemory memory, PersistentShape shape, PassFields fields) {
    CellPlan plan = memory.plan;
    String cell = name(plan.spec);
    String file = "persistent_" + cell + ".cu";
    CellKernels kernels = plan.kernels;
    tile = shape.tile();
    forward = kernels.allSteps(file, shape, fields, cell + "ForwardAll", shape.forwardBytes());
    backward =
        plan.training
            ? kernels.allSteps(file, shape, fields, cell + "BackwardAll", shape.backwardBytes())
            : null;
  }

  private static String name(RecurrentSpec spec) {
    return switch (spec.cell()) {
      case LSTM -> "lstm";
      case GRU -> "gru";
      case GRU_RESET_BEFORE -> "reset";
      case TANH, RELU, SIGMOID, LEAKY_RELU, ELU, IDENTITY, SOFTMAX -> "simple";
    };
  }

  /** From the initial states to the last ones. */
  void forward(int t, int n) {
    run(forward, t, n);
  }

  /** From the gradients of the last states to those of the initial ones; kept becomes dL/du. */
  void backward(int t, int n) {
    if (backward == null) {
      throw new IllegalStateException("this pass is for inference");
    }
    run(backward, t, n);
  }

  private void run(KernelCall kernel, int t, int n) {
    kernel.set(1, t).set(2, n).run(Math.ceilDiv(n, tile), 1, KernelCall.BLOCK);
  }
}
