package dev.gatun.persist;

import dev.gatun.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/** Writes safetensors files; the same tensors and metadata always give the same bytes. */
public final class SafetensorsWriter {
  private SafetensorsWriter() {}

  /**
   * Creates or replaces a file, atomically as {@link AtomicFiles#write}. Wider types come first, so
   * that each tensor's data is aligned to its elements; otherwise the order of the map is kept.
   *
   * @param file the file; its folder must exist
   * @param tensors host tensors by name
   * @param metadata strings for {@code __metadata__}, written in the order of their keys
   * @throws IllegalArgumentException if a tensor is named {@code __metadata__}, a tensor is on a
   *     device, or the header exceeds the format's 100 MB
   * @throws IOException if it cannot be written; {@code file} is then as it was before
   */
  public static void write(
      Path file, SequencedMap<String, Tensor> tensors, Map<String, String> metadata)
      throws IOException {
    List<Map.Entry<String, Tensor>> ordered = new ArrayList<>(tensors.entrySet());
    ordered.sort(
        Comparator.comparingInt(
            (Map.Entry<String, Tensor> entry) -> -entry.getValue().dtype().bytes()));
    byte[] header = header(ordered, metadata).getBytes(StandardCharsets.UTF_8);
    if (header.length > SafetensorsReader.MAX_HEADER_BYTES) {
      throw new IllegalArgumentException(
          "%s: a header of %d bytes exceeds the format's limit of %d: store less metadata"
              .formatted(file, header.length, SafetensorsReader.MAX_HEADER_BYTES));
    }
    AtomicFiles.write(
        file,
        channel -> {
          ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
          AtomicFiles.writeFully(channel, length.putLong(0, header.length));
          AtomicFiles.writeFully(channel, ByteBuffer.wrap(header));
          ByteBuffer buffer = ByteBuffer.allocateDirect(SafetensorsReader.CHUNK_BYTES);
          for (Map.Entry<String, Tensor> entry : ordered) {
            write(entry.getValue(), buffer, channel);
          }
        });
  }

  private static String header(
      List<Map.Entry<String, Tensor>> tensors, Map<String, String> metadata) {
    StringBuilder out = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      JsonPrinter.quote(SafetensorsHeader.METADATA, out);
      char before = '{';
      out.append(':');
      for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
        out.append(before);
        JsonPrinter.quote(entry.getKey(), out);
        out.append(':');
        JsonPrinter.quote(entry.getValue(), out);
        before = ',';
      }
      out.append('}');
    }
    long at = 0;
    for (Map.Entry<String, Tensor> entry : tensors) {
      if (entry.getKey().equals(SafetensorsHeader.METADATA)) {
        throw new IllegalArgumentException("no tensor may be named " + entry.getKey());
      }
      Tensor tensor = entry.getValue();
      long end = at + tensor.segment().byteSize();
      out.append(out.length() > 1 ? "," : "");
      JsonPrinter.quote(entry.getKey(), out);
      out.append(":{\"dtype\":\"").append(StoredType.of(tensor.dtype())).append("\",\"shape\":[");
      for (int i = 0; i < tensor.rank(); i++) {
        out.append(i > 0 ? "," : "").append(tensor.dim(i));
      }
      out.append("],\"data_offsets\":[").append(at).append(',').append(end).append("]}");
      at = end;
    }
    out.append('}');
    int bytes = out.toString().getBytes(StandardCharsets.UTF_8).length;
    return out.repeat(' ', Math.floorMod(-bytes, 8)).toString();
  }

  private static void write(Tensor tensor, ByteBuffer buffer, FileChannel channel)
      throws IOException {
    MemorySegment from = tensor.segment();
    MemorySegment chunk = MemorySegment.ofBuffer(buffer.clear());
    ValueLayout layout =
        switch (tensor.dtype().bytes()) {
          case Integer.BYTES -> ValueLayout.JAVA_INT_UNALIGNED;
          default -> ValueLayout.JAVA_LONG_UNALIGNED;
        };
    for (long at = 0; at < from.byteSize(); at += buffer.limit()) {
      int bytes = (int) Math.min(chunk.byteSize(), from.byteSize() - at);
      MemorySegment.copy(
          from,
          layout,
          at,
          chunk,
          layout.withOrder(ByteOrder.LITTLE_ENDIAN),
          0,
          bytes / layout.byteSize());
      buffer.clear().limit(bytes);
      AtomicFiles.writeFully(channel, buffer);
    }
  }
}
