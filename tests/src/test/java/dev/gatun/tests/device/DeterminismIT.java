package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tests.support.ChildJvm;
import dev.gatun.tests.support.DeviceRun;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The same seed gives the same bits, run to run, whatever else the device does. */
@OnDevice
class DeterminismIT {
  private static final int STEPS = DeviceRun.size(200, 8);
  private static final int SECONDS = 240;

  private static long trained(long seed) {
    try (TextTraining training = new TextTraining(seed)) {
      training.steps(STEPS);
      assertTrue(training.finite());
      return training.checksum();
    }
  }

  private static long inAnotherProcess(long seed) {
    ChildJvm.Result result =
        ChildJvm.run(
            DeviceRun.flags(),
            TrainingMain.class,
            List.of(Integer.toString(STEPS), Long.toString(seed)),
            SECONDS);
    assertEquals(0, result.exit(), result.output());
    String line =
        result.output().lines().filter(each -> each.startsWith("checksum ")).findFirst().get();
    return Long.parseLong(line.substring("checksum ".length()));
  }

  @Test
  void runToRun() {
    long first = trained(1);
    assertEquals(first, trained(1));
    assertNotEquals(first, trained(2));
  }

  @Test
  void twoProcessesShareTheDevice() {
    long alone = trained(1);
    CompletableFuture<Long> one = CompletableFuture.supplyAsync(() -> inAnotherProcess(1));
    CompletableFuture<Long> other = CompletableFuture.supplyAsync(() -> inAnotherProcess(2));
    long second = other.join();
    assertEquals(alone, one.join(), "beside another process");
    assertEquals(trained(2), second, "beside another process");
  }
}
