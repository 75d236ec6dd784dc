package dev.gatun.tests.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.app.report.Metrics;
import dev.gatun.app.run.Training;
import dev.gatun.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A full disk is told in one line: which file, and how much was free for it. */
class FullDiskTest {
  @TempDir Path folder;

  private Path disk = Path.of("");

  private static String call(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    return process.waitFor() == 0 ? "" : "cannot " + String.join(" ", command) + ": " + said;
  }

  /** Only root may mount, and not in every container. */
  @BeforeEach
  void mount() throws IOException, InterruptedException {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "a disk in memory is Linux' tmpfs");
    Path to = Files.createDirectory(folder.resolve("disk"));
    String problem = call("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", to.toString());
    assumeTrue(problem.isEmpty(), problem);
    disk = to;
  }

  @AfterEach
  void unmount() throws IOException, InterruptedException {
    if (!disk.toString().isEmpty()) {
      assertEquals("", call("umount", disk.toString()));
    }
  }

  /** Writes until nothing fits any more. */
  private void fill() throws IOException {
    try (OutputStream out = Files.newOutputStream(disk.resolve("filler"))) {
      assertThrows(
          IOException.class,
          () -> {
            while (true) {
              out.write(new byte[512]);
            }
          });
    }
  }

  @Test
  void metricsAreNamed() throws IOException {
    Path file = disk.resolve("metrics.csv");
    Metrics metrics = Metrics.create(file);
    fill();
    FileSystemException full =
        assertThrows(
            FileSystemException.class,
            () -> {
              for (int step = 0; step < 1000; step++) {
                metrics.add(step, 0, 0.1234567, 0.2345678, 0.3456789, 0.4567891, 0.5678912);
              }
            });
    assertEquals(file.toString(), full.getFile());
    assertEquals("No space left on device (0 bytes were free for it)", full.getReason());
  }

  @Test
  void predictionsAreNamed() throws IOException {
    Training.Result run = KeyRuns.train(folder, Samples.SERIES, "train.steps=1");
    fill();
    Path output = disk.resolve("said.csv");
    Outcome told =
        InProcess.run(
            "predict",
            run.run().path().toString(),
            "--input",
            folder.resolve("wave.csv").toString(),
            "--output",
            output.toString());
    assertEquals(1, told.status(), told.err());
    assertTrue(
        told.err()
            .strip()
            .endsWith(
                "gatun: "
                    + output
                    + ": No space left on device (0 bytes were free for it); free some, or choose"
                    + " another folder"),
        told.err());
    assertTrue(Files.notExists(output), "half a file");
  }

  /** Whichever of its files is the first that does not fit. */
  @Test
  void aRunEndsWithOneLine() throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Path config = Files.writeString(folder.resolve("c.yaml"), Samples.SERIES);
    Outcome told =
        InProcess.run(
            "train",
            config.toString(),
            "--run",
            disk.resolve("r").toString(),
            "--set",
            "model.hidden=64",
            "--device",
            "cpu");
    assertEquals(1, told.status(), told.err());
    String last = told.err().lines().reduce("", (first, second) -> second);
    assertTrue(last.startsWith("gatun: " + disk.resolve("r")), last);
    assertTrue(
        last.matches(".*: No space left on device \\([0-9,]+ bytes were free for it\\); .*"), last);
    assertTrue(last.endsWith("--run DIR --resume"), last);
  }
}
