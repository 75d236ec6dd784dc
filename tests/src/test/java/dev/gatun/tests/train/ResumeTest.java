package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.backend.SgdRule;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Augmentations;
import dev.gatun.data.AugmentedSource;
import dev.gatun.data.Balance;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.WindowData;
import dev.gatun.data.WindowSource;
import dev.gatun.data.WindowSpec;
import dev.gatun.model.Dropout;
import dev.gatun.model.Embedding;
import dev.gatun.model.HardExamples;
import dev.gatun.model.Linear;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.persist.FormatException;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** A run that was stopped and resumed by other objects gives the same bits as one that was not. */
@Tag("backend")
class ResumeTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final String CUDNN_MASKS = "cuda, masks by cuDNN";

  @TempDir Path folder;

  /** The engines that runs begin with; empty: as on any machine. */
  private String choices = "";

  /** Stops a run after a number of steps. */
  private record StopAfter(long steps) implements TrainingListener {
    @Override
    public void onStep(Trainer trainer) {
      if (trainer.steps() == steps) {
        trainer.requestStop();
      }
    }
  }

  /** What a run left behind: parameters and losses, step by step. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Trace(double[] parameters, double[] losses, double validationLoss, long best) {}

  /** Everything a run needs, made anew each time. */
  private abstract static class Task {
    static final Task TEXT =
        new Task(
            ModelSpec.of(
                Signal.tokens(7),
                Embedding.of(5),
                Dropout.of(0.1),
                RecurrentLayer.lstm(6).stacked(2, 0.2),
                RecurrentStack.gru(4, 5).dropout(0.2),
                Linear.of(7)),
            new SoftmaxCrossEntropy()) {
          @Override
          BatchSource data(boolean validation) {
            return new CountingText(7, 5, 3, validation ? 2 : 6);
          }

          @Override
          Optimizer optimizer(Model model) {
            return new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
          }
        };

    static final Task WINDOWS =
        new Task(
            ModelSpec.of(
                Signal.features(1),
                RecurrentLayer.lstm(5).layerNorm().zoneout(0.2, 0.1).dropConnect(0.3),
                RecurrentLayer.gru(6)
                    .decayed(2)
                    .stacked(2, 0.3)
                    .variationalDropout(0.1, 0.2)
                    .recurrentDropout(0.2)
                    .lastState(),
                Dropout.of(0.2),
                Linear.of(1)),
            NumericLoss.meanSquaredError()) {
          @Override
          BatchSource data(boolean validation) {
            return new SineWindows(8, 4, validation ? 2 : 6);
          }

          @Override
          Optimizer optimizer(Model model) {
            return new RuleOptimizer(model.parameters(), new SgdRule(0.9, true, 1e-4), 1.0);
          }
        };

    /** Streams of a series, each window from the state of the one before. */
    static final Task CARRIED =
        new Task(
            ModelSpec.of(
                Signal.features(1),
                RecurrentLayer.lstm(5),
                RecurrentLayer.gru(6).decayed(2).stacked(2, 0.3).lastState(),
                Linear.of(1)),
            NumericLoss.meanSquaredError()) {
          @Override
          BatchSource data(boolean validation) {
            double[][] wave = new double[1][72];
            Arrays.setAll(wave[0], i -> Math.sin(0.7 * i + 0.01 * i * i));
            Series series = new Series(List.of("y"), wave, null);
            WindowSpec windows = new WindowSpec(8, 1, false, 1, List.of("y"), List.of("y"), false);
            WindowData data = new WindowData(series, Scaler.identity(series), windows, null);
            return validation
                ? WindowSource.carriedEvaluation(data, new Range(60, 72))
                : WindowSource.carried(data, new Range(0, 60), 2, 4);
          }

          @Override
          Optimizer optimizer(Model model) {
            return new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
          }
        };

    /** Everything that draws by epoch and example. */
    static final Task CLASSES =
        new Task(
            ModelSpec.of(Signal.features(2), RecurrentLayer.lstm(5).lastState(), Linear.of(2)),
            new HardExamples(new SoftmaxCrossEntropy(), 0.5)) {
          @Override
          BatchSource data(boolean validation) {
            float[][][] x = new float[24][][];
            for (int i = 0; i < x.length; i++) {
              x[i] = new float[2 + i % 7][2];
              for (int t = 0; t < x[i].length; t++) {
                x[i][t][t % 2] = (i % 4 == 0 ? 1 : -1) + 0.1f * t;
              }
            }
            int[] y = IntStream.range(0, 24).map(i -> i % 4 == 0 ? 1 : 0).toArray();
            Examples examples = Examples.features(x).classes(y);
            if (validation) {
              return ArraySource.sequential(examples, 6);
            }
            return new AugmentedSource(
                ArraySource.shuffled(examples, 6, 3).balanced(Balance.OVERSAMPLE).bucketed(),
                3,
                List.of(
                    Augmentations.reverse(0.5),
                    Augmentations.warp(0.5),
                    Augmentations.repeat(0.2),
                    Augmentations.jitter(0.1)));
          }

          @Override
          Optimizer optimizer(Model model) {
            return new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
          }
        };

    final ModelSpec spec;
    final Loss loss;

    Task(ModelSpec spec, Loss loss) {
      this.spec = spec;
      this.loss = loss;
    }

    abstract BatchSource data(boolean validation);

    abstract Optimizer optimizer(Model model);
  }

  private Trace run(String backend, Task task, Path checkpoints, long stopAfter, boolean resume)
      throws IOException {
    List<Double> losses = new ArrayList<>();
    TrainingListener record =
        new TrainingListener() {
          @Override
          public void onStep(Trainer trainer) {
            losses.add(trainer.loss());
          }
        };
    try (Backend context = open(backend);
        Model model = task.spec.build(context, 17);
        Optimizer optimizer = task.optimizer(model);
        BatchSource training = task.data(false);
        BatchSource validation = task.data(true)) {
      TrainerBuilder options =
          Trainer.of(model, task.loss, optimizer, Schedules.cosine(0.02, 0, 20), training)
              .validation(validation)
              .epochs(4)
              .accumulate(2)
              .checkpoints(checkpoints)
              .metadata("config", "seed: 17\n")
              .listener(record)
              .listener(new StopAfter(stopAfter));
      try (Trainer trainer = options.build()) {
        if (resume) {
          trainer.resume(checkpoints.resolve("last.safetensors"));
        }
        Outcome outcome = trainer.run();
        assertEquals(stopAfter > 0 ? Outcome.INTERRUPTED : Outcome.COMPLETED, outcome);
        return new Trace(
            onHost(model),
            losses.stream().mapToDouble(Double::doubleValue).toArray(),
            trainer.validationLoss(),
            trainer.bestStep());
      }
    }
  }

  private Backend open(String name) {
    Backend context =
        name.equals(CUDNN_MASKS)
            ? Backends.open("cuda", 2, Precision.FP32, DropoutMasks.CUDNN)
            : Subjects.open(name);
    context.reproduce(choices);
    return context;
  }

  private static double[] onHost(Model model) {
    Tensor values = model.parameters().values();
    Tensor host = Tensor.host(values.dtype(), values.shape());
    try {
      model.backend().copy(values, host);
      return host.toDoubles();
    } finally {
      host.memory().close();
    }
  }

  private void checkAfter(String backend, Task task, long stopAfter) throws IOException {
    Trace whole = run(backend, task, folder.resolve("whole"), 0, false);
    Path parts = folder.resolve("parts");
    Trace first = run(backend, task, parts, stopAfter, false);
    Trace second = run(backend, task, parts, 0, true);
    assertArrayEquals(whole.parameters, second.parameters, 0.0);
    double[] joined = new double[whole.losses.length];
    System.arraycopy(first.losses, 0, joined, 0, first.losses.length);
    System.arraycopy(second.losses, 0, joined, first.losses.length, second.losses.length);
    assertArrayEquals(whole.losses, joined, 0.0);
    assertEquals(whole.validationLoss, second.validationLoss, 0.0);
    assertEquals(whole.best, second.best);
  }

  // Epochs are of 3 steps: 4 is inside one, 6 at an end, before the report that is then due.

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void statefulTextInsideAnEpoch(String backend) throws IOException {
    checkAfter(backend, Task.TEXT, 4);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void statefulTextAtAnEpochsEnd(String backend) throws IOException {
    checkAfter(backend, Task.TEXT, 6);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void windowsInsideAnEpoch(String backend) throws IOException {
    checkAfter(backend, Task.WINDOWS, 4);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void windowsAtAnEpochsEnd(String backend) throws IOException {
    checkAfter(backend, Task.WINDOWS, 6);
  }

  /** Epochs are of 6 batches, two for each update. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void carriedWindowsInsideAnEpoch(String backend) throws IOException {
    checkAfter(backend, Task.CARRIED, 4);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void augmentedAndBalancedClassesInsideAnEpoch(String backend) throws IOException {
    checkAfter(backend, Task.CLASSES, 4);
  }

  /** cuDNN's generator goes on from where it stood. */
  @Test
  @Tag("cuda")
  void masksByCudnn() throws IOException {
    checkAfter(CUDNN_MASKS, Task.TEXT, 4);
    Trace own = run("cuda", Task.TEXT, folder.resolve("own"), 0, false);
    Trace theirs = run(CUDNN_MASKS, Task.TEXT, folder.resolve("theirs"), 0, false);
    assertFalse(Arrays.equals(own.losses, theirs.losses), "other masks, other losses");
  }

  @Test
  void enginesAreTheRecordedOnes() throws IOException {
    choices = "packed,openblas,packed";
    Trace whole = run("cpu", Task.TEXT, folder.resolve("whole"), 0, false);
    Path parts = folder.resolve("parts");
    run("cpu", Task.TEXT, parts, 4, false);
    choices = "openblas";
    Trace rest = run("cpu", Task.TEXT, parts, 0, true);
    assertArrayEquals(whole.parameters, rest.parameters, 0.0);
    Trace other = run("cpu", Task.TEXT, folder.resolve("other"), 0, false);
    assertFalse(Arrays.equals(whole.parameters, other.parameters), "other engines, other bits");
  }

  @Test
  void choicesOfAnotherBackendChangeNothing() {
    try (Backend context = open("cpu")) {
      context.reproduce("packed");
      context.reproduce("algorithm 7");
      context.reproduce("packed,openblas");
      context.reproduce("");
      assertEquals("packed", context.choices());
      try (Backend fork = context.fork()) {
        assertEquals("packed", fork.choices());
      }
    }
  }

  @Test
  void carriedStateMatters() throws IOException {
    // The test above would be blind if the states did not change the losses.
    Path parts = folder.resolve("parts");
    run("reference", Task.TEXT, parts, 4, false);
    Trace whole = run("reference", Task.TEXT, folder.resolve("whole"), 0, false);
    try (Backend context = Backends.open("reference");
        Model model = Task.TEXT.spec.build(context, 17);
        Optimizer optimizer = Task.TEXT.optimizer(model);
        BatchSource training = Task.TEXT.data(false);
        Trainer trainer =
            Trainer.of(model, Task.TEXT.loss, optimizer, Schedules.cosine(0.02, 0, 20), training)
                .accumulate(2)
                .epochs(4)
                .listener(
                    new TrainingListener() {
                      @Override
                      public void onStep(Trainer t) {
                        assertTrue(t.loss() != whole.losses[4], "states were not carried");
                        t.requestStop();
                      }
                    })
                .build()) {
      model.load(parts.resolve("last.safetensors"));
      assertEquals(Outcome.INTERRUPTED, trainer.run());
    }
  }

  @Test
  void refusesAnotherModelOptimizerOrSeed() throws IOException {
    run("reference", Task.TEXT, folder, 4, false);
    Path file = folder.resolve("last.safetensors");
    ModelSpec wider =
        ModelSpec.of(
            Signal.tokens(7),
            Embedding.of(5),
            RecurrentLayer.lstm(8).stacked(2, 0.2),
            Linear.of(7));
    assertMessage(resume(wider, 17, file, false), "lstm.weight_ih_l0", "[24, 5]", "[32, 5]");
    assertMessage(resume(Task.TEXT.spec, 18, file, false), "seed 17", "seed 18");
    assertMessage(resume(Task.TEXT.spec, 17, file, true), "optimizer");
    Path weights = folder.resolve("weights.safetensors");
    try (Backend context = Backends.open("reference");
        Model model = Task.TEXT.spec.build(context, 17)) {
      model.save(weights);
    }
    assertMessage(resume(Task.TEXT.spec, 17, weights, false), "no training checkpoint");
    Files.writeString(file, "nonsense");
    assertMessage(resume(Task.TEXT.spec, 17, file, false), "last.safetensors");
  }

  @Test
  void refusesOtherDataAndAnotherOrder() throws IOException {
    float[][][] x = new float[9][2][1];
    float[][] y = new float[9][1];
    for (int i = 0; i < 9; i++) {
      x[i][0][0] = i;
      x[i][1][0] = -i;
      y[i][0] = i % 2;
    }
    Path file = folder.resolve("run.safetensors");
    assertEquals("", windows(x, y, 5, file, false));
    assertEquals("", windows(x, y, 5, file, true));
    y[7][0] = 3;
    assertOtherData(windows(x, y, 5, file, true), file);
    y[7][0] = 1;
    assertOtherData(windows(x, y, 6, file, true), file);
    assertOtherData(windows(Arrays.copyOf(x, 8), Arrays.copyOf(y, 8), 5, file, true), file);
  }

  private static void assertOtherData(String message, Path file) {
    assertTrue(message.startsWith(file + " was trained on other data, or in another"), message);
    assertEquals(1, message.lines().count());
  }

  /** Saves or resumes a run over labelled sequences; the message of what was refused. */
  private static String windows(
      float[][][] x, float[][] y, long dataSeed, Path file, boolean resume) throws IOException {
    try (Backend context = Backends.open("reference");
        Model model = Task.WINDOWS.spec.build(context, 17);
        Optimizer optimizer = Task.WINDOWS.optimizer(model);
        BatchSource data = ArraySource.shuffled(Examples.features(x).values(y), 2, dataSeed);
        Trainer trainer =
            Trainer.of(model, Task.WINDOWS.loss, optimizer, Schedules.constant(0.1), data)
                .build()) {
      if (!resume) {
        trainer.step();
        trainer.save(file);
        return "";
      }
      double[] before = onHost(model);
      try {
        trainer.resume(file);
        return "";
      } catch (FormatException e) {
        assertArrayEquals(before, onHost(model), 0.0);
        return String.valueOf(e.getMessage());
      }
    }
  }

  @Test
  void refusesAPositionThatTheDataDoesNotHave() throws IOException {
    run("reference", Task.TEXT, folder, 2, false);
    try (Backend context = Backends.open("reference");
        Model model = Task.TEXT.spec.build(context, 17);
        Optimizer optimizer = Task.TEXT.optimizer(model);
        BatchSource shorter = new CountingText(7, 5, 3, 4);
        Trainer trainer =
            Trainer.of(model, Task.TEXT.loss, optimizer, Schedules.constant(0.1), shorter)
                .build()) {
      FormatException e =
          assertThrows(
              FormatException.class, () -> trainer.resume(folder.resolve("last.safetensors")));
      assertMessage(e, "batch 4 of epoch 0", "has 4");
    }
  }

  private static FormatException resume(ModelSpec spec, long seed, Path file, boolean sgd) {
    try (Backend context = Backends.open("reference");
        Model model = spec.build(context, seed);
        Optimizer optimizer =
            sgd
                ? new RuleOptimizer(model.parameters(), new SgdRule(0.9, false, 0), 1)
                : Task.TEXT.optimizer(model);
        BatchSource training = Task.TEXT.data(false);
        Trainer trainer =
            Trainer.of(model, Task.TEXT.loss, optimizer, Schedules.constant(0.1), training)
                .build()) {
      double[] before = onHost(model);
      FormatException e = assertThrows(FormatException.class, () -> trainer.resume(file));
      assertArrayEquals(before, onHost(model), 0.0);
      return e;
    }
  }

  private static void assertMessage(FormatException e, String... parts) {
    for (String part : parts) {
      assertTrue(e.getMessage().contains(part), e.getMessage());
    }
  }
}
