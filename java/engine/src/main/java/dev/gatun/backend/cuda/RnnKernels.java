package dev.gatun.backend.cuda;

import dev.gatun.backend.MaskKey;
import dev.gatun.kernels.Philox;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** The kernels of {@code rnn.cu}, and dropout between layers. */
final class RnnKernels {
  private final KernelCall maskSteps;
  private final KernelCall selectStates;
  private final KernelCall spreadWeights;
  private final KernelCall gatherGradients;
  private final KernelCall zeroRuns;
  private final KernelCall dropout;

  RnnKernels(CudaContext context) {
    KernelLibrary library = KernelLibrary.of(context.device(), "rnn.cu");
    maskSteps = new KernelCall(context, library, "maskSteps", 6);
    boolean wide = DnnType.bytes(context.precision()) == Float.BYTES;
    selectStates = new KernelCall(context, library, wide ? "selectStates" : "selectStates2", 8);
    spreadWeights = new KernelCall(context, library, "spreadWeights", 7);
    gatherGradients = new KernelCall(context, library, "gatherGradients", 7);
    zeroRuns = new KernelCall(context, library, "zeroRuns", 5);
    dropout = new KernelCall(context, KernelLibrary.of(context.device(), "ops.cu"), "dropout", 8);
  }

  /** to [t, n, width] = from on the steps of each sequence, 0 on padding; they may be one. */
  void maskSteps(int t, int n, Tensor lengths, Tensor from, Tensor to) {
    long width = from.dim(2);
    maskSteps
        .set(0, (long) t)
        .set(1, (long) n)
        .set(2, width)
        .set(3, DeviceMemory.address(lengths))
        .set(4, DeviceMemory.address(from))
        .set(5, DeviceMemory.address(to))
        .run((long) t * n * width);
  }

  /**
   * to [rows, n, width] = live for sequences longer than start, idle for the others; no address:
   * zeros.
   */
  void selectStates(
      StateLink states,
      int start,
      Tensor lengths,
      MemorySegment live,
      MemorySegment idle,
      MemorySegment to) {
    selectStates
        .set(0, (long) states.rows())
        .set(1, (long) states.n())
        .set(2, (long) states.width())
        .set(3, DeviceMemory.address(lengths))
        .set(4, start)
        .set(5, live.address())
        .set(6, idle.address())
        .set(7, to.address())
        .run((long) states.rows() * states.n() * states.width());
  }

  /** Copies weights into cuDNN's space. */
  void spreadWeights(WeightSpace.RunTable runs, Tensor weights, Tensor space) {
    weights(spreadWeights, runs, weights, space);
  }

  /** Adds the gradients of weights from cuDNN's space. */
  void gatherGradients(WeightSpace.RunTable runs, Tensor space, Tensor dWeights) {
    weights(gatherGradients, runs, space, dWeights);
  }

  private static void weights(
      KernelCall kernel, WeightSpace.RunTable runs, Tensor from, Tensor to) {
    Tensor table = runs.table();
    if (table != null) {
      long row = table.dim(1) * Long.BYTES;
      long first = DeviceMemory.address(table);
      kernel
          .set(0, runs.count())
          .set(1, (int) table.dim(1))
          .set(2, first)
          .set(3, first + row)
          .set(4, first + 2 * row)
          .set(5, DeviceMemory.address(from))
          .set(6, DeviceMemory.address(to))
          .run(runs.count());
    }
  }

  /** Zeroes the elements of a block that the runs start at. */
  void zeroRuns(WeightSpace.RunTable runs, Tensor block) {
    Tensor table = runs.table();
    if (table != null) {
      long first = DeviceMemory.address(table);
      zeroRuns
          .set(0, runs.count())
          .set(1, (int) table.dim(1))
          .set(2, first)
          .set(3, first + table.dim(1) * Long.BYTES)
          .set(4, DeviceMemory.address(block))
          .run(runs.count());
    }
  }

  /** y = x / (1 - rate) where the mask keeps an element, else 0; y may be x. */
  void dropout(long count, Tensor x, Tensor y, double rate, MaskKey key) {
    dropout
        .set(0, count)
        .set(1, DeviceMemory.address(x))
        .set(2, DeviceMemory.address(y))
        .set(3, (float) (1 / (1 - rate)))
        .set(4, Philox.threshold(1 - rate))
        .set(5, key.seed())
        .set(6, key.layer())
        .set(7, DeviceMemory.address(key.step()))
        .run((count + 3) / 4); // a thread takes four elements
  }
}
