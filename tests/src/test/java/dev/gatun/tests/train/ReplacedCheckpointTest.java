package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchLayout;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.NumericLoss;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights, moments and position come from one file, even if its name gets another meanwhile. */
class ReplacedCheckpointTest {
  @TempDir Path folder;

  /** Data that moves another file over the checkpoint while it is compared with the file's. */
  private record Replacing(SineWindows data, Path newer, Path file) implements BatchSource {
    @Override
    public BatchLayout layout() {
      return data.layout();
    }

    @Override
    public int batches(int epoch) {
      return data.batches(epoch);
    }

    @Override
    public void fill(int epoch, int index, Batch into) {
      if (Files.exists(newer)) {
        try {
          Files.move(newer, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      data.fill(epoch, index, into);
    }
  }

  private static final SineWindows DATA = new SineWindows(5, 3, 4);

  /** Trains, or resumes without a further step; gives weights and moments. */
  private static Map<String, double[]> state(BatchSource data, Path folder, int steps, boolean go)
      throws IOException {
    ModelSpec spec =
        ModelSpec.of(Signal.features(1), RecurrentLayer.tanh(3).lastState(), Linear.of(1));
    Map<String, double[]> state = new LinkedHashMap<>();
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 1);
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        Trainer trainer =
            Trainer.of(model, NumericLoss.meanSquaredError(), adam, Schedules.constant(0.1), data)
                .maxSteps(steps)
                .checkpoints(folder)
                .build()) {
      if (go) {
        trainer.run();
      } else {
        trainer.resume(folder.resolve("last.safetensors"));
      }
      model.parameters().list().forEach(p -> state.put(p.name(), p.value().toDoubles()));
      for (Map.Entry<String, Tensor> moment : adam.state().entrySet()) {
        state.put("optimizer." + moment.getKey(), moment.getValue().toDoubles());
      }
    }
    return state;
  }

  @Test
  void isReadAsItWasWhenItWasOpened() throws IOException {
    Path older = Files.createDirectory(folder.resolve("older"));
    Path newer = Files.createDirectory(folder.resolve("newer"));
    Map<String, double[]> expected = state(DATA, older, 2, true);
    state(DATA, newer, 4, true);
    Path file = older.resolve("last.safetensors");
    Replacing data = new Replacing(DATA, newer.resolve("last.safetensors"), file);
    Map<String, double[]> resumed = state(data, older, 2, false);
    assertEquals(expected.keySet(), resumed.keySet());
    expected.forEach((name, values) -> assertArrayEquals(values, resumed.get(name), name));
    try (SafetensorsReader now = new SafetensorsReader(file)) {
      assertEquals("4", now.metadata().get("training.step"), "the file was not replaced");
    }
  }
}
