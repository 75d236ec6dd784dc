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

  private static final int SHAPES = 16;

  private static final MethodHandle CALL = Cuda.ctcLoss();

  private final CudaContext context;
  private final CtcDescriptor loss = new CtcDescriptor(CtcLabels.MOST);
  private final GrowingBlock workspace;

  /** The last shapes: a batch that an epoch leaves over comes again with every one. */
  private final @Nullable Shape[] shapes = new Shape[SHAPES];

  private int next;
  private @Nullable Shape shape;

  /** What cuDNN knows of one shape. */
  private static final class Shape {
    final int t;
    final int n;
    final int v;
    final StateDescriptor logits;
    long workspaceBytes;
    boolean supported;

    Shape(int t, int n, int v) {
      this.t = t;
      this.n = n;
      this.v = v;
      logits = new StateDescriptor(t, n, v, Precision.FP32);
    }
  }

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
    for (int i = 0; i < SHAPES; i++) {
      Shape known = shapes[i];
      if (known != null && known.t == steps && known.n == sequences && known.v == classes) {
        shape = known;
        return known.supported;
      }
    }
    if ((double) steps * sequences * classes > Integer.MAX_VALUE) {
      return false;
    }
    Shape made = new Shape(steps, sequences, classes);
    try {
      findWorkspace(made);
    } catch (RuntimeException e) {
      made.logits.close();
      throw e;
    }
    Shape oldest = shapes[next];
    if (oldest != null) {
      oldest.logits.close();
    }
    shapes[next] = made;
    next = (next + 1) % SHAPES;
    shape = made;
    return made.supported;
  }

  private void findWorkspace(Shape made) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      int status =
          cudnn_h.cudnnGetCTCLossWorkspaceSize_v8(
              context.dnn(),
              cudnn_h.CUDNN_CTC_LOSS_ALGO_DETERMINISTIC(),
              loss.descriptor(),
              made.logits.descriptor(),
              made.logits.descriptor(),
              size);
      if (status / 1000 == NOT_SUPPORTED) {
        return;
      }
      Calls.dnn(status, "cudnnGetCTCLossWorkspaceSize_v8");
      made.workspaceBytes = size.get(ValueLayout.JAVA_LONG, 0);
      made.supported = true;
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
    Shape planned = shape;
    if (planned == null) {
      throw new IllegalStateException("no shape was planned");
    }
    long scratch = workspace.address(planned.workspaceBytes);
    long described = planned.logits.descriptor().address();
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
                  planned.workspaceBytes,
                  scratch);
    } catch (Throwable e) {
      throw Calls.unchecked(e);
    }
    if (status / 1000 == NOT_SUPPORTED) {
      planned.supported = false;
      return false;
    }
    Calls.dnn(status, "cudnnCTCLoss_v8");
    return true;
  }

  @Override
  public void close() {
    for (Shape known : shapes) {
      if (known != null) {
        known.logits.close();
      }
    }
    loss.close();
    workspace.close();
  }
}
