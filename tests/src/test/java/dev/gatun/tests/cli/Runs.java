package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Path;

/** Compares what runs have left. */
final class Runs {
  private Runs() {}

  /** Both last checkpoints hold the same tensors, to the bit. */
  static void assertSameTensors(Path one, Path other) throws IOException {
    try (SafetensorsReader a = new SafetensorsReader(last(one));
        SafetensorsReader b = new SafetensorsReader(last(other))) {
      assertEquals(a.tensors().keySet(), b.tensors().keySet());
      assertTrue(a.tensors().size() > 3);
      for (String name : a.tensors().keySet()) {
        assertArrayEquals(a.doubles(name), b.doubles(name), name);
      }
    }
  }

  static Path last(Path run) {
    return run.resolve("checkpoints").resolve("last.safetensors");
  }
}
