package dev.gatun.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;

/** The processor as Linux describes it. */
final class Processor {
  private static final Path FILE = Path.of("/proc/cpuinfo");

  private Processor() {}

  /** Its name. */
  static String name() {
    return value("model name");
  }

  /** Whether it has a set of instructions by that name, as {@code avx512vl}. */
  static boolean has(String instructions) {
    return Arrays.asList(value("flags").split(" ", -1)).contains(instructions);
  }

  private static String value(String name) {
    try (Stream<String> lines = Files.lines(FILE)) {
      return lines
          .filter(line -> line.startsWith(name + "\t"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst()
          .orElseThrow(() -> new IllegalStateException(FILE + " has no \"" + name + "\""));
    } catch (IOException e) {
      throw new UncheckedIOException("the processor is unknown", e);
    }
  }
}
