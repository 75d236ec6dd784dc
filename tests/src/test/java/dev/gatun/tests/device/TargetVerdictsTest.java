package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.app.bench.Noise;
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.Python;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How bench/peers/targets.py decides, and the numbers that it shares with {@code gatun bench}. */
class TargetVerdictsTest {
  @TempDir private Path folder;

  @Test
  void decideAsTheirChecksSay() throws Exception {
    String missing = Python.missing(folder, "import json");
    assumeTrue(missing.isEmpty(), missing);
    String program = DeviceRun.root().resolve("bench/peers/targets.py").toString();
    Python.Outcome outcome = Python.run(folder, 120, Map.of(), List.of(program, "--self-check"));
    assertEquals(0, outcome.status(), outcome.said());
    assertTrue(outcome.said().contains("OK"), outcome.said());
  }

  /** The constants are target_noise.py's, some of them in target_check.py. */
  @Test
  void noiseIsTheSameInBothLanguages() {
    Noise noise = new Noise(7);
    float[] x = noise.floats("x", 100_001, 1);
    assertEquals(-0.12520015239715576, x[0]);
    assertEquals(-0.15017759799957275, x[1]);
    assertEquals(0.6284892559051514, x[100_000], "in another chunk");
    assertArrayEquals(new int[] {4, 10, 8, 5, 8, 9, 8, 6}, noise.whole("tokens", 8, 11));
    assertArrayEquals(
        new double[] {
          -0.02278125286102295,
          -0.022856712341308594,
          1.5567420721054077,
          1.8242747783660889,
          -0.07746219635009766,
          -0.4639056921005249,
          0.35841643810272217,
          0.46956145763397217
        },
        Noise.sums(noise.floats("x", 10, 0.5)),
        1e-12);
  }
}
