package dev.gatun.persist;

import dev.gatun.tensor.DType;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The element types of a safetensors file. All can be listed; those with a {@link #dtype()} can be
 * read.
 */
public enum StoredType {
  F64(8, DType.F64),
  I64(8, DType.I64),
  U64(8, null),
  F32(4, DType.F32),
  I32(4, DType.I32),
  U32(4, null),
  /** IEEE 754 half precision. */
  F16(2, DType.F32),
  /** The upper half of a float. */
  BF16(2, DType.F32),
  I16(2, null),
  U16(2, null),
  I8(1, null),
  U8(1, null),
  F8_E4M3(1, null),
  F8_E5M2(1, null),
  BOOL(1, null);

  private final int bytes;
  private final @Nullable DType dtype;

  StoredType(int bytes, @Nullable DType dtype) {
    this.bytes = bytes;
    this.dtype = dtype;
  }

  /** The size of one element in bytes. */
  public int bytes() {
    return bytes;
  }

  /** The narrowest of our types that holds every value, or null if there is none to read into. */
  public @Nullable DType dtype() {
    return dtype;
  }

  /** The type that stores a tensor's type exactly. */
  public static StoredType of(DType dtype) {
    return switch (dtype) {
      case F32 -> F32;
      case F64 -> F64;
      case I32 -> I32;
      case I64 -> I64;
    };
  }

  static @Nullable StoredType find(String name) {
    for (StoredType type : values()) {
      if (type.name().equals(name)) {
        return type;
      }
    }
    return null;
  }

  static String names() {
    return Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "));
  }
}
