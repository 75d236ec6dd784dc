package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.tensor.Memory;
import dev.gatun.tests.support.DeviceRun;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

/** More than the device has: one clear error, after which everything goes on. */
@OnDevice
class OutOfMemoryIT {
  /** What is left when the device counts as full. */
  private static final long REST = DeviceRun.size(64, 1) * (1L << 20);

  /** A plan that takes several times that. */
  private static final PlanSpec LARGE =
      PlanSpec.training(DeviceRun.size(512, 64), DeviceRun.size(512, 64));

  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(8), RecurrentLayer.lstm(64), Linear.of(4));

  @Test
  void aPlanThatDoesNotFitIsOneErrorAndNothingIsLost() {
    final long checksum;
    try (TextTraining training = new TextTraining(3)) {
      training.steps(3);
      checksum = training.checksum();
    }
    Deque<Memory> blocks = new ArrayDeque<>();
    try (Backend backend = Backends.open("cuda");
        Model model = SPEC.build(backend, 1)) {
      try {
        fill(backend, blocks);
        long free = FlatMemoryIT.free();
        for (int i = 0; i < 3; i++) {
          String message =
              String.valueOf(
                  assertThrows(
                          OutOfMemoryError.class,
                          () -> model.plan(LARGE, NumericLoss.meanSquaredError()).close())
                      .getMessage());
          assertTrue(message.startsWith("no memory on cuda"), message);
          assertTrue(message.contains("are free"), message);
          assertEquals(free, FlatMemoryIT.free(), "what the plan had is given back");
        }
      } finally {
        blocks.forEach(Memory::close);
      }
      model.plan(LARGE, NumericLoss.meanSquaredError()).close();
    }
    try (TextTraining training = new TextTraining(3)) {
      training.steps(3);
      assertEquals(checksum, training.checksum());
    }
  }

  /** Takes all but {@link #REST}, in blocks that halve. */
  private static void fill(Backend backend, Deque<Memory> blocks) {
    long size = Long.highestOneBit(FlatMemoryIT.free());
    while (size >= REST) {
      try {
        blocks.push(backend.allocate(size));
      } catch (OutOfMemoryError e) {
        assertTrue(String.valueOf(e.getMessage()).contains("" + size), e.getMessage());
        size /= 2;
      }
    }
  }
}
