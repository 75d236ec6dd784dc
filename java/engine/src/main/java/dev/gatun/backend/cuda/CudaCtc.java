package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.CtcIo;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Connectionist temporal classification on one context: by cuDNN where its limits allow, else by
 * the kernels of {@code ctc.cu}. Scratch grows to the largest call; after that nothing is
 * allocated.
 */
final class CudaCtc implements AutoCloseable {
  /** Fields of the struct {@code Ctc}, 8 bytes each. */
  private static final int FIELDS = 18;

  private final CtcLabels labels;
  private final MemorySegment fields = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, FIELDS);
  private final KernelCall normalize;
  private final KernelCall align;
  private final KernelCall gradient;
  private final KernelCall sum;
  private final KernelCall flatten;
  private final KernelCall weigh;
  private final KernelCall fillLengths;

  /** One block for each of what the kernels share, in {@link #reserve}'s order. */
  private final GrowingBlock[] scratch = new GrowingBlock[7];

  private final @Nullable CudnnCtc dnn;

  /**
   * Compiles or loads the kernels.
   *
   * @param cudnn whether cuDNN may be used
   */
  CudaCtc(CudaContext context, boolean cudnn) {
    labels = new CtcLabels(context);
    KernelLibrary library = KernelLibrary.of(context.device(), "ctc.cu");
    normalize = new KernelCall(context, library, "ctcNormalize", fields, 1);
    align = new KernelCall(context, library, "ctcAlign", fields, 2);
    gradient = new KernelCall(context, library, "ctcGradient", fields, 2);
    sum = new KernelCall(context, library, "ctcSum", fields, 3);
    flatten = new KernelCall(context, library, "ctcFlatten", fields, 2);
    weigh = new KernelCall(context, library, "ctcWeigh", fields, 3);
    fillLengths =
        new KernelCall(context, KernelLibrary.of(context.device(), "ops.cu"), "fillInt", 3);
    int opened = 0;
    try {
      for (; opened < scratch.length; opened++) {
        scratch[opened] = new GrowingBlock(context);
      }
      dnn = cudnn ? new CudnnCtc(context) : null;
    } catch (RuntimeException | Error e) {
      for (int i = 0; i < opened; i++) {
        scratch[i].close();
      }
      throw e;
    }
  }

  /** Checked arguments. */
  void run(int t, int n, CtcIo io) {
    labels.read(t, n, io);
    setFields(t, n, io);
    if (!byDnn(t, n, io)) {
      byKernels(t, n, io);
    }
    sum.set(fields).set(1, address(io.loss())).set(2, address(io.impossible()));
    sum.run(1, 1, KernelCall.BLOCK);
  }

  private void setFields(int t, int n, CtcIo io) {
    set(0, address(io.logits()));
    set(1, addressOrNull(io.lengths()));
    set(2, address(io.labels()));
    set(3, io.labels().size());
    set(4, address(io.labelLengths()));
    set(5, address(io.scale()));
    set(6, address(io.losses()));
    set(11, t);
    set(12, n);
    set(13, io.classes());
    set(14, io.blank());
    set(15, io.perLabel() ? 1 : 0);
    set(16, io.padded() ? io.labels().dim(1) : -1);
    set(17, labels.longest());
  }

  private void set(int field, long value) {
    fields.setAtIndex(ValueLayout.JAVA_LONG, field, value);
  }

  private long reserve(int block, long bytes) {
    return scratch[block].address(bytes);
  }

  private void byKernels(int t, int n, CtcIo io) {
    long states = 2L * labels.longest() + 1;
    set(7, reserve(0, (long) t * n * Double.BYTES));
    set(8, reserve(1, (long) t * n * states * Double.BYTES));
    set(9, reserve(2, 2L * n * states * Double.BYTES));
    set(10, reserve(3, (long) n * labels.longest() * Integer.BYTES));
    Tensor d = io.dLogits();
    int rows = Math.multiplyExact(t, n);
    if (rows > 0) {
      normalize.set(fields).run(rows, 1, KernelCall.BLOCK);
    }
    if (n > 0) {
      align.set(fields).set(1, d == null ? 0 : 1).run(n, 1, KernelCall.BLOCK);
    }
    if (d != null && rows > 0) {
      gradient.set(fields).set(1, address(d)).run(rows, 1, KernelCall.BLOCK);
    }
  }

  /** False where it is not for cuDNN; then nothing was done that the kernels would not undo. */
  private boolean byDnn(int t, int n, CtcIo io) {
    Tensor d = io.dLogits();
    if (dnn == null
        || d == null
        || address(d) == address(io.logits())
        || io.blank() != 0
        || !labels.forDnn()
        || !dnn.plan(t, n, io.classes())) {
      return false;
    }
    long flat = address(io.labels());
    if (io.padded()) {
      flat = reserve(4, (long) n * labels.longest() * Integer.BYTES);
      flatten.set(fields).set(1, flat).run(n, 1, KernelCall.BLOCK);
    }
    long lengths = addressOrNull(io.lengths());
    if (lengths == 0) {
      lengths = reserve(5, (long) n * Integer.BYTES);
      fillLengths.set(0, (long) n).set(1, lengths).set(2, t).run(n);
    }
    long costs = reserve(6, (long) n * Float.BYTES);
    if (!dnn.run(
        address(io.logits()), flat, address(io.labelLengths()), lengths, costs, address(d))) {
      return false;
    }
    weigh.set(fields).set(1, costs).set(2, address(d)).run((long) t * n * io.classes());
    return true;
  }

  /** To be called when the stream has been waited for. */
  @Override
  public void close() {
    if (dnn != null) {
      dnn.close();
    }
    for (GrowingBlock block : scratch) {
      block.close();
    }
  }
}
