package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.gatun.tests.cli.Cli.Outcome;
import java.io.BufferedWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A million rows, trained on with a heap that does not hold them. */
class LongSeriesTest {
  private static final int ROWS = 1_000_000;

  @TempDir Path folder;

  @Test
  void memoryDoesNotGrowWithTheSeries() throws Exception {
    try (BufferedWriter csv = Files.newBufferedWriter(folder.resolve("long.csv"))) {
      csv.write("second,a,b,c\n");
      for (int i = 0; i < ROWS; i++) {
        int wave = i % 40 < 20 ? i % 20 : 20 - i % 20;
        csv.write(i + "," + wave + "." + i % 7 + "," + i % 11 + "," + (i >>> 3) % 5 + "\n");
      }
    }
    // Three columns and the time are 32 MB as doubles, and what windows see 12 MB more.
    Cli cli = new Cli(folder, "-Xmx40m", "-XX:MaxDirectMemorySize=24m");
    cli.write(
        "c.yaml",
        """
        data: {type: series, path: long.csv, time: second, targets: a, inputs: [a, b, c],
          window: 50, stream: true, validation: 500, test_from: 999000}
        model: {hidden: 8}
        train: {steps: 40, batch: 16, device: cpu, threads: 1}
        """);
    Outcome streamed = cli.run("train", "c.yaml", "--run", "flat");
    assertEquals(0, streamed.status(), streamed.err());
    Outcome forecast = cli.run("predict", "flat", "--input", "long.csv", "--output", "said.csv");
    assertEquals(0, forecast.status(), forecast.err());
    try (Stream<String> lines = Files.lines(folder.resolve("said.csv"))) {
      assertEquals(1 + ROWS - 50 + 1, lines.count());
    }
    Outcome held = cli.run("train", "c.yaml", "--run", "held", "--set", "data.stream=false");
    assertNotEquals(0, held.status(), "the same series in memory has no room in this heap");
  }
}
