package dev.gatun.backend.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.bindings.CachedFile;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Milliseconds of a stack's forward, in training with backward, each way. Kept beside the unpacked
 * libraries, as a CPU's calibration is: a choice that moves from run to run would move the bits of
 * results.
 *
 * @param milliseconds medians, the standard way's first
 */
record MethodTimes(SequencedMap<StackMethod, Double> milliseconds) {
  /**
   * A lead below this keeps the standard way. No GPU was there to measure the noise on; on a CPU of
   * a shared machine the ratio of two medians moved by up to 13 % ({@code Calibration}), and a
   * device of one's own should be quieter.
   */
  private static final double LEAD = 1.1;

  private static final String FOLDER = "calibration";

  /** Ours are below 1 KB; what is longer is none of them. */
  private static final long MOST_BYTES = 1 << 16;

  private static final String TIMES = "milliseconds";

  /** The fastest, unless the standard way is about as fast. */
  StackMethod choice() {
    Map.Entry<StackMethod, Double> best = milliseconds.firstEntry();
    for (Map.Entry<StackMethod, Double> each : milliseconds.sequencedEntrySet()) {
      best = each.getValue() < best.getValue() ? each : best;
    }
    Map.Entry<StackMethod, Double> standard = milliseconds.firstEntry();
    return standard.getValue() > LEAD * best.getValue() ? best.getKey() : standard.getKey();
  }

  /**
   * What was measured under this key, or null: if there is no file, or it is damaged, of something
   * else, or not this user's alone.
   *
   * @param standard the standard way, which every file has
   */
  static @Nullable MethodTimes stored(Map<String, Json> key, StackMethod standard) {
    if (!CachedFile.exists(FOLDER)) {
      return null;
    }
    byte @Nullable [] text = CachedFile.read(FOLDER, fileName(key), MOST_BYTES);
    if (text == null) {
      return null;
    }
    try {
      Json.Members file = Json.parse(new String(text, UTF_8)).asObject();
      for (Map.Entry<String, Json> fact : key.entrySet()) {
        if (!fact.getValue().equals(file.find(fact.getKey()))) {
          return null;
        }
      }
      return of(file.get(TIMES).asObject(), standard);
    } catch (FormatException e) {
      return null; // damaged, or another program's: as if it were not there
    }
  }

  private static MethodTimes of(Json.Members file, StackMethod standard) {
    SequencedMap<StackMethod, Double> times = new LinkedHashMap<>();
    times.put(standard, file.get(standard.label()).asDouble());
    for (Map.Entry<String, Json> each : file.values().entrySet()) {
      StackMethod method = StackMethod.named(each.getKey());
      double time = each.getValue().asDouble();
      if (method == null || !(time > 0 && Double.isFinite(time))) {
        throw new FormatException(each.getKey() + ": a way to compute stacks takes above 0 ms");
      }
      times.put(method, time);
    }
    return new MethodTimes(times);
  }

  /**
   * Keeps it for every later process, in place of an earlier one.
   *
   * @return the file
   * @throws IOException with the remedy, if the cache folder cannot be used
   */
  Path store(Map<String, Json> key) throws IOException {
    Map<String, Json> times = new LinkedHashMap<>();
    milliseconds.forEach((method, time) -> times.put(method.label(), Json.of(time)));
    Map<String, Json> file = new LinkedHashMap<>(key);
    file.put(TIMES, Json.of(times));
    String text = Json.of(file).print() + "\n";
    return CachedFile.write(FOLDER, fileName(key), text.getBytes(UTF_8));
  }

  /** One for each key: machines may share a home folder, and versions take turns. */
  private static String fileName(Map<String, Json> key) {
    CRC32C crc = new CRC32C();
    crc.update(Json.of(key).print().getBytes(UTF_8));
    return "stack-%08x.json".formatted(crc.getValue());
  }

  /** For logs. */
  @Override
  public String toString() {
    return milliseconds.sequencedEntrySet().stream()
        .map(each -> "%s %.4g ms".formatted(each.getKey().label(), each.getValue()))
        .collect(Collectors.joining(", "));
  }
}
