package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.BackendUnavailableException;
import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.cuda.CudaBackend;
import dev.gatun.backend.cuda.CudaOptions;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.train.CountingText;
import dev.gatun.train.Outcome;
import dev.gatun.train.SkippedStep;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Precisions of a GPU: what has them, and runs that train in them. */
@Tag("cuda")
class PrecisionTest {
  private static final int VOCABULARY = 7;

  /** So large that the first gradients overflow, some times over. */
  private static final double HUGE = 0x1p26;

  /** Stacks that cuDNN runs and that our kernels run. */
  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.tokens(VOCABULARY),
          Embedding.of(5),
          RecurrentLayer.lstm(8),
          RecurrentLayer.gru(8).layerNorm(),
          Linear.of(VOCABULARY));

  @TempDir Path folder;

  /** Whether a run that was stopped goes on with enough good steps to raise the scale. */
  private boolean growsAfterStop;

  @AfterEach
  void asBefore() {
    DoubleState.capability(90);
    DoubleState.cudnn(92_400);
  }

  @ParameterizedTest
  @EnumSource
  void isNamedInTheLineThatSaysWhatRuns(Precision precision) {
    try (Backend backend = Backends.open("cuda", 1, precision);
        Backend fork = backend.fork()) {
      assertEquals(precision, backend.precision());
      assertEquals(precision, fork.precision());
      assertTrue(
          backend.description().contains(", " + precision.label() + ", "), backend.description());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "cpu, FP16, precision fp16 is for a GPU: the backend cpu computes in float32",
    "cpu, TF32, precision tf32 is for a GPU",
    "reference, BF16, precision bf16 is for a GPU: the backend reference computes in float64"
  })
  void othersComputeInTheirOwn(String name, Precision precision, String part) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> Backends.open(name, 1, precision))
            .getMessage();
    assertTrue(message.contains(part), message);
  }

  @ParameterizedTest
  @CsvSource({
    "75, 92400, BF16, cuda:0 computes in bf16 from compute capability 8.0 on, and this one has 7.5",
    "75, 92400, TF32, cuda:0 computes in tf32 from compute capability 8.0 on",
    "80, 91299, BF16, cuDNN has recurrent stacks in bf16 from 9.13 on, and this is 9.12.99"
  })
  void whatIsTooOldIsNamed(int capability, int cudnn, Precision precision, String part) {
    DoubleState.capability(capability);
    DoubleState.cudnn(cudnn);
    String message =
        assertThrows(
                BackendUnavailableException.class,
                () -> Backends.open("cuda", 1, precision).close())
            .getMessage();
    assertTrue(message.contains(part), message);
  }

  @ParameterizedTest
  @CsvSource({"75, 92400, FP16", "80, 91300, BF16", "80, 90000, TF32", "75, 90000, FP32"})
  void whatIsNewEnoughOpens(int capability, int cudnn, Precision precision) {
    DoubleState.capability(capability);
    DoubleState.cudnn(cudnn);
    Backends.open("cuda", 1, precision).close();
  }

  /** What a run left behind. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Trace(
      Outcome outcome,
      double[] parameters,
      List<Double> losses,
      List<SkippedStep> skipped,
      double[] scale) {}

  private Trace train(
      Precision precision, double scale, int stopAfter, int steps, @Nullable Path resume)
      throws IOException {
    List<Double> losses = new ArrayList<>();
    List<SkippedStep> skipped = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onStep(Trainer trainer) {
            losses.add(trainer.loss());
            if (trainer.steps() == stopAfter) {
              trainer.requestStop();
            }
          }

          @Override
          public void onSkipped(Trainer trainer, SkippedStep step) {
            skipped.add(step);
          }
        };
    try (Backend backend = Backends.open("cuda", 1, precision);
        Model model = SPEC.build(backend, 5);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1.0);
        Trainer trainer =
            Trainer.of(
                    model,
                    new SoftmaxCrossEntropy(),
                    adam,
                    Schedules.constant(0.03),
                    new CountingText(VOCABULARY, 5, 3, 6))
                .epochs(1000)
                .maxSteps(steps)
                .maxSkippedInRow(2)
                .checkpoints(folder)
                .listener(listener)
                .build()) {
      Tensor state = backend.state().get("loss_scale");
      if (state != null && scale > 0) {
        Host.write(backend, state, scale, 0);
      }
      if (resume != null) {
        trainer.resume(resume);
      }
      Outcome outcome = trainer.run();
      if (state != null && growsAfterStop) {
        Host.write(backend, state, backend.lossScale(), 1999); // as if it had been so many
        outcome = trainer.run();
      }
      return new Trace(
          outcome,
          Host.read(backend, model.parameters().values()),
          losses,
          skipped,
          state == null ? new double[0] : Host.read(backend, Objects.requireNonNull(state)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TF32", "FP16", "BF16"})
  void learnsAsInFloat32(Precision precision) throws IOException {
    Trace exact = train(Precision.FP32, 0, -1, 60, null);
    Trace trace = train(precision, 0, -1, 60, null);
    assertEquals(Outcome.COMPLETED, trace.outcome());
    double first = exact.losses().getFirst();
    assertEquals(first, trace.losses().getFirst(), 0.02 * first);
    double last = trace.losses().getLast();
    assertTrue(last < 0.3 * first, "from " + first + " to " + last);
  }

  @Test
  void theScaleFallsUntilGradientsFitThenRisesAndNoRunEndsByThat() throws IOException {
    growsAfterStop = true;
    Trace trace = train(Precision.FP16, HUGE, 20, 40, null);
    assertEquals(Outcome.COMPLETED, trace.outcome());
    assertTrue(trace.skipped().size() > 2, "skipped " + trace.skipped().size());
    assertEquals(HUGE / 2, trace.skipped().getFirst().lossScale());
    assertTrue(trace.skipped().stream().allMatch(step -> step.inRow() == 0));
    assertTrue(
        trace.skipped().getFirst().toString().endsWith("the loss scale of fp16 falls to 33554432"));
    assertTrue(trace.skipped().size() < 20, "it had not found a scale that fits");
    assertEquals(Math.scalb(HUGE, 1 - trace.skipped().size()), trace.scale()[0], "it rose again");
    double last = trace.losses().getLast();
    assertTrue(last < 0.5 * trace.losses().getFirst(), "loss " + last);
  }

  @Test
  void resumedRunsGiveTheSameBits() throws IOException {
    Trace whole = train(Precision.FP16, HUGE, -1, 24, null);
    Trace begun = train(Precision.FP16, HUGE, 7, 24, null);
    assertEquals(Outcome.INTERRUPTED, begun.outcome());
    Trace resumed = train(Precision.FP16, 0, -1, 24, folder.resolve("last.safetensors"));
    assertArrayEquals(whole.scale(), resumed.scale());
    assertArrayEquals(whole.parameters(), resumed.parameters());
    assertEquals(whole.losses().subList(7, 24), resumed.losses());
  }

  /** Weights are rounded once a forward: a step rounds what it multiplies them by, and no more. */
  @ParameterizedTest
  @CsvSource({"LSTM, 2, 2, 4", "GRU, 0, 1, 2", "GRU_RESET_BEFORE, 0, 2, 4", "TANH, 0, 1, 2"})
  void aStepOfOurCellsRoundsNoWeights(Cell cell, int projection, int forward, int whole) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 2, 5);
    RecurrentSpec shape = projection > 0 ? spec.projected(projection) : spec;
    CudaOptions options = new CudaOptions(1, Precision.FP32, DropoutMasks.GATUN, true);
    CudaOptions rounded = new CudaOptions(1, Precision.FP16, DropoutMasks.GATUN, true);
    long[] plain = launchesOfAStep(options, shape);
    long[] half = launchesOfAStep(rounded, shape);
    assertEquals(plain[0] + forward, half[0], "forward");
    assertEquals(plain[1] + whole, half[1], "with backward");
  }

  /** What one more step launches, forward and in all. */
  private static long[] launchesOfAStep(CudaOptions options, RecurrentSpec spec) {
    try (Backend backend = new CudaBackend("cuda", 0, options);
        Stack stack = Stack.full(backend, spec, 6, 2)) {
      stack.randomize(new Random(3)).lengths(6, 6);
      long[] before = launches(stack, 3);
      long[] after = launches(stack, 4);
      return new long[] {after[0] - before[0], after[1] - before[1]};
    }
  }

  private static long[] launches(Stack stack, int steps) {
    stack.lengths(steps, steps);
    DoubleState.reset();
    stack.plan.forward(steps, 2);
    long forward = DoubleState.calls("cudaLaunchKernelExC");
    stack.plan.backward();
    return new long[] {forward, DoubleState.calls("cudaLaunchKernelExC")};
  }
}
