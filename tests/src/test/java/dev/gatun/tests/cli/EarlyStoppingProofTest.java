package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.app.report.Metrics;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * ASHA against the full search of the same trials, on the Japanese vowels: what it reaches with a
 * third of the training steps. Minutes for each seed, so only with {@code -Dgatun.tune.seeds=5};
 * docs/techniques/search.md has the figures.
 */
class EarlyStoppingProofTest {
  /** How pruning is set was chosen with the seeds below. */
  private static final int FIRST_SEED = 11;

  private static final int TRIALS = 18;
  private static final int MOST_TRIALS = 60;

  @TempDir Path folder;

  /** The best accuracy, and the training steps of all trials. */
  private record Found(double best, long steps) {}

  private Found search(Path data, String pruner, int seed, int trials) throws IOException {
    Tunes tunes = new Tunes(folder);
    tunes.yaml(
        """
      data: {type: sequences, path: %s, validation: 0.3, test: 0}
      train: {epochs: 27, batch: 16, clip: 1, seed: 1}
      tune:
        strategy: quasi-random
        objectives: {validation_accuracy: maximize}
        seed: %d
        pruner: %s
        space:
          train.rate: {from: 0.0003, to: 0.1, scale: log}
          model.hidden: {from: 8, to: 32, scale: log}
          model.cell: [lstm, gru]
      """
            .formatted(data, seed, pruner));
    String study = "study-" + seed + "-" + pruner.charAt(0);
    Json.Members result = tunes.json(study, "--trials", Integer.toString(trials));
    long steps = 0;
    for (int trial = 0; trial < trials; trial++) {
      double[] all = Metrics.read(tunes.trial(study, trial, "metrics.csv")).column("step");
      steps += (long) all[all.length - 1];
    }
    Json.Members values = (Json.Members) Objects.requireNonNull(result.get("best_values"));
    return new Found(Tunes.number(values.get("validation_accuracy")), steps);
  }

  /** As many trials as there are steps for. */
  private Found withSteps(Path data, int seed, long most) throws IOException {
    Found found = new Found(0, 0);
    for (int trials = 1; trials <= MOST_TRIALS; trials++) {
      Found more = search(data, "{name: asha, first: 1, reduction: 2}", seed, trials);
      if (more.steps > most) {
        break;
      }
      found = more;
    }
    return found;
  }

  @Test
  void aThirdOfTheStepsIsEnough() throws IOException {
    int seeds = Integer.getInteger("gatun.tune.seeds", 0);
    assumeTrue(seeds > 0, "skipped: takes minutes; -Dgatun.tune.seeds=5 runs it");
    Path data =
        Path.of(System.getProperty("gatun.shared.data", ""), "JapaneseVowels_TRAIN.ts")
            .toAbsolutePath()
            .normalize();
    assumeTrue(Files.isRegularFile(data), "skipped: no " + data + " (-Dgatun.shared.data)");
    double[] ratios = new double[seeds];
    for (int i = 0; i < seeds; i++) {
      Found full = search(data, "none", FIRST_SEED + i, TRIALS);
      Found stopped = withSteps(data, FIRST_SEED + i, full.steps / 3);
      ratios[i] = stopped.best / full.best;
      System.out.printf(
          Locale.ROOT,
          "seed %d: full %.4f in %d steps, ASHA %.4f in %d (%.0f %%): %.3f of it%n",
          FIRST_SEED + i,
          full.best,
          full.steps,
          stopped.best,
          stopped.steps,
          100.0 * stopped.steps / full.steps,
          ratios[i]);
    }
    Arrays.sort(ratios);
    assertTrue(ratios[(seeds - 1) / 2] >= 0.98, Arrays.toString(ratios));
  }
}
