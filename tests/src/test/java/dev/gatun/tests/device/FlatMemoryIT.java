package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.persist.Json;
import dev.gatun.tests.support.DeviceRun;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Ten thousand steps of ragged batches take no more memory, on the device or off it. */
@OnDevice
@EnabledOnOs(OS.LINUX)
class FlatMemoryIT {
  private static final int STEPS =
      Integer.getInteger("gatun.device.steps", DeviceRun.size(10_000, 120));

  /** Every length and shape has come by then, and the JIT has compiled the loops. */
  private static final int WARM = STEPS / 5;

  /** A step's buffers would be gigabytes over that many; the JVM's own needs move by megabytes. */
  private static final long HOST = 48L << 20;

  /** On a device libraries load kernels of theirs when they first want them; blocks are 2 MB. */
  private static final long DEVICE = DeviceRun.onDouble() ? 0 : 32L << 20;

  /** Free bytes of the device: what other processes do counts too, so that none should run. */
  static long free() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, 2);
      assertEquals(0, cudart_h.cudaMemGetInfo(values, values.asSlice(Long.BYTES)));
      return values.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  private static long resident() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no VmRSS in /proc/self/status");
  }

  @Test
  void stepsTakeNoMemory() throws IOException {
    try (TextTraining training = new TextTraining(1)) {
      training.steps(WARM);
      double early = training.trainer.loss();
      long device = free();
      long host = resident();
      long start = System.nanoTime();
      training.steps(STEPS - WARM);
      double seconds = (System.nanoTime() - start) * 1e-9;
      Map<String, Json> figures = new LinkedHashMap<>();
      figures.put("steps", Json.of((long) STEPS));
      figures.put("ms_per_step", Json.of(1e3 * seconds / (STEPS - WARM)));
      figures.put("device_bytes_more", Json.of(device - free()));
      figures.put("host_bytes_more", Json.of(resident() - host));
      figures.put("loss_early", Json.of(early));
      figures.put("loss", Json.of(training.trainer.loss()));
      DeviceRun.report("flat_memory", Json.of(figures));
      assertTrue(device - free() <= DEVICE, () -> "device memory: " + figures);
      assertTrue(resident() - host < HOST, () -> "host memory: " + figures);
      assertTrue(training.finite());
      assertTrue(training.trainer.loss() < early, () -> "it learns nothing: " + figures);
    }
  }
}
