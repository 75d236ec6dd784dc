package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Evaluator;
import dev.gatun.train.Outcome;
import dev.gatun.train.SkippedStep;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What a run does besides updates: reports, stops, and tells about it. */
@Tag("backend")
class TrainerTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(8).lastState(), Linear.of(1));

  @TempDir Path folder;

  /** What listeners were told, in order. */
  private static final class Log implements TrainingListener {
    final List<String> lines = new ArrayList<>();
    final List<SkippedStep> skipped = new ArrayList<>();
    final List<Double> validation = new ArrayList<>();

    @Override
    public void onSkipped(Trainer trainer, SkippedStep step) {
      skipped.add(step);
    }

    @Override
    public void onReport(Trainer trainer) {
      lines.add("report " + trainer.steps() + " of epoch " + trainer.epoch());
      validation.add(trainer.validationLoss());
    }

    @Override
    public void onCheckpoint(Trainer trainer, Path file) {
      lines.add(file.getFileName() + " " + trainer.steps());
    }

    @Override
    public void onEnd(Trainer trainer, Outcome outcome) {
      lines.add(outcome.toString());
    }
  }

  private static Outcome run(
      String backend, double rate, BatchSource data, UnaryOperator<TrainerBuilder> options)
      throws IOException {
    try (Backend context = Subjects.open(backend);
        Model model = SPEC.build(context, 9);
        Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        Trainer trainer =
            options
                .apply(
                    Trainer.of(
                        model,
                        NumericLoss.meanSquaredError(),
                        adam,
                        Schedules.constant(rate),
                        data))
                .build()) {
      return trainer.run();
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void nothingToLearnFromIsALossOfZeroAndChangesNothing(String backend) throws IOException {
    ModelSpec spec = ModelSpec.of(Signal.features(2), RecurrentLayer.gru(3), Linear.of(4));
    int[][] ignored = {{-1, -1, -1}, {-1, -1, -1}};
    Examples examples = Examples.features(new float[2][3][2]).stepClasses(ignored);
    try (Backend context = Subjects.open(backend);
        Model model = spec.build(context, 9);
        Optimizer sgd = new RuleOptimizer(model.parameters(), new SgdRule(0, false, 0), 1.0);
        BatchSource data = ArraySource.sequential(examples, 2);
        Evaluator evaluator = new Evaluator(model, new SoftmaxCrossEntropy(), data);
        Trainer trainer =
            Trainer.of(model, new SoftmaxCrossEntropy(), sgd, Schedules.constant(1), data)
                .build()) {
      double[] before = Host.read(context, model.parameters().values());
      assertEquals(Outcome.COMPLETED, trainer.run());
      assertEquals(0, trainer.loss());
      assertEquals(0, trainer.positions());
      assertEquals(0, trainer.trainLoss());
      assertEquals(0, trainer.gradientNorm());
      assertEquals(0, trainer.skippedSteps());
      assertArrayEquals(before, Host.read(context, model.parameters().values()));
      assertEquals(0, evaluator.loss());
      assertEquals(0, evaluator.positions());
    }
  }

  @Test
  void validationWithoutTargetsCannotTellGoodFromBad() {
    SineWindows windows = new SineWindows(8, 8, 2);
    Examples unknown =
        Examples.features(new float[8][8][1])
            .values(new float[][] {{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}});
    BatchSource blind =
        new BatchSource() {
          private final ArraySource from = ArraySource.sequential(unknown, 8);

          @Override
          public BatchLayout layout() {
            return from.layout();
          }

          @Override
          public int batches(int epoch) {
            return 1;
          }

          @Override
          public void fill(int epoch, int index, Batch into) {
            from.fill(epoch, index, into);
            for (int n = 0; n < 8; n++) {
              Objects.requireNonNull(into.weights()).set(n, 0);
            }
            into.targetCount(0);
          }
        };
    IllegalStateException e =
        assertThrows(
            IllegalStateException.class,
            () -> run("reference", 0.1, windows, options -> options.validation(blind)));
    assertTrue(
        String.valueOf(e.getMessage()).contains("validation data has no valid"), e::toString);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void learnsAndReportsEachEpoch(String backend) throws IOException {
    Log log = new Log();
    Outcome outcome =
        run(
            backend,
            0.02,
            new SineWindows(8, 8, 10),
            options ->
                options
                    .validation(new SineWindows(8, 8, 3))
                    .epochs(8)
                    .checkpoints(folder.resolve("checkpoints"))
                    .listener(log));
    assertEquals(Outcome.COMPLETED, outcome);
    assertEquals(8, log.validation.size());
    // The variance of the sine is 0.5; noise leaves a few thousandths.
    assertTrue(log.validation.getLast() < 0.02, "validation " + log.validation);
    assertEquals(List.of("last.safetensors 0", "report 10 of epoch 1"), log.lines.subList(0, 2));
    assertTrue(log.lines.contains("best.safetensors 10"), log.lines.toString());
    assertTrue(Files.exists(folder.resolve("checkpoints/best.safetensors")));
    assertEquals(List.of("last.safetensors 80", "COMPLETED"), lastTwo(log.lines));
  }

  private static List<String> lastTwo(List<String> lines) {
    return lines.subList(lines.size() - 2, lines.size());
  }

  @Test
  void reportsAndSavesEverySoManySteps() throws IOException {
    Log log = new Log();
    run(
        "reference",
        0.01,
        new SineWindows(4, 2, 5),
        options ->
            options
                .epochs(10)
                .maxSteps(7)
                .reportEvery(3)
                .checkpointEvery(2)
                .checkpoints(folder)
                .listener(log));
    assertEquals(
        List.of(
            "last.safetensors 0",
            "last.safetensors 2",
            "report 3 of epoch 0",
            "last.safetensors 3",
            "last.safetensors 4",
            "report 6 of epoch 1",
            "last.safetensors 6",
            "report 7 of epoch 1",
            "last.safetensors 7",
            "last.safetensors 7",
            "COMPLETED"),
        log.lines);
    assertFalse(Files.exists(folder.resolve("best.safetensors")), "best without validation");
  }

  @Test
  void stopsEarly() throws IOException {
    Log log = new Log();
    // A rate this small changes nothing that a validation of 30 digits would see.
    Outcome outcome =
        run(
            "reference",
            1e-300,
            new SineWindows(4, 2, 2),
            options ->
                options.validation(new SineWindows(4, 2, 2)).epochs(50).patience(3).listener(log));
    assertEquals(Outcome.EARLY_STOPPED, outcome);
    assertEquals(4, log.validation.size(), "the first is the best, then three without better");
  }

  /** Data whose batches from some index on hold a NaN. */
  private static BatchSource poisoned(BatchSource from, int first, int last) {
    return new ChangedBatches(
        from,
        (index, into) -> {
          if (index >= first && index <= last) {
            into.inputs().set(1, Double.NaN);
          }
        });
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void skipsAndNamesStepsThatAreNotFinite(String backend) throws IOException {
    Log log = new Log();
    Outcome outcome =
        run(
            backend,
            0.02,
            poisoned(new SineWindows(8, 8, 10), 4, 5),
            options -> options.epochs(1).listener(log).maxSkippedInRow(3));
    assertEquals(Outcome.COMPLETED, outcome);
    assertEquals(2, log.skipped.size());
    SkippedStep second = log.skipped.get(1);
    assertEquals(6, second.step());
    assertEquals(5, second.firstBatch());
    assertEquals(2, second.inRow());
    assertEquals("lstm", second.layer());
    assertTrue(second.toString().contains("lstm.weight_ih_l0"), second.toString());
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void givesUpAfterTooManyAndKeepsTheLastCheckpoint(String backend) throws IOException {
    Log log = new Log();
    Outcome outcome =
        run(
            backend,
            0.02,
            poisoned(new SineWindows(8, 8, 10), 4, 9),
            options ->
                options
                    .epochs(1)
                    .maxSkippedInRow(3)
                    .checkpoints(folder)
                    .checkpointEvery(2)
                    .listener(log));
    assertEquals(Outcome.NON_FINITE, outcome);
    assertEquals(
        List.of("last.safetensors 0", "last.safetensors 2", "last.safetensors 4", "NON_FINITE"),
        log.lines);
  }

  @Test
  void runsOnAfterAStop() throws IOException {
    try (Backend context = Backends.open("reference");
        Model model = SPEC.build(context, 9);
        Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        BatchSource data = new SineWindows(4, 2, 3);
        Trainer trainer =
            Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.01), data)
                .epochs(2)
                .build()) {
      trainer.requestStop();
      assertEquals(Outcome.INTERRUPTED, trainer.run());
      assertEquals(0, trainer.steps());
      assertEquals(Outcome.COMPLETED, trainer.run());
      assertEquals(6, trainer.steps());
      trainer.requestStop(); // of what has ended
      assertEquals(Outcome.COMPLETED, trainer.run());
    }
  }

  @Test
  void evaluatesOverAllPositions() {
    try (Backend context = Backends.open("reference");
        Model model = SPEC.build(context, 9);
        BatchSource data = new SineWindows(8, 4, 3);
        Evaluator evaluator = new Evaluator(model, NumericLoss.meanSquaredError(), data)) {
      double[] squares = new double[2];
      double loss =
          evaluator.run(
              (plan, batch) -> {
                for (int i = 0; i < batch.size(); i++) {
                  double error = plan.output().get(i) - batch.targets().get(i);
                  squares[0] += error * error;
                  squares[1]++;
                }
              });
      assertEquals(12, squares[1]);
      assertEquals(squares[0] / squares[1], loss, 1e-12);
    }
  }

  @Test
  void contradictionsAreErrors() {
    UnaryOperator<TrainerBuilder> patience = options -> options.patience(2);
    assertMessage("validation", () -> run("reference", 1, new SineWindows(4, 2, 2), patience));
    UnaryOperator<TrainerBuilder> every = options -> options.checkpointEvery(2);
    assertMessage("folder", () -> run("reference", 1, new SineWindows(4, 2, 2), every));
    UnaryOperator<TrainerBuilder> text = options -> options;
    assertMessage("tokens", () -> run("reference", 1, new CountingText(5, 4, 2, 2), text));
  }

  private static void assertMessage(String part, Executable executable) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, executable);
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }
}
