package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.FoldKeys;
import dev.gatun.app.report.Metrics;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cross-validation as the objective of a study. */
class TuneFoldsTest {
  private static final String BLOCKED =
      """
      tune:
        strategy: grid
        folds: {name: blocked, count: 3}
        space:
          train.rate: [0.02, 1.0e-9]
      """;

  @TempDir Path folder;

  private double[] best(Tunes tunes, int trial) throws IOException {
    double[] bests = new double[3];
    for (int fold = 1; fold <= 3; fold++) {
      Path metrics = tunes.trial("s", trial, "fold-" + fold + "/metrics.csv");
      double[] losses = Metrics.read(metrics).column("validation_loss");
      bests[fold - 1] = Arrays.stream(losses).min().orElseThrow();
    }
    return bests;
  }

  @Test
  void theObjectiveIsTheMeanOverTheFolds() throws IOException {
    Tunes tunes = Tunes.of(folder, 2, BLOCKED);
    Outcome outcome = tunes.run("s", "--json");
    Json.Members result = Tunes.json(outcome);
    double[] bests = best(tunes, 0);
    double mean = Arrays.stream(bests).average().orElseThrow();
    double squares = Arrays.stream(bests).map(x -> (x - mean) * (x - mean)).sum();
    Json.Members values = (Json.Members) result.get("best_values");
    // metrics.csv rounds to what a chart needs.
    assertEquals(mean, Tunes.number(values.get("validation_loss")), 1e-4 * mean);
    Json.Members deviations = (Json.Members) result.get("best_deviations");
    assertEquals(
        Math.sqrt(squares / 2), Tunes.number(deviations.get("validation_loss")), 1e-3 * mean);
    List<String> table = Files.readAllLines(tunes.trial("s", 0, "folds.csv"));
    assertEquals(List.of("fold,validation_loss", "1", "2", "3").size(), table.size());
    assertEquals("fold,validation_loss", table.getFirst());
    // What is tested is trained once more, as best.yaml says: on the parts as they are.
    Config yaml = Config.read(folder.resolve("s/best.yaml"), List.of());
    assertEquals(FoldKeys.Kind.NONE, yaml.get(FoldKeys.KIND));
    String refit = Files.readString(tunes.trial("s", 0, "refit/log.txt"));
    assertTrue(refit.contains("120 rows to train on, 40 to validate, 40 to test"), refit);
    assertEquals("test", ((Json.Text) result.get("test_part")).value());
    assertFalse(((Json.Members) result.get("test")).values().isEmpty());
    for (int fold = 1; fold <= 3; fold++) {
      String log = Files.readString(tunes.trial("s", 0, "fold-" + fold + "/log.txt"));
      // Blocks of 40 before the test part, and the window's gap of 8.
      String parts = (40 * fold - 8) + " rows to train on, 40 to validate, 40 to test";
      assertTrue(log.contains(parts), log);
      assertFalse(log.contains("test:"), "no fold looks at the test part");
    }
  }

  @Test
  void aTrialWhoseMeanIsBadIsStoppedBetweenFolds() throws IOException {
    Tunes tunes = Tunes.of(folder, 2, BLOCKED.replace("  space", "  pruner: asha\n  space"));
    assertEquals(1, Tunes.number(tunes.json("s").get("pruned")));
    assertTrue(Files.exists(tunes.trial("s", 0, "fold-3")));
    assertFalse(Files.exists(tunes.trial("s", 1, "fold-2")));
  }

  /** Killed in the third fold: the first two are not trained again. */
  @Test
  void foldsThatHaveEndedAreKept() throws IOException {
    Tunes tunes = Tunes.of(folder, 2, BLOCKED);
    tunes.json("s", "--trials", "1");
    Path table = tunes.trial("s", 0, "folds.csv");
    List<String> whole = Files.readAllLines(table);
    List<String> journal = tunes.journal("s");
    Files.write(folder.resolve("s/study.journal"), journal.subList(0, 5)); // two folds reported
    Files.write(table, whole.subList(0, 3));
    Files.delete(tunes.trial("s", 0, "fold-1/metrics.csv"));
    Files.delete(tunes.trial("s", 0, "fold-3/config.yaml"));
    tunes.json("s", "--trials", "1");
    assertFalse(Files.exists(tunes.trial("s", 0, "fold-1/metrics.csv")));
    assertEquals(whole, Files.readAllLines(table));
    List<String> again = tunes.journal("s");
    assertEquals(event(journal.getLast()), event(again.getLast()));
  }

  @Test
  void foldsWithoutTheirJournalAreNotTaken() throws IOException {
    Tunes tunes = Tunes.of(folder, 1, BLOCKED);
    tunes.json("s", "--trials", "1");
    Files.delete(folder.resolve("s/study.journal"));
    Outcome outcome = tunes.run("s", "--trials", "1");
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("study.journal: missing or empty, but"), outcome.err());
  }

  private static String event(String line) {
    return line.substring(line.indexOf('{'));
  }

  @Test
  void aStudyGoesOnWithTheSameFoldsAndConfigurationOnly() throws IOException {
    Tunes.of(folder, 1, BLOCKED).json("s", "--trials", "1");
    Outcome folds = Tunes.of(folder, 1, BLOCKED.replace("3}", "4}")).run("s");
    assertEquals(2, folds.status(), folds.err());
    assertTrue(folds.err().contains("data.fold.count: 4, was 3"), folds.err());
    Outcome epochs = Tunes.of(folder, 2, BLOCKED).run("s");
    assertEquals(2, epochs.status(), epochs.err());
    assertTrue(epochs.err().contains("train.epochs: 2, was 1"), epochs.err());
    String goals = BLOCKED.replace("  space", "  objectives: parameters\n  space");
    Outcome objectives = Tunes.of(folder, 1, goals).run("s");
    assertEquals(2, objectives.status(), objectives.err());
    assertTrue(objectives.err().contains("tune.objectives: parameters"), objectives.err());
    Tunes more = Tunes.of(folder, 1, BLOCKED);
    assertEquals(2, Tunes.number(more.json("s").get("finished")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "k-fold|tune.folds: data.fold.name: k-fold; rows that follow one another are validated"
            + " after those trained on; give blocked",
        "{name: blocked, count: 1}|tune.folds.count: \"1\"; give a whole number from 2",
        "{name: blocked, count: 500}|tune.folds: data.fold.count: 500; 160 samples make no 501",
        "{name: blocked, gap: 40}|a gap of 40 leaves none of the first 30 steps to train on",
        "{name: blocked, count: 12}|need at least 9; with fewer folds",
        "{name: k-fold, gap: 3}|tune.folds.gap: not a key of k-fold, which has count",
        "{name: loo}|tune.folds: \"loo\"; give one of none, k-fold, stratified, blocked",
        "3|tune.folds: \"3\"; give one of none, k-fold, stratified, blocked",
      })
  void foldsThatDoNotFitAreRefused(String folds, String message) throws IOException {
    Tunes tunes = Tunes.of(folder, 1, BLOCKED.replace("{name: blocked, count: 3}", folds));
    Outcome outcome = tunes.run("s");
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains(message), outcome.err());
    assertTrue(outcome.err().contains("c.yaml"), outcome.err());
    assertFalse(Files.exists(folder.resolve("s")), "nothing is written");
  }
}
