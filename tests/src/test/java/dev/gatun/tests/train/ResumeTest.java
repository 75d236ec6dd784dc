package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Model;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

  private Trace run(
      String backend, ResumeTask task, Path checkpoints, long stopAfter, boolean resume)
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
            ResumeTask.onHost(model),
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

  private void checkAfter(String backend, ResumeTask task, long stopAfter) throws IOException {
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
    checkAfter(backend, ResumeTask.TEXT, 4);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void statefulTextAtAnEpochsEnd(String backend) throws IOException {
    checkAfter(backend, ResumeTask.TEXT, 6);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void windowsInsideAnEpoch(String backend) throws IOException {
    checkAfter(backend, ResumeTask.WINDOWS, 4);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void windowsAtAnEpochsEnd(String backend) throws IOException {
    checkAfter(backend, ResumeTask.WINDOWS, 6);
  }

  /** Epochs are of 6 batches, two for each update. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void carriedWindowsInsideAnEpoch(String backend) throws IOException {
    checkAfter(backend, ResumeTask.CARRIED, 4);
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void augmentedAndBalancedClassesInsideAnEpoch(String backend) throws IOException {
    checkAfter(backend, ResumeTask.CLASSES, 4);
  }

  /** cuDNN's generator goes on from where it stood. */
  @Test
  @Tag("cuda")
  void masksByCudnn() throws IOException {
    checkAfter(CUDNN_MASKS, ResumeTask.TEXT, 4);
    Trace own = run("cuda", ResumeTask.TEXT, folder.resolve("own"), 0, false);
    Trace theirs = run(CUDNN_MASKS, ResumeTask.TEXT, folder.resolve("theirs"), 0, false);
    assertFalse(Arrays.equals(own.losses, theirs.losses), "other masks, other losses");
  }

  @Test
  void enginesAreTheRecordedOnes() throws IOException {
    choices = "packed,openblas,packed";
    Trace whole = run("cpu", ResumeTask.TEXT, folder.resolve("whole"), 0, false);
    Path parts = folder.resolve("parts");
    run("cpu", ResumeTask.TEXT, parts, 4, false);
    choices = "openblas";
    Trace rest = run("cpu", ResumeTask.TEXT, parts, 0, true);
    assertArrayEquals(whole.parameters, rest.parameters, 0.0);
    Trace other = run("cpu", ResumeTask.TEXT, folder.resolve("other"), 0, false);
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

  /** Of the file nothing differs but the time that the run took. */
  @Test
  void theFileOfAResumedRunDiffersInItsTimeAlone() throws IOException {
    Path whole = folder.resolve("whole");
    run("cpu", ResumeTask.TEXT, whole, 0, false);
    Path parts = folder.resolve("parts");
    run("cpu", ResumeTask.TEXT, parts, 5, false);
    run("cpu", ResumeTask.TEXT, parts, 0, true);
    for (String name : List.of("last.safetensors", "best.safetensors")) {
      try (SafetensorsReader one = new SafetensorsReader(whole.resolve(name));
          SafetensorsReader other = new SafetensorsReader(parts.resolve(name))) {
        Map<String, String> expected = new TreeMap<>(one.metadata());
        Map<String, String> actual = new TreeMap<>(other.metadata());
        assertTrue(expected.remove("training.seconds") != null, expected::toString);
        actual.remove("training.seconds");
        assertEquals(expected, actual);
        assertEquals(List.copyOf(one.tensors().keySet()), List.copyOf(other.tensors().keySet()));
        for (String tensor : one.tensors().keySet()) {
          assertArrayEquals(one.doubles(tensor), other.doubles(tensor), tensor);
        }
      }
    }
  }

  @Test
  void carriedStateMatters() throws IOException {
    // The test above would be blind if the states did not change the losses.
    Path parts = folder.resolve("parts");
    run("reference", ResumeTask.TEXT, parts, 4, false);
    Trace whole = run("reference", ResumeTask.TEXT, folder.resolve("whole"), 0, false);
    try (Backend context = Backends.open("reference");
        Model model = ResumeTask.TEXT.spec.build(context, 17);
        Optimizer optimizer = ResumeTask.TEXT.optimizer(model);
        BatchSource training = ResumeTask.TEXT.data(false);
        Trainer trainer =
            Trainer.of(
                    model, ResumeTask.TEXT.loss, optimizer, Schedules.cosine(0.02, 0, 20), training)
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
}
