package dev.gatun.backend.cuda;

import dev.gatun.backend.Precision;
import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * cuDNN's CTC loss and its gradient: blank 0, 1 to {@link CtcLabels#MOST} labels, sequences that
 * can be aligned. Always the deterministic algorithm: PyTorch found the other one's results
 * inconsistent.
 */
final class CudnnCtc implements AutoCloseable {
  /** Of status codes: what cuDNN says of shapes that it does not have. */
  private static final int NOT_SUPPORTED = 3;

  private static final MethodHandle CALL = Cuda.ctcLoss();

  private final CudaContext context;
  private final CtcDescriptor loss = new CtcDescriptor(CtcLabels.MOST);
  private final GrowingBlock workspace;
  private @Nullable StateDescriptor shape;
  private int t;
  private int n;
  private int v;
  private long workspaceBytes;
  private boolean supported;

  CudnnCtc(CudaContext context) {
    this.context = context;
    try {
      workspace = new GrowingBlock(context);
    } catch (RuntimeException | Error e) {
      loss.close();
      throw e;
    }
  }

  /**
   * Whether cuDNN has this shape. Sequences that cannot be aligned, and sizes beyond its own, are
   * the caller's to keep from it.
   */
  boolean plan(int steps, int sequences, int classes) {
    if (shape != null && t == steps && n == sequences && v == classes) {
      return supported;
    }
    if ((double) steps * sequences * classes > Integer.MAX_VALUE) {
      return false;
    }
    StateDescriptor next = new StateDescriptor(steps, sequences, classes, Precision.FP32);
    if (shape != null) {
      shape.close();
    }
    shape = next;
    t = steps;
    n = sequences;
    v = classes;
    supported = findWorkspace(next);
    return supported;
  }

  private boolean findWorkspace(StateDescriptor logits) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      int status =
          cudnn_h.cudnnGetCTCLossWorkspaceSize_v8(
              context.dnn(),
              cudnn_h.CUDNN_CTC_LOSS_ALGO_DETERMINISTIC(),
              loss.descriptor(),
              logits.descriptor(),
              logits.descriptor(),
              size);
      if (status / 1000 == NOT_SUPPORTED) {
        return false;
      }
      Calls.dnn(status, "cudnnGetCTCLossWorkspaceSize_v8");
      workspaceBytes = size.get(ValueLayout.JAVA_LONG, 0);
      return true;
    }
  }

  /**
   * Costs and gradients of the shape that was planned.
   *
   * @param logits float32 [t, n, v] on the device, as all that follows
   * @param labels int32, flat
   * @param labelLengths int32 [n]
   * @param lengths int32 [n]
   * @param costs out: float32 [n]
   * @param gradients out: float32 [t, n, v]
   * @return whether cuDNN has it; if not, nothing was done
   */
  boolean run(
      long logits, long labels, long labelLengths, long lengths, long costs, long gradients) {
    StateDescriptor planned = shape;
    if (planned == null) {
      throw new IllegalStateException("no shape was planned");
    }
    long scratch = workspace.address(workspaceBytes);
    long described = planned.descriptor().address();
    int status;
    try {
      status =
          (int)
              CALL.invokeExact(
                  context.dnn().address(),
                  cudnn_h.CUDNN_CTC_LOSS_ALGO_DETERMINISTIC(),
                  loss.descriptor().address(),
                  described,
                  logits,
                  labels,
                  labelLengths,
                  lengths,
                  costs,
                  described,
                  gradients,
                  workspaceBytes,
                  scratch);
    } catch (Throwable e) {
      throw Calls.unchecked(e);
    }
    if (status / 1000 == NOT_SUPPORTED) {
      supported = false;
      return false;
    }
    Calls.dnn(status, "cudnnCTCLoss_v8");
    return true;
  }

  @Override
  public void close() {
    if (shape != null) {
      shape.close();
    }
    loss.close();
    workspace.close();
  }
}
