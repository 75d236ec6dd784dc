package dev.gatun.tests.train;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import java.util.Optional;

/** Makes a plan and never takes a step. */
final class WarmUpMain {
  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(3), RecurrentLayer.lstm(16), Linear.of(5));

  private static final int MOST_PLANS = 30;

  private WarmUpMain() {}

  private static Optional<Thread> warmUp() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("gatun-warm-up"))
        .findFirst();
  }

  public static void main(String[] args) throws InterruptedException {
    plan(false);
    System.out.println(warmUp().isEmpty() ? "ended by close" : "outlives close");
    // A busy machine cuts it short, and the next plan goes on with it.
    int plans = 1;
    while (plan(true) && plans < MOST_PLANS) {
      plans++;
    }
    System.out.println(plans + " plans");
  }

  /** Makes one; returns whether that warms kernels, and may wait for their end. */
  @SuppressWarnings("try") // a plan that takes no step
  private static boolean plan(boolean wait) throws InterruptedException {
    try (Backend backend = Backends.open("cpu", 1);
        Model model = SPEC.build(backend, 1);
        Plan plan = model.plan(PlanSpec.training(4, 2), new SoftmaxCrossEntropy())) {
      Optional<Thread> thread = warmUp();
      if (wait && thread.isPresent()) {
        thread.get().join();
      }
      return thread.isPresent();
    }
  }
}
