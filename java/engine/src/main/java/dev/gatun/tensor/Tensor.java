package dev.gatun.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A dense row-major view of memory: element type, shape and position. Views share memory and own
 * nothing; whoever allocated the memory closes it.
 */
public final class Tensor {
  private final Memory memory;
  private final long byteOffset;
  private final DType dtype;
  private final long[] shape;
  private final long size;

  private Tensor(Memory memory, long byteOffset, DType dtype, long[] shape) {
    this.memory = memory;
    this.byteOffset = byteOffset;
    this.dtype = dtype;
    this.shape = shape;
    this.size = sizeOf(shape);
    if (byteOffset < 0 || bytesOf(dtype, shape) > memory.bytes() - byteOffset) {
      throw new IndexOutOfBoundsException(
          "a tensor %s %s at byte %d does not fit in %d bytes"
              .formatted(dtype, Arrays.toString(shape), byteOffset, memory.bytes()));
    }
  }

  /**
   * A tensor over the start of a block.
   *
   * @param memory where it lives
   * @param dtype element type
   * @param shape dimensions, slowest first
   */
  public static Tensor of(Memory memory, DType dtype, long... shape) {
    return new Tensor(memory, 0, dtype, shape.clone());
  }

  /** A tensor over host memory of its own; the caller closes {@link #memory()}. */
  public static Tensor host(DType dtype, long... shape) {
    return of(HostMemory.allocate(bytesOf(dtype, shape)), dtype, shape);
  }

  /**
   * The bytes that a shape takes.
   *
   * @throws IllegalArgumentException if a dimension is negative or the product overflows
   */
  public static long bytesOf(DType dtype, long... shape) {
    long size = sizeOf(shape);
    if (size > Long.MAX_VALUE / dtype.bytes()) {
      throw new IllegalArgumentException(
          "too many elements in " + Arrays.toString(shape) + " for " + dtype);
    }
    return size * dtype.bytes();
  }

  /**
   * The number of elements of a shape.
   *
   * @throws IllegalArgumentException if a dimension is negative or the product overflows
   */
  public static long sizeOf(long... shape) {
    long size = 1;
    for (long d : shape) {
      if (d < 0) {
        throw new IllegalArgumentException("negative dimension in " + Arrays.toString(shape));
      }
      try {
        size = Math.multiplyExact(size, d);
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException("too many elements in " + Arrays.toString(shape), e);
      }
    }
    return size;
  }

  /**
   * A view of consecutive elements.
   *
   * @param from first element, counted in this tensor's elements
   * @param newShape the view's dimensions
   */
  public Tensor view(long from, long... newShape) {
    if (from < 0 || sizeOf(newShape) > size - from) {
      throw new IndexOutOfBoundsException(
          "%d elements from %d of a tensor of %d".formatted(sizeOf(newShape), from, size));
    }
    return new Tensor(memory, byteOffset + from * dtype.bytes(), dtype, newShape.clone());
  }

  /** The same elements with other dimensions. */
  public Tensor reshape(long... newShape) {
    if (sizeOf(newShape) != size) {
      throw new IllegalArgumentException(
          "cannot see %s as %s".formatted(Arrays.toString(shape), Arrays.toString(newShape)));
    }
    return new Tensor(memory, byteOffset, dtype, newShape.clone());
  }

  /** The memory this view looks at. */
  public Memory memory() {
    return memory;
  }

  /** Where the first element lies in {@link #memory}, in bytes from its start. */
  public long byteOffset() {
    return byteOffset;
  }

  /** The element type. */
  public DType dtype() {
    return dtype;
  }

  /** The number of elements. */
  public long size() {
    return size;
  }

  /** The number of dimensions. */
  public int rank() {
    return shape.length;
  }

  /** Dimension {@code i}, slowest first; a negative index counts from the last. */
  public long dim(int i) {
    return shape[i < 0 ? shape.length + i : i];
  }

  /** A copy of the dimensions. */
  public long[] shape() {
    return shape.clone();
  }

  /**
   * The elements as a bounded segment.
   *
   * @throws IllegalStateException if the memory is not the host's or has been closed
   */
  public MemorySegment segment() {
    return hostMemory().segment().asSlice(byteOffset, size * dtype.bytes());
  }

