package dev.gatun.backend.cuda;

import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** The lengths of a batch's sequences as cuDNN wants them: on the host, none of them 0. */
final class SequenceLengths {
  private final CudaContext context;
  private final @Nullable Tensor lengths;
  private final @Nullable Mirror mirror;

  /** What {@link #of} hands out: written anew by each call. */
  private final MemorySegment clamped;

  /** The mirror's, of the present call. */
  private MemorySegment values = MemorySegment.NULL;

  private int t;
  private int n;
  private int shortest;

  /**
   * Lengths of at most {@code most} sequences.
   *
   * @param lengths I32 on the device; null: all are t
   */
  SequenceLengths(CudaContext context, @Nullable Tensor lengths, int most) {
    this.context = context;
    this.lengths = lengths;
    mirror = lengths == null ? null : DeviceMemory.mirror(lengths);
    clamped = Arena.ofAuto().allocate(ValueLayout.JAVA_INT, most);
  }

  /**
   * Reads the lengths of a call.
   *
   * @throws IllegalArgumentException if one is outside 0 to t
   */
  void read(int steps, int sequences) {
    t = steps;
    n = sequences;
    shortest = steps;
    values = mirror == null ? MemorySegment.NULL : mirror.values(context);
    for (int i = 0; i < n; i++) {
      int length = length(i);
      if (length < 0 || length > t) {
        throw new IllegalArgumentException(
            "forward: length %d of sequence %d is outside 0 to t, %d".formatted(length, i, t));
      }
      shortest = Math.min(shortest, length);
    }
  }

  /** Takes all sequences as full, to plan for a shape; what lengths hold then does not matter. */
  void assume(int steps, int sequences) {
    t = steps;
    n = sequences;
    shortest = steps;
    values = MemorySegment.NULL;
  }

  private int length(int i) {
    return lengths == null || values.address() == 0
        ? t
        : values.get(ValueLayout.JAVA_INT, lengths.byteOffset() + (long) i * Integer.BYTES);
  }

  /** Whether any sequence is shorter than t. */
  boolean ragged() {
    return shortest < t;
  }

  /** Whether any sequence has ended before a step. */
  boolean idleAt(int start) {
    return shortest <= start;
  }

  /**
   * The steps of each sequence in a part of the call. One that has ended has 1 step there, whose
   * input is masked and whose results are not used.
   *
   * @return ints, until the next call
   */
  MemorySegment of(int start, int steps) {
    for (int i = 0; i < n; i++) {
      int length = Math.clamp((long) length(i) - start, 1, steps);
      clamped.setAtIndex(ValueLayout.JAVA_INT, i, length);
    }
    return clamped;
  }

  /** The lengths on the device; only of a {@link #ragged} batch. */
  Tensor onDevice() {
    if (lengths == null) {
      throw new IllegalStateException("all sequences of this plan have t steps");
    }
    return lengths;
  }
}
