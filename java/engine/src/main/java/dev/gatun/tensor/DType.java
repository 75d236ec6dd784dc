package dev.gatun.tensor;

/** The type of a tensor's elements. */
public enum DType {
  F32(Float.BYTES),
  F64(Double.BYTES),
  I32(Integer.BYTES),
  I64(Long.BYTES);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** The size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /** Whether the elements are floating-point numbers. */
  public boolean isReal() {
    return this == F32 || this == F64;
  }
}
