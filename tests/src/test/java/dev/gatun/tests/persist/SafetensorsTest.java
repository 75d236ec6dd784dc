package dev.gatun.tests.persist;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.persist.StoredTensor;
import dev.gatun.persist.StoredType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void everyTypeSurvivesARoundTrip() throws IOException {
    try (Workspace workspace = Workspace.host(DType.F32)) {
      LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
      tensors.put("scalar", workspace.tensor(DType.F32).copyFrom(-0.0f));
      tensors.put("empty", workspace.tensor(DType.I32, 3, 0, 5));
      tensors.put("doubles", workspace.tensor(DType.F64, 1, 3).copyFrom(Math.PI, 1e300, -1));
      Tensor longs = workspace.tensor(DType.I64, 2);
      longs.setLong(0, Long.MIN_VALUE);
      longs.setLong(1, (1L << 53) + 1);
      tensors.put("longs \"\u00e9\"\n", longs);
      tensors.put("ints", workspace.tensor(DType.I32, 3).copyFrom(1, -2, Integer.MAX_VALUE));
      Path file = folder.resolve("x.safetensors");
      SafetensorsWriter.write(file, tensors, Map.of("b", "2", "a", "\ud83d\ude00"));
      byte[] first = Files.readAllBytes(file);
      SafetensorsWriter.write(file, tensors, Map.of("a", "\ud83d\ude00", "b", "2"));
      assertArrayEquals(first, Files.readAllBytes(file));
      assertEquals(0, ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8);

      try (SafetensorsReader reader = new SafetensorsReader(file)) {
        assertEquals(Map.of("a", "\ud83d\ude00", "b", "2"), reader.metadata());
        assertEquals(
            List.of("doubles", "longs \"\u00e9\"\n", "scalar", "empty", "ints"),
            List.copyOf(reader.tensors().keySet()));
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
          Tensor read = reader.read(entry.getKey());
          assertEquals(entry.getValue().dtype(), read.dtype());
          assertArrayEquals(entry.getValue().shape(), read.shape());
          assertEquals(-1, entry.getValue().segment().mismatch(read.segment()));
          read.memory().close();
        }
      }
    }
  }

  @Test
  void tensorsLargerThanAChunkAreWhole() throws IOException {
    int size = (1 << 20) / 4 * 2 + 5;
    Tensor tensor = Tensor.host(DType.F32, size);
    for (int i = 0; i < size; i++) {
      tensor.set(i, i);
    }
    Path file = folder.resolve("large.safetensors");
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("first", tensor.view(0, 1));
    tensors.put("large", tensor);
    SafetensorsWriter.write(file, tensors, Map.of());
    try (SafetensorsReader reader = new SafetensorsReader(file)) {
      assertArrayEquals(tensor.toFloats(), reader.floats("large"));
      assertArrayEquals(tensor.toDoubles(), reader.doubles("large"));
    }
    tensor.memory().close();
  }

  @Test
  void typesConvertWithinTheirKind() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
    data.putShort(Float.floatToFloat16(1.5f)).putShort((short) 0xC020).putLong(7);
    data.putLong(1L << 40).putDouble(0.1);
    Path file =
        write(
            "{\"half\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},"
                + "\"brain\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[2,4]},"
                + "\"long\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[4,20]},"
                + "\"double\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[20,28]}}",
            data.array());
    try (SafetensorsReader reader = new SafetensorsReader(file);
        Workspace workspace = Workspace.host(DType.F32)) {
      assertArrayEquals(new float[] {1.5f}, reader.floats("half"));
      assertArrayEquals(new double[] {-2.5}, reader.doubles("brain"));
      assertArrayEquals(new long[] {7, 1L << 40}, reader.longs("long"));
      Tensor real = workspace.real();
      reader.read("double", real);
      assertEquals(0.1f, (float) real.get(0));
      refuses("32 bits", () -> reader.read("long", workspace.tensor(DType.I32, 2)));
      refuses("shape [2], expected [1, 2]", () -> reader.read("long", workspace.real(1, 2)));
      refuses("expected F16, BF16, F32 or F64", () -> reader.read("long", workspace.real(2)));
      refuses("expected I32 or I64", () -> reader.longs("double"));
      refuses("no tensor \"lon\"; it has half, brain, long", () -> reader.read("lon"));
    }
  }

  @Test
  void everyTypeIsListed() throws IOException {
    StringBuilder header = new StringBuilder();
    int at = 0;
    for (StoredType type : StoredType.values()) {
      header.append(header.isEmpty() ? "{" : ",");
      header.append(entry("t" + type, type.name(), "3", at, at + 3 * type.bytes()));
      at += 3 * type.bytes();
    }
    try (SafetensorsReader reader = new SafetensorsReader(write(header + "}", new byte[at]))) {
      assertEquals(StoredType.values().length, reader.tensors().size());
      StoredTensor bool = reader.tensor("tBOOL");
      assertEquals(3, bool.size());
      refuses("stored as BOOL", () -> reader.read("tBOOL"));
      refuses("stored as I8", () -> reader.longs("tI8"));
    }
  }

  private static String entry(String name, String type, String shape, long begin, long end) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%d,%d]}"
        .formatted(name, type, shape, begin, end);
  }

  @Test
  void wrongFilesAreOneClearError() throws IOException {
    refused("3 bytes are no safetensors file", new byte[3]);
    refused("18446744073709551615 exceeds the limit of 100000000", length(-1, 100));
    refused("4294967296 exceeds the limit", length(1L << 32, 0));
    refused("99999999 exceeds the 10 bytes that follow", length(99_999_999, 10));
    refused("must start with '{'", file("[]", 0));
    refused("must start with '{'", file("", 0));
    byte[] latin = file("{\"x\":1}", 0);
    latin[10] = (byte) 0xe9;
    refused("not UTF-8 at byte 10", latin);
    refused("line 1, column 2", file("{", 0));
    refused("expected the end", file("{}{}", 0));
    refused("expected an object", file("{\"a\":1}", 0));
    refused("expected a string", file("{\"__metadata__\":{\"a\":1}}", 0));
    refused("comes twice", file("{" + f32("a", 1, 0, 4) + "," + f32("a", 1, 4, 8) + "}", 8));
    refused("unknown dtype \"F31\"", file("{" + entry("a", "F31", "1", 0, 4) + "}", 4));
    refused("takes 8 bytes", file("{" + f32("a", 2, 0, 4) + "}", 4));
    refused("takes 8 bytes", file("{" + entry("a", "F64", "1", 0, 4) + "}", 4));
    refused("within the 4 bytes", file("{" + f32("a", 2, 0, 8) + "}", 4));
    refused("ordered", file("{" + f32("a", 0, 4, 0) + "}", 4));
    refused("overlap", file("{" + f32("a", 2, 0, 8) + "," + f32("b", 1, 4, 8) + "}", 8));
    refused("gap", file("{" + f32("a", 1, 0, 4) + "," + f32("b", 1, 8, 12) + "}", 12));
    refused("gap", file("{" + f32("a", 1, 4, 8) + "}", 8));
    refused("goes on for 5 bytes", file("{" + f32("a", 1, 0, 4) + "}", 9));
    refused("goes on for 1 bytes", file("{}", 1));
    refused("integer from 0", file("{" + entry("a", "F32", "-1", 0, 4) + "}", 4));
    refused("integer from 0", file("{" + entry("a", "F32", "1.0", 0, 4) + "}", 4));
    refused("integer from 0", file("{" + entry("a", "F32", "9223372036854775808", 0, 4) + "}", 4));
    String huge = "4611686018427387904,4";
    refused("too many elements", file("{" + entry("a", "F32", huge, 0, 4) + "}", 4));
    refused(
        "more than 64 dimensions",
        file("{" + entry("a", "F32", "1" + ",1".repeat(64), 0, 4) + "}", 4));
    refused("data_offsets must be", file("{" + f32("a", 1, 0, 4).replace("[0,4]", "[0]") + "}", 4));
    refused("more than 2", file("{" + f32("a", 1, 0, 4).replace("[0,4]", "[0,4,4]") + "}", 4));
    refused("unknown member \"size\"", file("{\"a\":{\"size\":1}}", 0));
    refused("needs dtype", file("{\"a\":{}}", 0));
  }

  private static String f32(String name, int size, long begin, long end) {
    return entry(name, "F32", Integer.toString(size), begin, end);
  }

  private void refused(String expected, byte[] bytes) throws IOException {
    Path file = folder.resolve("wrong.safetensors");
    Files.write(file, bytes);
    refuses(expected, () -> new SafetensorsReader(file).close());
  }

  private static void refuses(String expected, Executable action) {
    FormatException e = assertThrows(FormatException.class, action);
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(expected), message);
    assertTrue(message.contains(".safetensors: "), message);
    assertTrue(message.length() < 600, message);
  }

  private static byte[] length(long header, int following) {
    return ByteBuffer.allocate(8 + following)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header)
        .array();
  }

  private static byte[] file(String header, int dataBytes) {
    return file(header, new byte[dataBytes]);
  }

  private static byte[] file(String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + json.length + data.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.length)
        .put(json)
        .put(data)
        .array();
  }

  private Path write(String header, byte[] data) throws IOException {
    return Files.write(folder.resolve("given.safetensors"), file(header, data));
  }

  /** Every single-bit flip, every truncation, and every byte replaced by some telling ones. */
  @Test
  void aDamagedFileIsReadOrRefused() throws IOException {
    String header =
        "{\"__metadata__\":{\"k\":\"\\u00e9\"},"
            + f32("a", 2, 0, 8)
            + ","
            + entry("b", "I64", "1,1", 8, 16)
            + "}  ";
    byte[] whole = file(header, new byte[16]);
    List<byte[]> damaged = new ArrayList<>();
    for (int i = 0; i < whole.length; i++) {
      damaged.add(Arrays.copyOf(whole, i));
      for (int bit = 0; bit < 8; bit++) {
        damaged.add(with(whole, i, (byte) (whole[i] ^ (1 << bit))));
      }
      for (char c : "{}[]\",:0- \\\0".toCharArray()) {
        damaged.add(with(whole, i, (byte) c));
      }
    }
    damaged.add(Arrays.copyOf(whole, whole.length + 1));
    int read = 0;
    Path file = folder.resolve("damaged.safetensors");
    for (byte[] bytes : damaged) {
      Files.write(file, bytes);
      try (SafetensorsReader reader = new SafetensorsReader(file)) {
        for (StoredTensor tensor : reader.tensors().values()) {
          if (tensor.type().dtype() != null) {
            Tensor content = reader.read(tensor.name());
            assertTrue(content.size() * content.dtype().bytes() <= 32);
            content.memory().close();
          }
        }
        read++;
      } catch (FormatException e) {
        assertTrue(String.valueOf(e.getMessage()).startsWith(file + ": "), e::getMessage);
      }
    }
    // Flips in names, text, blanks and data leave a valid file; the rest must have been refused.
    assertTrue(read > 16 * 8 && read < damaged.size() / 2, read + " of " + damaged.size());
  }

  private static byte[] with(byte[] whole, int at, byte value) {
    byte[] bytes = whole.clone();
    bytes[at] = value;
    return bytes;
  }

  @Test
  void aFileTruncatedAfterOpeningIsOneClearError() throws IOException {
    Path file = write("{" + f32("a", 2, 0, 8) + "}", new byte[8]);
    try (SafetensorsReader reader = new SafetensorsReader(file)) {
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
      refuses("truncated while being read", () -> reader.floats("a"));
    }
  }

  @Test
  void anUnwritableHeaderLeavesTheFileAsItWas() throws IOException {
    Path file = folder.resolve("kept.safetensors");
    Tensor tensor = Tensor.host(DType.F32, 1);
    LinkedHashMap<String, Tensor> tensors = new LinkedHashMap<>(Map.of("a", tensor));
    SafetensorsWriter.write(file, tensors, Map.of());
    byte[] before = Files.readAllBytes(file);
    LinkedHashMap<String, Tensor> reserved = new LinkedHashMap<>(Map.of("__metadata__", tensor));
    assertThrows(
        IllegalArgumentException.class, () -> SafetensorsWriter.write(file, reserved, Map.of()));
    tensor.memory().close();
    assertThrows(
        IllegalStateException.class, () -> SafetensorsWriter.write(file, tensors, Map.of()));
    assertArrayEquals(before, Files.readAllBytes(file));
  }
}
