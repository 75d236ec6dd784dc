package dev.gatun.tests.train;

import static dev.gatun.tests.support.Numbers.assertClose;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Embedding;
import dev.gatun.model.Layer;
import dev.gatun.model.LayerPlan;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanContext;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Micro-batches of unequal numbers of targets add up to the gradient of one large batch. */
@Tag("backend")
class AccumulationTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.tokens(9), Embedding.of(5), RecurrentLayer.gru(6), Linear.of(9));

  /** Twelve sequences of 1 to 7 steps; some targets are ignored. */
  private static Examples examples() {
    SplittableRandom random = new SplittableRandom(3);
    int[][] x = new int[12][];
    int[][] y = new int[12][];
    for (int i = 0; i < x.length; i++) {
      x[i] = new int[1 + i % 7];
      y[i] = new int[x[i].length];
      for (int t = 0; t < x[i].length; t++) {
        x[i][t] = random.nextInt(9);
        y[i][t] = random.nextInt(10) - 1;
      }
    }
    return Examples.tokens(x).stepClasses(y);
  }

  /** Passes on what it gets and notes the updates that it is told of. */
  private record Noting(String name, List<Long> updates) implements Layer {
    @Override
    public Signal output(Signal input) {
      return input;
    }

    @Override
    public LayerPlan plan(PlanContext context) {
      return new LayerPlan() {
        @Override
        public Tensor output() {
          return context.input();
        }

        @Override
        public @Nullable Tensor outputGradient() {
          return context.inputGradient();
        }

        @Override
        public void forward(int t, int n) {}

        @Override
        public void backward(int t, int n) {}

        @Override
        public void setStep(long update) {
          updates.add(update);
        }
      };
    }
  }

  /** Or a schedule of scheduled sampling would be over too soon. */
  @Test
  void layersAreToldTheUpdateAndNotTheForward() {
    List<Long> updates = new ArrayList<>();
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(9), Embedding.of(5), new Noting("noting", updates), Linear.of(9));
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 5);
        Optimizer sgd = new RuleOptimizer(model.parameters(), new SgdRule(0, false, 0), 1);
        BatchSource source = ArraySource.sequential(examples(), 3);
        Trainer trainer =
            Trainer.of(model, new SoftmaxCrossEntropy(), sgd, Schedules.constant(0.1), source)
                .accumulate(2)
                .build()) {
      trainer.step();
      trainer.step();
      trainer.step();
    }
    assertEquals(List.of(0L, 0L, 1L, 1L, 2L, 2L), updates);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void equalsOneLargeBatch(String name) {
    try (Backend backend = Subjects.open(name);
        Model model = SPEC.build(backend, 5)) {
      double[] lossOfOne = new double[1];
      double[] lossOfMany = new double[1];
      double[] one = gradient(model, 12, lossOfOne);
      double[] many = gradient(model, 5, lossOfMany);
      double tolerance = name.equals("reference") ? 1e-12 : 1e-5;
      assertClose("gradients", one, many, tolerance);
      assertEquals(lossOfOne[0], lossOfMany[0], 10 * tolerance);
    }
  }

  private static double[] gradient(Model model, int size, double[] loss) {
    Tensor gradients = model.parameters().gradients();
    model.backend().fill(gradients, 0);
    try (BatchSource source = ArraySource.sequential(examples(), size);
        Batch batch = source.newBatch();
        Plan plan =
            model.plan(
                PlanSpec.training(source.maxTime(), source.maxBatch()), new SoftmaxCrossEntropy());
        Workspace host = Workspace.host(gradients.dtype())) {
      double positions = 0;
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        positions += batch.targetCount();
      }
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        plan.forward(batch, positions);
        plan.backward();
        loss[0] += plan.loss();
      }
      Tensor copy = host.real(gradients.shape());
      model.backend().copy(gradients, copy);
      return copy.toDoubles();
    }
  }
}
