package dev.gatun.backend.cuda;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Rows on the device as cuDNN gets them.
 *
 * @param address of the first element
 * @param bytes of an element: 4, or 2 in half precision and bfloat16
 * @param width elements of a row
 */
record Elements(long address, int bytes, int width) {
  /** Those of a tensor of float32; null for none. */
  static @Nullable Elements of(@Nullable Tensor tensor) {
    return tensor == null ? null : ofTensor(tensor);
  }

  static Elements ofTensor(Tensor tensor) {
    return new Elements(DeviceMemory.address(tensor), Float.BYTES, Math.toIntExact(tensor.dim(-1)));
  }

  /** Zeroed rows of 16-bit elements. */
  static Elements rounded(Workspace workspace, long rows, int width) {
    long bytes = rows * width * Rounding.BYTES;
    Tensor block = workspace.tensor(DType.I32, (bytes + Integer.BYTES - 1) / Integer.BYTES);
    return new Elements(DeviceMemory.address(block), Rounding.BYTES, width);
  }

  /** Where an element lies; the null pointer for none. */
  static MemorySegment at(@Nullable Elements of, long element) {
    return of == null
        ? MemorySegment.NULL
        : MemorySegment.ofAddress(of.address + element * of.bytes);
  }
}
