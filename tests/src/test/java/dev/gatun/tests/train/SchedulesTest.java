package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.optim.Schedule;
import dev.gatun.optim.Schedules;
import org.junit.jupiter.api.Test;

/** Rates printed by PyTorch 2.13's schedulers for a rate of 0.1. */
class SchedulesTest {
  private static void assertRates(Schedule schedule, double... expected) {
    for (int step = 0; step < expected.length; step++) {
      assertEquals(expected[step], schedule.at(step), 1e-15, "step " + step);
    }
  }

  @Test
  void constant() {
    assertRates(Schedules.constant(0.1), 0.1, 0.1, 0.1);
  }

  @Test
  void stepDecay() {
    // StepLR(step_size=3, gamma=0.5)
    assertRates(
        Schedules.stepDecay(0.1, 3, 0.5),
        0.1,
        0.1,
        0.1,
        0.05,
        0.05,
        0.05,
        0.025,
        0.025,
        0.025,
        0.0125);
  }

  @Test
  void exponential() {
    // ExponentialLR(gamma=0.9)
    assertRates(Schedules.exponential(0.1, 0.9), 0.1, 0.09, 0.081, 0.0729, 0.06561, 0.059049);
  }

  @Test
  void cosine() {
    // CosineAnnealingLR(T_max=8, eta_min=0.01); the last is ours: no rise after the end.
    assertRates(
        Schedules.cosine(0.1, 0.01, 8),
        0.1,
        0.0965745789630079,
        0.08681980515339463,
        0.07222075445642905,
        0.055,
        0.03777924554357096,
        0.023180194846605363,
        0.013425421036992097,
        0.01,
        0.01);
  }

  @Test
  void warmupAndCosine() {
    // SequentialLR of LinearLR(start_factor=0.25, total_iters=3), CosineAnnealingLR(T_max=6)
    assertRates(
        Schedules.warmup(3, Schedules.cosine(0.1, 0, 6)),
        0.025,
        0.05,
        0.075,
        0.1,
        0.09330127018922195,
        0.075,
        0.05,
        0.025,
        0.006698729810778065,
        0);
  }

  @Test
  void wrongValuesAreErrors() {
    assertThrows(IllegalArgumentException.class, () -> Schedules.constant(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> Schedules.constant(-1));
    assertThrows(IllegalArgumentException.class, () -> Schedules.cosine(0.1, 0.2, 5));
    assertThrows(IllegalArgumentException.class, () -> Schedules.stepDecay(0.1, 0, 0.5));
    assertThrows(IllegalArgumentException.class, () -> Schedules.exponential(0.1, 1.5));
  }
}
