package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.BackendUnavailableException;
import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.DeviceException;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Place;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.optim.UpdateOptions;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every function of the CUDA libraries that training calls fails once: first, in the middle, last.
 */
@Tag("cuda")
@ParameterizedClass
@EnumSource(Place.class)
class TrainingFailureTest {
  /** One layer that cuDNN runs and one that our kernels run. */
  private static final ModelSpec SPEC =
      ModelSpec.of(
          Signal.features(2),
          RecurrentLayer.lstm(3),
          RecurrentLayer.of("own", Cell.GRU_RESET_BEFORE, 3).lastState(),
          Linear.of(1));

  /** What frees or is asked while closing: its failure is not worth losing the result for. */
  private static final Set<String> AT_THE_END =
      Set.of(
          "cublasDestroy_v2",
          "cudaEventDestroy",
          "cudaFreeHost",
          "cudaStreamDestroy",
          "cudaStreamSynchronize",
          "cudnnDestroy",
          "cudnnDestroyDropoutDescriptor",
          "cudnnDestroyRNNDataDescriptor",
          "cudnnDestroyRNNDescriptor",
          "cudnnDestroyTensorDescriptor");

  private static final List<String> HANDLES =
      List.of(
          "cudaStream_t",
          "cudaEvent_t",
          "cublasHandle_t",
          "cudnnHandle_t",
          "cudnnRNNDescriptor_t",
          "cudnnRNNDataDescriptor_t",
          "cudnnTensorDescriptor_t",
          "cudnnDropoutDescriptor_t");

  private final Place place;

  @TempDir private Path folder;

  TrainingFailureTest(Place place) {
    this.place = place;
  }

  @BeforeEach
  @AfterEach
  void reset() {
    DoubleState.reset();
  }

  /** Trains with validation and checkpoints, resumes, and serves. */
  private void train() throws IOException {
    float[][][] x = new float[4][3][2];
    for (int i = 0; i < 4; i++) {
      x[i][i % 3][i % 2] = i - 1.5f;
    }
    Examples examples = Examples.features(x).values(new float[][] {{1}, {0}, {-1}, {0.5f}});
    try (Backend backend = Backends.open("cuda", 1);
        Model model = SPEC.build(backend, 3);
        Optimizer adam =
            new RuleOptimizer(
                model.parameters(),
                AdamRule.DEFAULT,
                UpdateOptions.DEFAULT.withMaxNorm(1).withPlace(place));
        BatchSource data = ArraySource.sequential(examples, 2);
        Trainer trainer =
            Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.1), data)
                .validation(data)
                .checkpoints(folder)
                .epochs(2)
                .build()) {
      trainer.run();
      trainer.resume(folder.resolve("last.safetensors"));
      try (Session session = model.session()) {
        session.step(new float[] {1, -1});
        session.refresh();
        session.step(new float[] {0, 2});
      }
    }
  }

  private @Nullable Throwable failure() throws IOException {
    try {
      train();
      return null;
    } catch (DeviceException | OutOfMemoryError | BackendUnavailableException e) {
      return e;
    }
  }

  /** An error of the library that the function belongs to. */
  private static int status(String function) {
    if (function.equals("cudaMalloc") || function.equals("cudaMallocHost")) {
      return 2;
    }
    return function.startsWith("cudnn") ? 5000 : function.startsWith("cublas") ? 13 : 719;
  }

  private static String handles() {
    StringBuilder text = new StringBuilder();
    for (String type : HANDLES) {
      text.append(type).append(' ').append(DoubleState.handles(type)).append('\n');
    }
    text.append("blocks ").append(DoubleState.blocks());
    text.append(" pinned ").append(DoubleState.pinned());
    return text.toString();
  }

  @Test
  void isNamedAndLosesNothing() throws IOException {
    train(); // compiles and loads the kernels, which stay
    DoubleState.reset();
    final String before = handles();
    train();
    assertEquals(before, handles());
    SequencedMap<String, Long> functions = new LinkedHashMap<>();
    for (String function : DoubleState.called()) {
      functions.put(function, DoubleState.calls(function));
    }
    assertTrue(functions.size() > 20, functions.toString());
    List<String> problems = new ArrayList<>();
    for (String function : functions.sequencedKeySet()) {
      long calls = functions.get(function);
      for (long call : new TreeSet<>(List.of(1L, (calls + 1) / 2, calls))) {
        // The last of these is made while closing.
        boolean ending = function.equals("cudaSetDevice") && call == calls;
        String problem = problem(function, call, ending || AT_THE_END.contains(function));
        if (problem != null) {
          problems.add("%s, call %d of %d: %s".formatted(function, call, calls, problem));
        }
      }
    }
    assertEquals(List.of(), problems);
  }

  /** What is wrong after that call has failed; null if nothing is. */
  private @Nullable String problem(String function, long call, boolean ending) throws IOException {
    DoubleState.reset();
    String before = handles();
    DoubleState.fail("%s:%d=%d".formatted(function, call, status(function)));
    Throwable failure = failure();
    DoubleState.fail("");
    if (!ending) {
      if (failure == null) {
        return "nobody noticed";
      }
      if (!handles().equals(before) && !function.equals("cudaFree")) {
        return failure + " lost some of\n" + before + "\nnow\n" + handles();
      }
    }
    Throwable after = failure();
    return after == null ? null : "it does not go on: " + after;
  }
}
