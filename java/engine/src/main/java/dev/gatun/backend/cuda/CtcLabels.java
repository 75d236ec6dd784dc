package dev.gatun.backend.cuda;

import dev.gatun.backend.CtcIo;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the host knows of a batch's labels, by the mirrors of what it uploaded: how many a sequence
 * has at most, and whether cuDNN may have them.
 */
final class CtcLabels {
  /** cuDNN's most labels of a sequence; more were an illegal access, says PyTorch's source. */
  static final int MOST = 255;

  private final CudaContext context;
  private int longest;
  private boolean forDnn;

  CtcLabels(CudaContext context) {
    this.context = context;
  }

  /** Reads the lengths and labels of a call. What is out of range is left to the kernels. */
  void read(int t, int n, CtcIo io) {
    context.refuseInRecording("a CTC loss, whose labels are counted on the host");
    MemorySegment counts = values(io.labelLengths());
    MemorySegment labels = values(io.labels());
    Tensor lengths = io.lengths();
    MemorySegment steps = lengths == null ? null : values(lengths);
    long size = io.labels().size();
    long stride = io.padded() ? io.labels().dim(1) : 0;
    longest = 0;
    forDnn = t > 0 && n > 0;
    long flat = 0;
    for (int i = 0; i < n; i++) {
      int count = at(counts, io.labelLengths(), i);
      long first = io.padded() ? i * stride : flat;
      boolean inside = count >= 0 && first + count <= size && (!io.padded() || count <= stride);
      int length = steps == null || lengths == null ? t : at(steps, lengths, i);
      forDnn =
          forDnn
              && inside
              && count >= 1
              && count <= MOST
              && length <= t
              && length >= needed(labels, io, first, count);
      longest = inside ? Math.max(longest, count) : longest;
      flat += inside ? count : size;
    }
  }

  private MemorySegment values(Tensor tensor) {
    return DeviceMemory.mirror(tensor).values(context);
  }

  private static int at(MemorySegment values, Tensor tensor, long i) {
    return values.get(ValueLayout.JAVA_INT, tensor.byteOffset() + i * Integer.BYTES);
  }

  /** The fewest steps that labels can be spelled in; of labels that are none, too many. */
  private static int needed(MemorySegment labels, CtcIo io, long first, int count) {
    int needed = count;
    int before = io.blank();
    for (long k = first; k < first + count; k++) {
      int label = at(labels, io.labels(), k);
      if (label < 0 || label >= io.classes() || label == io.blank()) {
        return Integer.MAX_VALUE;
      }
      needed += label == before ? 1 : 0;
      before = label;
    }
    return needed;
  }

  /** The labels of the longest sequence. */
  int longest() {
    return longest;
  }

  /** Whether every sequence has 1 to {@link #MOST} labels and steps enough for them. */
  boolean forDnn() {
    return forDnn;
  }
}
