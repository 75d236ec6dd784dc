package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Convolution;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NonFinite;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.EarlyStop;
import dev.gatun.train.NonFinitePolicy;
import dev.gatun.train.Outcome;
import dev.gatun.train.SkippedStep;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What a run does when numbers overflow, when nothing gets better, and what it keeps. */
@Tag("backend")
class StabilityTest {
  static final List<String> BACKENDS = Subjects.names();
  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.features(1),
          RecurrentLayer.lstm(4),
          Linear.of(6).named("middle"),
          RecurrentLayer.gru(3).lastState(),
          Linear.of(1));

  @TempDir Path folder;

  /** What came of a run. */
  private record Run(
      Outcome outcome, List<SkippedStep> skipped, List<Double> rates, List<Double> weights) {}

  private static Run run(
      String backend,
      ModelSpec spec,
      Loss loss,
      double rate,
      BatchSource data,
      UnaryOperator<TrainerBuilder> options)
      throws IOException {
    List<SkippedStep> skipped = new ArrayList<>();
    List<Double> rates = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onSkipped(Trainer trainer, SkippedStep step) {
            skipped.add(step);
          }

          @Override
          public void onStep(Trainer trainer) {
            rates.add(trainer.rate());
          }
        };
    try (Backend context = Subjects.open(backend);
        Model model = spec.build(context, 9);
        Optimizer sgd =
            new RuleOptimizer(
                model.parameters(), new SgdRule(0, false, 0), Double.POSITIVE_INFINITY);
        Trainer trainer =
            options
                .apply(
                    Trainer.of(model, loss, sgd, Schedules.constant(rate), data).listener(listener))
                .build()) {
      Outcome outcome = trainer.run();
      double[] weights = Host.read(context, model.parameters().values());
      return new Run(outcome, skipped, rates, Arrays.stream(weights).boxed().toList());
    }
  }

  /** A batch from {@link SineWindows} with something put into some of them. */
  private static BatchSource spoiled(
      BatchSource from, int first, int last, boolean target, double with) {
    return new ChangedBatches(
        from,
        (index, into) -> {
          if (index >= first && index <= last) {
            (target ? into.targets() : into.inputs()).set(1, with);
          }
        });
  }

  /** A rate that is small for two epochs and then ruins the weights in one step. */
  @Test
  void whatIsSavedIsFromBeforeTheTrouble() throws IOException {
    ModelSpec relu =
        ModelSpec.of(
            Signal.features(1), RecurrentLayer.of("rnn", Cell.RELU, 4).lastState(), Linear.of(1));
    var data = new SineWindows(8, 8, 3);
    try (Backend cpu = Subjects.open("cpu");
        Model model = relu.build(cpu, 9);
        Optimizer sgd =
            new RuleOptimizer(
                model.parameters(), new SgdRule(0, false, 0), Double.POSITIVE_INFINITY);
        Trainer trainer =
            Trainer.of(
                    model,
                    NumericLoss.meanSquaredError(),
                    sgd,
                    step -> step == 7 ? 1e30 : 1e-3,
                    data)
                .validation(new SineWindows(8, 8, 1))
                .epochs(20)
                .checkpoints(folder)
                .build()) {
      assertEquals(Outcome.NON_FINITE, trainer.run());
      assertTrue(trainer.keptGood());
      assertTrue(Double.isFinite(trainer.bestLoss()), "best " + trainer.bestLoss());
      model.load(folder.resolve("last.safetensors"));
      for (double weight : Host.read(cpu, model.parameters().values())) {
        assertTrue(Math.abs(weight) < 10, "a weight is " + weight);
      }
    }
  }

  /** Squares of what a linear network gives explode; their rate is 1000 times too high. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aRateThatIsTooHighEndsWithACauseAndGoodWeights(String backend) throws IOException {
    ModelSpec linear =
        ModelSpec.of(
            Signal.features(1), RecurrentLayer.of("rnn", Cell.RELU, 4).lastState(), Linear.of(1));
    Run run =
        run(
            backend,
            linear,
            NumericLoss.meanSquaredError(),
            1e5,
            new SineWindows(8, 8, 40),
            options -> options.epochs(20).checkpoints(folder));
    assertEquals(Outcome.NON_FINITE, run.outcome);
    assertEquals(10, run.skipped.getLast().inRow());
    SkippedStep last = run.skipped.getLast();
    assertTrue(last.cause() != SkippedStep.Cause.INPUT, last::toString);
    assertTrue(last.toString().contains("layer"), last::toString);
    for (double weight : run.weights) {
      assertTrue(Double.isFinite(weight), "a weight is " + weight);
    }
    assertTrue(Files.exists(folder.resolve("last.safetensors")), "no checkpoint");
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void anInfiniteLossWithAFiniteGradientIsNoUpdate(String backend) throws IOException {
    BatchSource data = spoiled(new SineWindows(4, 4, 1), 0, 0, true, Double.POSITIVE_INFINITY);
    Loss absolute = NumericLoss.meanAbsoluteError();
    Run run = run(backend, SPEC, absolute, 0.1, data, options -> options.epochs(1));
    SkippedStep step = run.skipped.getFirst();
    assertEquals(SkippedStep.Cause.LOSS, step.cause(), step::toString);
    try (Backend context = Subjects.open(backend);
        Model model = SPEC.build(context, 9)) {
      double[] weights = run.weights.stream().mapToDouble(Double::doubleValue).toArray();
      assertArrayEquals(Host.read(context, model.parameters().values()), weights);
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void theFirstLayerIsNamed(String backend) throws IOException {
    BatchSource data = spoiled(new SineWindows(4, 4, 3), 1, 1, false, Double.NaN);
    UnaryOperator<TrainerBuilder> three = options -> options.epochs(1).accumulate(3);
    Run run = run(backend, SPEC, NumericLoss.meanSquaredError(), 0.1, data, three);
    SkippedStep step = run.skipped.getFirst();
    assertEquals(SkippedStep.Cause.INPUT, step.cause());
    assertEquals("lstm", step.layer());
    assertEquals(1, step.firstBatch(), "the batch of the three that had it");
    assertEquals(1, step.batches());
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void theLayerWhoseOutputIsNotFiniteIsNamed(String backend) {
    try (Backend context = Subjects.open(backend);
        Model model = SPEC.build(context, 9);
        Plan plan = model.plan(PlanSpec.training(4, 2))) {
      Host.write(context, plan.input(), 1, 1, 1, 1, 1, 1, 1, 1);
      plan.forward(4, 2);
      assertEquals(new NonFinite("linear", NonFinite.Place.NEITHER), NonFinite.of(plan));
      context.fill(model.parameters().get("middle.bias").value(), Double.POSITIVE_INFINITY);
      model.parameters().changed();
      plan.forward(4, 2);
      assertEquals(new NonFinite("middle", NonFinite.Place.OUTPUT), NonFinite.of(plan));
    }
  }

  /** Halved at each of two bad steps, and doubled after every three good ones. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void theRateFallsAndRecovers(String backend) throws IOException {
    BatchSource data = spoiled(new SineWindows(4, 4, 12), 1, 2, false, Double.NaN);
    NonFinitePolicy policy = new NonFinitePolicy(0.5, 5, 3);
    Run run =
        run(
            backend,
            SPEC,
            NumericLoss.meanSquaredError(),
            0.1,
            data,
            options -> options.epochs(1).nonFinite(policy));
    double[] expected = {1, 1, 0.5, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 1, 1, 1};
    for (int i = 0; i < expected.length; i++) {
      assertEquals(0.1 * expected[i], run.rates.get(i), 1e-12, "step " + i);
    }
  }

  /** Measures that rise, then stay: the best is the last that rose by enough. */
  @Test
  void anyMeasureTellsTheBestAndWhenToStop() throws IOException {
    double[] accuracy = {0.1, 0.5, 0.55, 0.56, 0.57, 0.58, 0.59, 0.6};
    int[] next = {0};
    List<Path> files = new ArrayList<>();
    TrainingListener saved =
        new TrainingListener() {
          @Override
          public void onCheckpoint(Trainer trainer, Path file) {
            if (file.endsWith("best.safetensors")) {
              files.add(file);
            }
          }
        };
    Run run =
        run(
            "reference",
            SPEC,
            NumericLoss.meanSquaredError(),
            0.1,
            new SineWindows(4, 2, 2),
            options ->
                options
                    .epochs(8)
                    .checkpoints(folder)
                    .listener(saved)
                    .measures(() -> new LinkedHashMap<>(Map.of("accuracy", accuracy[next[0]++])))
                    .earlyStop(new EarlyStop("accuracy", true, 3, 0.1)));
    assertEquals(Outcome.EARLY_STOPPED, run.outcome);
    assertEquals(5, next[0], "0.1, 0.5, and three that rose by less than 0.1");
    assertEquals(2, files.size());
  }

  /**
   * What stays of an epoch's checkpoints.
   *
   * @param every how many steps there is one
   * @param keep how many
   * @return the names of the files
   */
  private List<String> kept(int steps, int every, int keep) throws IOException {
    run(
        "reference",
        SPEC,
        NumericLoss.meanSquaredError(),
        0.1,
        new SineWindows(4, 2, steps),
        options ->
            options.epochs(1).checkpoints(folder).checkpointEvery(every).checkpointKeep(keep));
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  @Test
  void theNewestFewCheckpointsAreKept() throws IOException {
    assertEquals(
        List.of(
            "last.safetensors",
            "step-000000006.safetensors",
            "step-000000008.safetensors",
            "step-000000010.safetensors"),
        kept(10, 2, 3));
  }

  /** A run that went on from an earlier step than the files that it finds. */
  @Test
  void aCheckpointOfAnEarlierStepIsKept() throws IOException {
    Files.writeString(folder.resolve("step-000000050.safetensors"), "later");
    Files.writeString(folder.resolve("step-1000000000.safetensors"), "later still");
    assertEquals(
        List.of("last.safetensors", "step-000000001.safetensors", "step-000000002.safetensors"),
        kept(2, 1, 2));
  }

  @Test
  void whatContradictsItselfIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            run(
                "reference",
                SPEC,
                NumericLoss.meanSquaredError(),
                0.1,
                new SineWindows(4, 2, 2),
                options -> options.earlyStop(new EarlyStop("accuracy", true, 1, 0))));
    assertThrows(IllegalArgumentException.class, () -> new NonFinitePolicy(0, 1, 1));
    assertFalse(new NonFinitePolicy(1, 1, 1).equals(NonFinitePolicy.DEFAULT));
  }

  /** The update is in a graph, alone or with the batches whose gradients it adds up. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void anInfiniteLossIsNoUpdateInAGraphEither(String backend) throws IOException {
    assumeTrue(backend.equals("cuda"), "only a GPU has graphs");
    BatchSource data = spoiled(new SineWindows(4, 4, 6), 4, 4, true, Double.POSITIVE_INFINITY);
    Loss absolute = NumericLoss.meanAbsoluteError();
    for (int count : new int[] {1, 2, 3}) {
      UnaryOperator<TrainerBuilder> options = builder -> builder.epochs(3).accumulate(count);
      Run without = run(backend, SPEC, absolute, 0.1, data, options);
      Run with =
          run(backend, SPEC, absolute, 0.1, data, builder -> options.apply(builder).graphs(true));
      assertEquals(3, without.skipped.size(), without.skipped::toString);
      assertEquals(without.skipped.toString(), with.skipped.toString());
      assertEquals(without.weights, with.weights, "of updates of " + count);
    }
  }

  /** A convolution whose stride leaves half the steps. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void layersBehindAStrideAreLookedAtAsFarAsTheyGo(String backend) {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(1),
            Convolution.of(3, 3).stride(2),
            RecurrentLayer.lstm(3),
            Linear.of(2).named("middle"),
            RecurrentLayer.gru(3).lastState(),
            Linear.of(1));
    try (Backend context = Subjects.open(backend);
        Model model = spec.build(context, 9);
        Plan plan = model.plan(PlanSpec.training(8, 2))) {
      context.fill(plan.input(), 1);
      plan.forward(8, 2);
      assertEquals(new NonFinite("linear", NonFinite.Place.NEITHER), NonFinite.of(plan));
      context.fill(model.parameters().get("middle.bias").value(), Double.POSITIVE_INFINITY);
      model.parameters().changed();
      plan.forward(8, 2);
      assertEquals(new NonFinite("middle", NonFinite.Place.OUTPUT), NonFinite.of(plan));
    }
  }
}
