package dev.gatun.persist;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads and checks the header of a safetensors file; every rule is the format's own. */
final class SafetensorsHeader {
  static final String METADATA = "__metadata__";

  /** PyTorch's limit, far above any real tensor, so that a hostile shape stays small. */
  private static final int MAX_RANK = 64;

  private final String file;
  private final long dataBytes;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  /**
   * Reads a header.
   *
   * @param file what messages call the file
   * @param json the header's bytes
   * @param dataBytes the size of the rest of the file
   * @throws FormatException if the header is wrong
   */
  SafetensorsHeader(String file, ByteBuffer json, long dataBytes) {
    this.file = file;
    this.dataBytes = dataBytes;
    JsonReader reader = new JsonReader(decode(json));
    try {
      reader.object(name -> member(reader, name));
      reader.end();
    } catch (FormatException e) {
      throw new FormatException(file + ": header, " + e.getMessage(), e);
    }
    checkCoverage();
  }

  /** The tensors by name, in the header's order. */
  Map<String, StoredTensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  /** The file's own strings. */
  Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  private String decode(ByteBuffer json) {
    ByteBuffer bytes = json.duplicate();
    if (!bytes.hasRemaining() || bytes.get(bytes.position()) != '{') {
      throw new FormatException(file + ": the header must start with '{'; no safetensors file?");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException(
          "%s: the header is not UTF-8 at byte %d of the file"
              .formatted(file, 8 + bytes.position()),
          e);
    }
  }

  private void member(JsonReader reader, String name) {
    if (name.equals(METADATA)) {
      reader.object(key -> metadata.put(key, reader.string()));
      return;
    }
    Fields fields = new Fields(name);
    reader.object(field -> fields.read(reader, field));
    tensors.put(name, fields.tensor());
  }

  /** The members of one tensor's entry, as far as they have been read. */
  private final class Fields {
    private final String name;
    private @Nullable StoredType type;
    private long @Nullable [] shape;
    private long @Nullable [] offsets;

    Fields(String name) {
      this.name = name;
    }

    void read(JsonReader reader, String field) {
      switch (field) {
        case "dtype" -> {
          String text = reader.string();
          type = StoredType.find(text);
          if (type == null) {
            throw wrong(
                "unknown dtype \""
                    + JsonReader.abbreviate(text)
                    + "\", known are "
                    + StoredType.names());
          }
        }
        case "shape" -> shape = counts(reader, MAX_RANK, "dimensions");
        case "data_offsets" -> {
          offsets = counts(reader, 2, "data_offsets");
          if (offsets.length != 2) {
            throw wrong("data_offsets must be [begin, end]");
          }
        }
        default ->
            throw wrong(
                "unknown member \"%s\": expected dtype, shape and data_offsets"
                    .formatted(JsonReader.abbreviate(field)));
      }
    }

    private long[] counts(JsonReader reader, int limit, String what) {
      List<Long> values = new ArrayList<>();
      reader.array(
          () -> {
            if (values.size() == limit) {
              throw wrong("more than " + limit + " " + what);
            }
            values.add(reader.count());
          });
      return values.stream().mapToLong(Long::longValue).toArray();
    }

    StoredTensor tensor() {
      if (type == null || shape == null || offsets == null) {
        throw wrong("needs dtype, shape and data_offsets");
      }
      long begin = offsets[0];
      long end = offsets[1];
      if (begin > end || end > dataBytes) {
        throw wrong(
            "data_offsets [%d, %d] must be ordered and within the %d bytes of data"
                .formatted(begin, end, dataBytes));
      }
      long bytes = type.bytes();
      try {
        for (long dimension : shape) {
          bytes = Math.multiplyExact(bytes, dimension);
        }
      } catch (ArithmeticException e) {
        String tooMany = " has too many elements";
        throw new FormatException(quoted(name) + ": shape " + Arrays.toString(shape) + tooMany, e);
      }
      if (bytes != end - begin) {
        throw wrong(
            "%s of shape %s takes %d bytes, but data_offsets [%d, %d] give %d"
                .formatted(type, Arrays.toString(shape), bytes, begin, end, end - begin));
      }
      return new StoredTensor(name, type, shape, begin, end);
    }

    private FormatException wrong(String problem) {
      return new FormatException(quoted(name) + ": " + problem);
    }
  }

  /** The tensors must fill the data without gap or overlap. */
  private void checkCoverage() {
    List<StoredTensor> ordered = new ArrayList<>(tensors.values());
    ordered.sort(
        Comparator.comparingLong(StoredTensor::begin).thenComparingLong(StoredTensor::end));
    long covered = 0;
    String previous = "the start of the data";
    for (StoredTensor tensor : ordered) {
      if (tensor.begin() != covered) {
        throw new FormatException(
            "%s: %s must begin at byte %d of the data, right after %s; data_offsets say %d: %s"
                .formatted(
                    file,
                    quoted(tensor.name()),
                    covered,
                    previous,
                    tensor.begin(),
                    tensor.begin() < covered ? "they overlap" : "there is a gap"));
      }
      covered = tensor.end();
      previous = quoted(tensor.name());
    }
    if (covered != dataBytes) {
      throw new FormatException(
          "%s: the tensors end at byte %d of the data, but the file goes on for %d bytes"
              .formatted(file, covered, dataBytes - covered));
    }
  }

  static String quoted(String name) {
    return "tensor \"" + JsonReader.abbreviate(name) + "\"";
  }
}
