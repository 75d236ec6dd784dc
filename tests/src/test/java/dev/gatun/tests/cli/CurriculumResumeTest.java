package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.run.Training;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Windows that widen, in a run that is killed while they do and resumed. */
class CurriculumResumeTest {
  private static final String[] KEYS = {
    "data.window_start=2",
    "data.window_growth=2",
    "data.rows=120",
    "train.epochs=5",
    "train.checkpoint_every=2",
    "train.checkpoint_keep=99"
  };

  @TempDir Path folder;

  /** What a kill after a step leaves: the last checkpoint is of that step. */
  private Path killedAfter(Path whole, Path checkpoint) throws IOException {
    Path run = Files.createDirectory(folder.resolve("killed-" + checkpoint.getFileName()));
    for (String name : List.of("config.yaml", "metrics.csv", "log.txt")) {
      Files.copy(whole.resolve(name), run.resolve(name));
    }
    Path checkpoints = Files.createDirectory(run.resolve("checkpoints"));
    Files.copy(
        whole.resolve("checkpoints/best.safetensors"), checkpoints.resolve("best.safetensors"));
    Files.copy(checkpoint, checkpoints.resolve("last.safetensors"));
    return run;
  }

  private static List<String> losses(Path run) throws IOException {
    return Files.readAllLines(run.resolve("metrics.csv")).stream()
        .map(line -> line.replaceFirst("^([^,]*,[^,]*),[^,]*", "$1"))
        .toList();
  }

  private static int step(Path checkpoint) {
    return Integer.parseInt(String.valueOf(checkpoint.getFileName()).replaceAll("\\D", ""));
  }

  @Test
  void aRunThatWasKilledInAnyEpochGivesTheSameBits() throws Exception {
    Path whole = KeyRuns.train(folder, Samples.SERIES, KEYS).run().path();
    Config config = Config.read(folder.resolve("c.yaml"), List.of(KEYS));
    int perEpoch;
    List<Integer> lengths = new ArrayList<>();
    try (BatchSource training = Task.of(config).training();
        Batch batch = training.newBatch()) {
      perEpoch = training.batches(0);
      for (int epoch = 0; epoch < 5; epoch++) {
        training.fill(epoch, 0, batch);
        lengths.add(batch.time());
      }
    }
    assertEquals(List.of(2, 4, 6, 8, 8), lengths);
    List<Path> kept;
    try (Stream<Path> files = Files.list(whole.resolve("checkpoints"))) {
      kept = files.filter(file -> file.toString().contains("step-")).sorted().toList();
    }
    Set<Integer> epochs = new TreeSet<>();
    try (Backend backend = Backends.open("cpu", 1)) {
      for (Path checkpoint : kept) {
        int epoch = step(checkpoint) / perEpoch;
        if (epoch < 4 && epochs.add(epoch)) {
          Path run = killedAfter(whole, checkpoint);
          new Training(config, backend, "").run(run, "c", true, result -> {});
          Runs.assertSameTensors(whole, run);
          assertEquals(losses(whole), losses(run), "after step " + step(checkpoint));
        }
      }
    }
    assertTrue(epochs.containsAll(Set.of(0, 1, 2, 3)), epochs + " of " + kept);
  }
}
