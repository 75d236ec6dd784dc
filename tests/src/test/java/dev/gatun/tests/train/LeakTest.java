package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.LossContext;
import dev.gatun.model.LossPlan;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What was closed is given back to the system, also where construction failed half-way. */
class LeakTest {
  // The reference keeps its saved states on the heap, which the system sees as growth.
  static final List<String> BACKENDS =
      Backends.names().stream().filter(name -> !name.equals("reference")).toList();

  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(1), RecurrentLayer.gru(64).lastState(), Linear.of(1));

  private static final int ROUNDS = 30;

  /** One round takes more than this: leaking it each time would show many times over. */
  private static final long ROUND_BYTES = 20L << 20;

  /** The resident set: off-heap memory is zeroed when allocated, so all of it counts. */
  private static long resident() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException("no VmRSS in /proc/self/status");
  }

  /** A loss that refuses every output. */
  private record UnfitLoss() implements Loss {
    @Override
    public Signal target(Signal output) {
      throw new IllegalArgumentException("unfit");
    }

    @Override
    public double scale(Signal output, double weight) {
      return 1;
    }

    @Override
    public LossPlan plan(LossContext context) {
      return (t, n) -> {};
    }
  }

  private static void round(String name) {
    try (Backend backend = Backends.open(name, 2);
        Model model = SPEC.build(backend, 1);
        Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        BatchSource data = new SineWindows(256, 64, 1);
        Trainer trainer =
            Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.01), data)
                .validation(data)
                .build();
        Session session = model.session(64, 16);
        Session other = model.session()) {
      assertTrue(trainer.bytes() > ROUND_BYTES, "the trainer holds " + trainer.bytes());
      session.reset();
      other.refresh();
      // A layer's plan exists already when the loss is found not to fit.
      PlanSpec large = PlanSpec.training(256, 64);
      Loss unfit = new UnfitLoss();
      assertThrows(IllegalArgumentException.class, () -> model.plan(large, unfit));
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  @EnabledOnOs(OS.LINUX)
  void memoryComesBack(String name) throws IOException {
    for (int i = 0; i < 5; i++) {
      round(name);
    }
    long before = resident();
    for (int i = 0; i < ROUNDS; i++) {
      round(name);
    }
    long growth = resident() - before;
    assertTrue(growth < ROUNDS * ROUND_BYTES / 4, "%,d bytes more after closing".formatted(growth));
  }
}
