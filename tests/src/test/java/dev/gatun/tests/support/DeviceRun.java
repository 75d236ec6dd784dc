package dev.gatun.tests.support;

import dev.gatun.persist.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the tests for a device are given: {@code gatun.device=true} in a run on one, {@code
 * gatun.cuda.double} in one on the CUDA double, where all is sized down; {@code gatun.device.small}
 * sizes down a run on a device too.
 */
public final class DeviceRun {
  private DeviceRun() {}

  /** Whether there is a device, or its double, that tests are meant to use. */
  public static boolean possible() {
    return Boolean.getBoolean("gatun.device") || onDouble();
  }

  /** Whether the double computes. */
  public static boolean onDouble() {
    return System.getProperty("gatun.cuda.double") != null;
  }

  /** Whether shapes and counts are to be small. */
  public static boolean small() {
    return onDouble() || Boolean.getBoolean("gatun.device.small");
  }

  /** The first on a device, the second on the double. */
  public static int size(int full, int small) {
    return small() ? small : full;
  }

  /** The JVM flags that make a child find what this JVM was told to find. */
  public static List<String> flags() {
    List<String> flags = new ArrayList<>();
    System.getProperties().stringPropertyNames().stream()
        .filter(name -> name.startsWith("gatun."))
        .sorted()
        .forEach(name -> flags.add("-D" + name + "=" + System.getProperty(name)));
    return flags;
  }

  /** The root of the checkout, or of the archive's copy of what tests read. */
  public static Path root() {
    return Path.of(System.getProperty("gatun.root", "..")).toAbsolutePath().normalize();
  }

  /**
   * Keeps what was measured, for the report: one file for each name in the folder {@code
   * gatun.device.report}; without one it is only printed.
   */
  public static void report(String name, Json values) {
    @Nullable String folder = System.getProperty("gatun.device.report");
    System.out.printf(Locale.ROOT, "%s: %s%n", name, values.print());
    if (folder != null) {
      try {
        Files.createDirectories(Path.of(folder));
        Files.writeString(Path.of(folder, name + ".json"), values.print() + "\n");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
