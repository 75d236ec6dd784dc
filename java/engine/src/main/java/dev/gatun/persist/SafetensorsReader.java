package dev.gatun.persist;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;

/**
 * Reads a safetensors file: eight bytes of header length, a JSON header, then the data, all
 * little-endian (format: github.com/huggingface/safetensors). The whole header is checked when the
 * file is opened, and nothing is allocated on the word of the file alone: a wrong or hostile file
 * is one {@link FormatException}. Safe from one thread at a time.
 */
public final class SafetensorsReader implements AutoCloseable {
  /** The format's own limit for the header. */
  static final long MAX_HEADER_BYTES = 100_000_000;

  /** Large enough that the system call costs nothing next to the copy. */
  static final int CHUNK_BYTES = 1 << 20;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfFloat FILE_FLOAT = FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble FILE_DOUBLE = DOUBLE.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt FILE_INT = INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong FILE_LONG = LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort FILE_SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String file;
  private final FileChannel channel;
  private final long dataStart;
  private final SafetensorsHeader header;

  /**
   * Opens a file and checks its header.
   *
   * @param file the file
   * @throws FormatException if it is no correct safetensors file
   * @throws IOException if it cannot be read
   */
  public SafetensorsReader(Path file) throws IOException {
    this.file = file.toString();
    if (Files.isDirectory(file)) {
      throw new FileSystemException(
          this.file, null, "is a folder; a safetensors file is to be read");
    }
    if (!Files.exists(file)) {
      throw new NoSuchFileException(this.file, null, "there is no such file");
    }
    channel = FileChannel.open(file, StandardOpenOption.READ);
    try {
      long fileBytes = channel.size();
      long headerBytes = headerBytes(fileBytes);
      dataStart = Long.BYTES + headerBytes;
      ByteBuffer json = ByteBuffer.allocate((int) headerBytes);
      readFully(json, Long.BYTES);
      header = new SafetensorsHeader(this.file, json, fileBytes - dataStart);
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private long headerBytes(long fileBytes) throws IOException {
    if (fileBytes < Long.BYTES) {
      throw new FormatException(
          "%s: %d bytes are no safetensors file, which starts with 8 bytes of header length"
              .formatted(file, fileBytes));
    }
    ByteBuffer first = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    readFully(first, 0);
    long bytes = first.getLong(0);
    if (Long.compareUnsigned(bytes, Math.min(fileBytes - Long.BYTES, MAX_HEADER_BYTES)) > 0) {
      throw new FormatException(
          "%s: the header length %s exceeds %s; truncated, or no safetensors file?"
              .formatted(
                  file,
                  Long.toUnsignedString(bytes),
                  Long.compareUnsigned(bytes, MAX_HEADER_BYTES) > 0
                      ? "the limit of " + MAX_HEADER_BYTES + " bytes"
                      : "the " + (fileBytes - Long.BYTES) + " bytes that follow"));
    }
    return bytes;
  }

  /** The file, as it was given. */
  public String name() {
    return file;
  }

  /** The tensors by name, in the order of the header. */
  public Map<String, StoredTensor> tensors() {
    return header.tensors();
  }

  /** The strings stored under {@code __metadata__}. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * A tensor's description.
   *
   * @throws FormatException if the file has no such tensor
   */
  public StoredTensor tensor(String name) {
    StoredTensor tensor = header.tensors().get(name);
    if (tensor == null) {
      throw new FormatException(
          "%s: no %s; it has %s"
              .formatted(
                  file,
                  SafetensorsHeader.quoted(name),
                  JsonReader.abbreviate(String.join(", ", header.tensors().keySet()))));
    }
    return tensor;
  }

  /**
   * Overwrites a tensor with a stored one. Reals convert between 16, 32 and 64 bits, rounding where
   * they narrow; integers between 32 and 64 bits.
   *
   * @param name the stored tensor
   * @param into host tensor of the same shape
   * @throws FormatException if the file has no such tensor, or of another shape or kind, or an
   *     integer does not fit
   * @throws IOException if it cannot be read
   */
  public void read(String name, Tensor into) throws IOException {
    StoredTensor stored = tensor(name);
    if (!Arrays.equals(stored.shape(), into.shape())) {
      throw wrong(
          stored,
          "has shape %s, expected %s"
              .formatted(Arrays.toString(stored.shape()), Arrays.toString(into.shape())));
    }
    read(stored, into.dtype(), into.segment());
  }

  /**
   * Reads a tensor into host memory of its own, as {@link StoredType#dtype()}; the caller closes
   * its memory.
   *
   * @throws FormatException if the file has no such tensor or its type has no counterpart
   * @throws IOException if it cannot be read
   */
  public Tensor read(String name) throws IOException {
    StoredTensor stored = tensor(name);
    DType dtype = stored.type().dtype();
    if (dtype == null) {
      throw unreadable(stored, "F16, BF16, F32, F64, I32 or I64");
    }
    Tensor tensor = Tensor.host(dtype, stored.shape());
    try {
      read(stored, dtype, tensor.segment());
    } catch (IOException | RuntimeException | Error e) {
      tensor.memory().close();
      throw e;
    }
    return tensor;
  }

  /** A tensor of reals as floats, rounded if stored as F64; errors as {@link #read(String)}. */
  public float[] floats(String name) throws IOException {
    StoredTensor stored = tensor(name);
    checkKind(stored, DType.F32);
    float[] values = new float[length(stored)];
    read(stored, DType.F32, MemorySegment.ofArray(values));
    return values;
  }

  /** A tensor of reals as doubles; errors as {@link #read(String)}. */
  public double[] doubles(String name) throws IOException {
    StoredTensor stored = tensor(name);
    checkKind(stored, DType.F64);
    double[] values = new double[length(stored)];
    read(stored, DType.F64, MemorySegment.ofArray(values));
    return values;
  }

  /** A tensor of integers as longs; errors as {@link #read(String)}. */
  public long[] longs(String name) throws IOException {
    StoredTensor stored = tensor(name);
    checkKind(stored, DType.I64);
    long[] values = new long[length(stored)];
    read(stored, DType.I64, MemorySegment.ofArray(values));
    return values;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private int length(StoredTensor stored) {
    // The largest array the JVM gives; sizes were checked against the file's, so this is real data.
    if (stored.size() > Integer.MAX_VALUE - 8) {
      throw wrong(stored, "is too large for an array: read it into a Tensor");
    }
    return (int) stored.size();
  }

  private void checkKind(StoredTensor stored, DType wanted) {
    DType dtype = stored.type().dtype();
    if (dtype == null || dtype.isReal() != wanted.isReal()) {
      throw unreadable(stored, wanted.isReal() ? "F16, BF16, F32 or F64" : "I32 or I64");
    }
  }

  private void read(StoredTensor stored, DType dtype, MemorySegment into) throws IOException {
    checkKind(stored, dtype);
    int step = stored.type().bytes();
    ByteBuffer buffer =
        ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, stored.end() - stored.begin()));
    MemorySegment chunk = MemorySegment.ofBuffer(buffer);
    long element = 0;
    for (long at = stored.begin(); at < stored.end(); at += buffer.limit()) {
      buffer.clear().limit((int) Math.min(CHUNK_BYTES, stored.end() - at));
      readFully(buffer, dataStart + at);
      int count = buffer.limit() / step;
      convert(stored, chunk, count, dtype, into, element);
      element += count;
    }
  }

  private void convert(
      StoredTensor stored,
      MemorySegment chunk,
      int count,
      DType dtype,
      MemorySegment into,
      long element) {
    long at = element * dtype.bytes();
    StoredType type = stored.type();
    switch (dtype) {
      case F32 -> {
        if (type == StoredType.F32) {
          MemorySegment.copy(chunk, FILE_FLOAT, 0, into, FLOAT, at, count);
          return;
        }
        for (int i = 0; i < count; i++) {
          into.set(FLOAT, at + i * 4L, (float) real(type, chunk, i));
        }
      }
      case F64 -> {
        for (int i = 0; i < count; i++) {
          into.set(DOUBLE, at + i * 8L, real(type, chunk, i));
        }
      }
      case I32 -> {
        for (int i = 0; i < count; i++) {
          long value = integer(type, chunk, i);
          if (value != (int) value) {
            throw wrong(
                stored, "element " + (element + i) + ", " + value + ", does not fit in 32 bits");
          }
          into.set(INT, at + i * 4L, (int) value);
        }
      }
      case I64 -> {
        for (int i = 0; i < count; i++) {
          into.set(LONG, at + i * 8L, integer(type, chunk, i));
        }
      }
    }
  }

  private static double real(StoredType type, MemorySegment chunk, int i) {
    return switch (type) {
      case F64 -> chunk.get(FILE_DOUBLE, i * 8L);
      case F32 -> chunk.get(FILE_FLOAT, i * 4L);
      case F16 -> Float.float16ToFloat(chunk.get(FILE_SHORT, i * 2L));
      case BF16 -> Float.intBitsToFloat(chunk.get(FILE_SHORT, i * 2L) << 16);
      default -> throw new IllegalArgumentException(type + " is not real");
    };
  }

  private static long integer(StoredType type, MemorySegment chunk, int i) {
    return type == StoredType.I64 ? chunk.get(FILE_LONG, i * 8L) : chunk.get(FILE_INT, i * 4L);
  }

  private void readFully(ByteBuffer into, long position) throws IOException {
    while (into.hasRemaining()) {
      int read = channel.read(into, position + into.position());
      if (read < 0) {
        throw new FormatException(file + ": truncated while being read; it was whole when opened");
      }
    }
    into.flip();
  }

  private FormatException unreadable(StoredTensor stored, String expected) {
    return wrong(stored, "is stored as " + stored.type() + ", expected " + expected);
  }

  private FormatException wrong(StoredTensor stored, String problem) {
    return new FormatException(
        file + ": " + SafetensorsHeader.quoted(stored.name()) + " " + problem);
  }
}
