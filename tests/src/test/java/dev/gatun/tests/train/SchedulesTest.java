package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.optim.Plateau;
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
  void cosineRestarts() {
    // CosineAnnealingWarmRestarts(T_0=3, T_mult=2, eta_min=0.01)
    assertRates(
        Schedules.cosineRestarts(0.1, 0.01, 3, 2),
        0.1,
        0.0775,
        0.0325,
        0.1,
        0.09397114317029975,
        0.0775,
        0.055,
        0.0325,
        0.01602885682970026,
        0.1,
        0.09846666218300808);
    // CosineAnnealingWarmRestarts(T_0=4)
    assertRates(
        Schedules.cosineRestarts(0.1, 0, 4, 1),
        0.1,
        0.08535533905932738,
        0.05,
        0.014644660940672627,
        0.1,
        0.08535533905932738,
        0.05,
        0.014644660940672627,
        0.1);
  }

  @Test
  void oneCycle() {
    // OneCycleLR(max_lr=0.1, total_steps=10); the last is ours: PyTorch refuses to go on.
    assertRates(
        Schedules.oneCycle(0.1, 10, 0.3, 25, 1e4),
        0.004,
        0.052,
        0.1,
        0.09504846320134738,
        0.0811745653949763,
        0.06112620219362893,
        0.03887419780637107,
        0.0188258346050237,
        0.004951936798652629,
        4e-07,
        4e-07);
  }

  @Test
  void inverseSquareRoot() {
    // LambdaLR(lambda step: (4 / (step + 4)) ** 0.5)
    assertRates(
        Schedules.inverseSquareRoot(0.1, 4),
        0.1,
        0.08944271909999159,
        0.08164965809277261,
        0.07559289460184544,
        0.07071067811865477,
        0.06666666666666667,
        0.0632455532033676);
  }

  @Test
  void plateau() {
    // ReduceLROnPlateau(factor=0.5, patience=1, cooldown=2, min_lr=0.02) after each of these losses
    double[] losses = {1, 0.9, 0.95, 0.91, 0.92, 0.5, 0.49999, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9};
    double[] rates = {
      0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025, 0.02, 0.02, 0.02
    };
    Plateau rule = new Plateau(0.5, 1, 1e-4, 2, 0.2);
    Plateau.State state = Plateau.State.START;
    for (int i = 0; i < losses.length; i++) {
      state = rule.after(state, losses[i]);
      assertEquals(rates[i], 0.1 * state.scale(), 1e-15, "after report " + i);
    }
  }

  @Test
  void wrongValuesAreErrors() {
    assertThrows(IllegalArgumentException.class, () -> Schedules.cosineRestarts(0.1, 0, 3, 0));
    assertThrows(IllegalArgumentException.class, () -> Schedules.oneCycle(0.1, 9, 1, 25, 1e4));
    assertThrows(IllegalArgumentException.class, () -> Schedules.oneCycle(0.1, 9, 0.3, 0.5, 1));
    assertThrows(IllegalArgumentException.class, () -> Schedules.inverseSquareRoot(0.1, 0));
    assertThrows(IllegalArgumentException.class, () -> new Plateau(1, 1, 0, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new Plateau(0.5, -1, 0, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new Plateau(0.5, 1, 1, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> Schedules.constant(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> Schedules.constant(-1));
    assertThrows(IllegalArgumentException.class, () -> Schedules.cosine(0.1, 0.2, 5));
    assertThrows(IllegalArgumentException.class, () -> Schedules.stepDecay(0.1, 0, 0.5));
    assertThrows(IllegalArgumentException.class, () -> Schedules.exponential(0.1, 1.5));
  }
}
