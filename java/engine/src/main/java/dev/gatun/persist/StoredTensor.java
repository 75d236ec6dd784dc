package dev.gatun.persist;

import java.util.Arrays;

/** What a safetensors file says about one of its tensors. */
public final class StoredTensor {
  private final String name;
  private final StoredType type;
  private final long[] shape;
  private final long begin;
  private final long end;

  /**
   * Describes a tensor whose offsets have been checked against its type and shape.
   *
   * @param begin its first byte, from the start of the file's data
   * @param end the byte after its last
   */
  StoredTensor(String name, StoredType type, long[] shape, long begin, long end) {
    this.name = name;
    this.type = type;
    this.shape = shape;
    this.begin = begin;
    this.end = end;
  }

  /** The tensor's name. */
  public String name() {
    return name;
  }

  /** The type of the stored elements. */
  public StoredType type() {
    return type;
  }

  /** A copy of the dimensions, slowest first; empty for a scalar. */
  public long[] shape() {
    return shape.clone();
  }

  /** The number of elements. */
  public long size() {
    return (end - begin) / type.bytes();
  }

  long begin() {
    return begin;
  }

  long end() {
    return end;
  }

  @Override
  public String toString() {
    return JsonReader.abbreviate(name) + " " + type + Arrays.toString(shape);
  }
}
