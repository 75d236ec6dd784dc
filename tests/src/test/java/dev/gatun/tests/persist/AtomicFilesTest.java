package dev.gatun.tests.persist;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.AtomicFiles;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  @TempDir Path folder;

  @Test
  void aFileIsCreatedAndReplaced() throws IOException {
    Path file = folder.resolve("config.yaml");
    AtomicFiles.write(file, "a: \u00e9\n");
    AtomicFiles.write(file, "b: 1\n");
    assertEquals("b: 1\n", Files.readString(file));
    assertEquals(List.of(file), files());
  }

  @Test
  void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = folder.resolve("x");
    AtomicFiles.write(file, "old");
    assertThrows(
        IOException.class,
        () ->
            AtomicFiles.write(
                file,
                channel -> {
                  channel.write(ByteBuffer.wrap(new byte[3]));
                  throw new IOException("disk full");
                }));
    assertEquals("old", Files.readString(file));
    assertEquals(List.of(file), files());
    assertThrows(IOException.class, () -> AtomicFiles.write(folder.resolve("no/such"), "x"));
  }

  @Test
  void leftoversOfDeadProcessesAreRemoved() throws IOException {
    // Above any system's largest process id, so surely dead.
    Path dead = Files.writeString(folder.resolve(".x.999999999-1.tmp"), "half");
    Path alive =
        Files.writeString(folder.resolve(".x." + ProcessHandle.current().pid() + "-0.tmp"), "half");
    Path other = Files.writeString(folder.resolve(".xy.999999999-1.tmp"), "half");
    AtomicFiles.write(folder.resolve("x"), "whole");
    assertTrue(Files.notExists(dead) && Files.exists(alive) && Files.exists(other));
  }

  /** Kills a process that keeps replacing a checkpoint; what is left must be one whole version. */
  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void aKillLeavesAWholeFile() throws IOException, InterruptedException {
    Path file = folder.resolve("state.safetensors");
    String path = System.getProperty("java.class.path") + File.pathSeparator + ownClasses();
    for (int kill = 0; kill < 4; kill++) {
      Files.deleteIfExists(file);
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  path,
                  Saver.class.getName(),
                  file.toString())
              .inheritIO()
              .start();
      while (process.isAlive() && Files.notExists(file)) {
        Thread.sleep(1);
      }
      Thread.sleep(7L * kill);
      process.destroyForcibly().waitFor();
      try (SafetensorsReader reader = new SafetensorsReader(file)) {
        float[] values = reader.floats("w");
        float[] expected = new float[values.length];
        Arrays.fill(expected, Float.parseFloat(String.valueOf(reader.metadata().get("step"))));
        assertArrayEquals(expected, values);
      }
    }
  }

  /** Where the engine's and these classes are, wherever the module system took them from. */
  private static String ownClasses() {
    return Stream.of(AtomicFiles.class, Saver.class)
        .map(type -> Path.of(URI.create(location(type))).toString())
        .reduce((a, b) -> a + File.pathSeparator + b)
        .orElseThrow();
  }

  private static String location(Class<?> type) {
    return type.getProtectionDomain().getCodeSource().getLocation().toString();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }

  /** Replaces a file until killed. */
  static final class Saver {
    private Saver() {}

    public static void main(String[] args) throws IOException {
      Tensor tensor = Tensor.host(DType.F32, 300_000);
      for (int step = 0; ; step++) {
        tensor.segment().fill((byte) 0);
        for (int i = 0; i < tensor.size(); i++) {
          tensor.set(i, step);
        }
        SafetensorsWriter.write(
            Path.of(args[0]),
            new LinkedHashMap<>(Map.of("w", tensor)),
            Map.of("step", Integer.toString(step)));
      }
    }
  }
}