  /**
   * The absolute address of the first element, for kernels. It stays valid until the memory is
   * closed.
   *
   * @throws IllegalStateException if the memory is not the host's or has been closed
   */
  public long address() {
    return hostMemory().segment().address() + byteOffset;
  }

  private HostMemory hostMemory() {
    if (memory instanceof HostMemory host) {
      return host;
    }
    throw new IllegalStateException("this tensor lives on a device: copy it to the host first");
  }

  /** Element {@code i} of the flattened tensor, as a double (exact for every type but I64). */
  public double get(long i) {
    MemorySegment s = hostMemory().segment();
    long at = at(i);
    return switch (dtype) {
      case F32 -> s.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
      case F64 -> s.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, at);
      case I32 -> s.get(ValueLayout.JAVA_INT_UNALIGNED, at);
      case I64 -> s.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    };
  }

  /** Element {@code i} of an integer tensor. */
  public long getLong(long i) {
    MemorySegment s = hostMemory().segment();
    return switch (dtype) {
      case I32 -> s.get(ValueLayout.JAVA_INT_UNALIGNED, at(i));
      case I64 -> s.get(ValueLayout.JAVA_LONG_UNALIGNED, at(i));
      case F32, F64 -> throw new IllegalStateException("not an integer tensor: " + this);
    };
  }

  /** Sets element {@code i} of the flattened tensor, rounded to its type. */
  public void set(long i, double value) {
    MemorySegment s = hostMemory().segment();
    long at = at(i);
    switch (dtype) {
      case F32 -> s.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) value);
      case F64 -> s.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, at, value);
      case I32 -> s.set(ValueLayout.JAVA_INT_UNALIGNED, at, (int) value);
      case I64 -> s.set(ValueLayout.JAVA_LONG_UNALIGNED, at, (long) value);
    }
  }

  /** Sets element {@code i} of an integer tensor. */
  public void setLong(long i, long value) {
    MemorySegment s = hostMemory().segment();
    switch (dtype) {
      case I32 -> s.set(ValueLayout.JAVA_INT_UNALIGNED, at(i), Math.toIntExact(value));
      case I64 -> s.set(ValueLayout.JAVA_LONG_UNALIGNED, at(i), value);
      case F32, F64 -> throw new IllegalStateException("not an integer tensor: " + this);
    }
  }

  private long at(long i) {
    if (i < 0 || i >= size) {
      throw new IndexOutOfBoundsException("element %d of a tensor of %d".formatted(i, size));
    }
    return byteOffset + i * dtype.bytes();
  }

  /** Copies all elements from an array of exactly this size. */
  public Tensor copyFrom(float... values) {
    checkLength(values.length);
    if (dtype == DType.F32) {
      MemorySegment.copy(values, 0, segment(), ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values.length);
    } else {
      for (int i = 0; i < values.length; i++) {
        set(i, values[i]);
      }
    }
    return this;
  }

  /** Copies all elements from an array of exactly this size, rounded to this type. */
  public Tensor copyFrom(double... values) {
    checkLength(values.length);
    for (int i = 0; i < values.length; i++) {
      set(i, values[i]);
    }
    return this;
  }

  /** Copies all elements from an array of exactly this size. */
  public Tensor copyFrom(int... values) {
    checkLength(values.length);
    for (int i = 0; i < values.length; i++) {
      setLong(i, values[i]);
    }
    return this;
  }

  /** All elements as doubles. */
  public double[] toDoubles() {
    double[] values = new double[arrayLength()];
    for (int i = 0; i < values.length; i++) {
      values[i] = get(i);
    }
    return values;
  }

  /** All elements as floats. */
  public float[] toFloats() {
    float[] values = new float[arrayLength()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) get(i);
    }
    return values;
  }

  private int arrayLength() {
    if (size > Integer.MAX_VALUE) {
      throw new IllegalStateException(this + " is too long for an array: read parts of it");
    }
    return (int) size;
  }

  private void checkLength(long length) {
    if (length != size) {
      throw new IllegalArgumentException(
          "%d values for a tensor of %d, %s".formatted(length, size, this));
    }
  }

  @Override
  public String toString() {
    return dtype + Arrays.toString(shape);
  }
}
