package dev.gatun.tests.cli;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.run.Training;
import dev.gatun.backend.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Runs of a configuration in this JVM, for what keys do: a process each would take seconds. */
final class KeyRuns {
  private KeyRuns() {}

  /**
   * Trains on the samples' data with some keys set.
   *
   * @return what a run gives, in a new directory in the folder
   */
  static Training.Result train(Path folder, String yaml, String... settings) throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Files.writeString(folder.resolve("prose.txt"), Samples.prose(80));
    Path file = Files.writeString(folder.resolve("c.yaml"), yaml);
    Path run = Files.createTempDirectory(folder, "run").resolve("r");
    try (Backend backend = Backends.open("cpu", 1)) {
      Config config = Config.read(file, List.of(settings));
      return new Training(config, backend, "").run(run, "c", false, result -> {});
    }
  }
}
