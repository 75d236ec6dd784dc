package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How a study chooses its trials and stops them, as {@code tune:} says. */
class TuneStrategyTest {
  /** A rate that learns, then one that learns nothing. */
  private static final String GOOD_AND_BAD = "  space:\n    train.rate: [0.02, 1.0e-9]\n";

  private static final String RATES =
      "  space:\n    train.rate: {from: 0.001, to: 0.1, scale: log}\n";

  @TempDir Path folder;

  @Test
  void aGridHasEveryPointOnceAndEndsByItself() throws IOException {
    String grid =
        "tune:\n  strategy: {name: grid, points: 3}\n" + RATES + "    model.hidden: [4, 6]\n";
    Tunes tunes = Tunes.of(folder, 1, grid);
    assertEquals(6, Tunes.number(tunes.json("s").get("finished")));
    Set<String> seen = new HashSet<>();
    for (int trial = 0; trial < 6; trial++) {
      Config config = Config.read(tunes.trial("s", trial, "config.yaml"), List.of());
      seen.add("%.6f %s".formatted(config.get(TrainKeys.RATE), config.get(ModelKeys.HIDDEN)));
    }
    assertEquals(
        Set.of(
            "0.001000 [4]",
            "0.001000 [6]",
            "0.010000 [4]",
            "0.010000 [6]",
            "0.100000 [4]",
            "0.100000 [6]"),
        seen);
    Outcome more = tunes.run("s", "--trials", "20", "--json");
    assertEquals(6, Tunes.number(Tunes.json(more).get("trials")));
    assertTrue(more.err().contains("every point of the grid has been tried"), more.err());
    Outcome fewer = tunes.run("t", "--trials", "2", "--json");
    assertEquals(2, Tunes.number(Tunes.json(fewer).get("trials")));
    Outcome rest = tunes.run("t", "--trials", "9", "--json");
    assertEquals(6, Tunes.number(Tunes.json(rest).get("trials")));
    assertTrue(rest.err().contains("the grid has 4 points left"), rest.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"{name: tpe, startup: 2}", "{name: gaussian-process, startup: 2}"})
  void whatLearnsFromTrialsIsReproducible(String strategy) throws IOException {
    Tunes tunes = Tunes.of(folder, 1, "tune:\n  trials: 4\n  strategy: " + strategy + "\n" + RATES);
    tunes.json("s");
    tunes.json("again");
    assertEquals(4, tunes.codes("s").size());
    assertEquals(tunes.codes("s"), tunes.codes("again"));
    // The first are quasi-random; what follows depends on their results.
    Tunes even = Tunes.of(folder, 1, "tune:\n  trials: 4\n  strategy: quasi-random\n" + RATES);
    even.json("even");
    assertEquals(even.codes("even").subList(0, 2), tunes.codes("s").subList(0, 2));
    assertNotEquals(even.codes("even").subList(2, 4), tunes.codes("s").subList(2, 4));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "asha|1",
        "{name: asha, first: 2, reduction: 2}|2",
        "{name: median, startup: 1}|1",
        "{name: median, startup: 1, warmup: 3}|3",
        "{name: asha, first: 4}|4", // trained to its end, it is not thrown away
        "median|4",
        "none|4",
      })
  void aTrialThatLearnsNothingIsStopped(String pruner, int reports) throws IOException {
    String tune = "tune:\n  strategy: grid\n  pruner: " + pruner + "\n" + GOOD_AND_BAD;
    Tunes tunes = Tunes.of(folder, 4, tune);
    Json.Members result = tunes.json("s");
    assertEquals(4, tunes.reports("s", 0));
    assertEquals(reports, tunes.reports("s", 1));
    boolean pruned = reports < 4;
    assertEquals(pruned ? 1 : 0, Tunes.number(result.get("pruned")));
    assertEquals(pruned, tunes.journal("s").getLast().contains("\"pruned\""));
    assertEquals(
        pruned,
        Files.readString(folder.resolve("s/study.html")).contains("<td>stopped early</td>"));
    assertEquals(0, Tunes.number(result.get("best_trial")));
  }

  /** Where large is good, the trial with the smaller measure is stopped, not the larger loss. */
  @Test
  void aMeasureIsPrunedByItsOwnReports() throws IOException {
    String tune =
        "tune:\n  strategy: grid\n  pruner: asha\n  objectives: {validation_accuracy: maximize}\n";
    Tunes tunes = Tunes.of(folder, 3, "");
    StringBuilder rows = new StringBuilder("string,label\n");
    for (int i = 0; i < 60; i++) {
      rows.append(i % 2 == 0 ? "aabab" : "ccdcd")
          .append(",")
          .append("xy".charAt(i % 2))
          .append('\n');
    }
    Files.writeString(folder.resolve("strings.csv"), rows);
    tunes.yaml(
        """
        data: {type: strings, path: strings.csv, validation: 0.3}
        model: {hidden: 8, embedding: 4}
        train: {epochs: 3, batch: 4}
        """
            + tune
            + GOOD_AND_BAD.replace("0.02", "0.05"));
    Json.Members result = tunes.json("s");
    assertEquals(0, Tunes.number(result.get("best_trial")));
    String settings = result.get("best_settings").print();
    assertFalse(settings.contains("report_metrics"), "what nobody searched: " + settings);
    assertEquals(3, tunes.reports("s", 0));
    assertEquals(1, tunes.reports("s", 1));
  }

  /** The study ends with the first trial, and goes on when the name is right. */
  @ParameterizedTest
  @ValueSource(strings = {"none", "{name: blocked, count: 2}"})
  void aMeasureThatIsNotThereEndsTheStudy(String folds) throws IOException {
    String tune = "tune:\n  trials: 2\n  folds: " + folds + "\n  objectives: validation_R2\n";
    Outcome outcome = Tunes.of(folder, 1, tune + RATES).run("s");
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("c.yaml: tune.objectives: no measure validation_R2"));
    assertTrue(outcome.err().contains("validation_mae"), outcome.err());
    Tunes right = Tunes.of(folder, 1, tune.replace("R2", "mae") + RATES);
    Json.Members result = right.json("s");
    assertEquals(0, Tunes.number(result.get("failed")), "the wrong name is no trial's failure");
    assertEquals(2, Tunes.number(result.get("finished")));
  }

  @Test
  void aStudyMayGoOnInAnotherWay() throws IOException {
    Tunes.of(folder, 1, "tune:\n  trials: 2\n" + RATES).json("s");
    Tunes tunes =
        Tunes.of(
            folder,
            1,
            "tune:\n  trials: 4\n  pruner: asha\n  strategy: {name: tpe, startup: 2}\n" + RATES);
    assertEquals(4, Tunes.number(tunes.json("s").get("trials")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "strategy: bayes|tune.strategy: \"bayes\"; give one of grid, random, quasi-random, tpe,"
            + " gaussian-process",
        "strategy: {startup: 3}|tune.strategy.name: missing; give one of grid",
        "strategy: {name: tpe, startup: 1}|tune.strategy.startup: \"1\"; give a whole number of at"
            + " least 2",
        "strategy: {name: grid, startup: 3}|tune.strategy.startup: not a key of grid, which has"
            + " points",
        "strategy: {name: random, points: 3}|not a key of random, which has none",
        "strategy: {name: grid, points: 100001}|tune.strategy: the grid has more than 100,000",
        "pruner: hyperband|tune.pruner: \"hyperband\"; give one of none, median, asha",
        "pruner: {name: asha, reduction: 1}|tune.pruner.reduction: \"1\"; give a whole number",
        "'strategy: gaussian-process\n  objectives: [validation_loss, parameters]'|"
            + "tune.strategy: the Gaussian process is for one objective, not 2",
        "'pruner: asha\n  objectives: [validation_loss, parameters]'|"
            + "tune.pruner: trials of several objectives are not stopped early",
        "'pruner: median\n  objectives: parameters'|tune.pruner: parameters does not change",
      })
  void whatDoesNotFitIsSaidBeforeTheFirstTrial(String line, String message) throws IOException {
    Tunes tunes = Tunes.of(folder, 1, "tune:\n  " + line + "\n" + RATES);
    Outcome check = InProcess.run("check", folder.resolve("c.yaml").toString());
    for (Outcome outcome : List.of(tunes.run("s"), check)) {
      assertEquals(2, outcome.status(), outcome.err());
      assertTrue(outcome.err().contains(message), outcome.err());
      assertTrue(outcome.err().contains("c.yaml:"), outcome.err());
    }
    assertFalse(Files.exists(folder.resolve("s")), "nothing is written");
  }

  @Test
  void aCheckSaysWhatIsSearchedAndLeavesWhatAStudyWroteAlone() throws IOException {
    Tunes tunes = Tunes.of(folder, 1, "tune:\n  trials: 1\n  strategy: tpe\n" + RATES);
    Outcome check = InProcess.run("check", folder.resolve("c.yaml").toString());
    assertTrue(check.out().contains("tune: tpe over train.rate"), check.out() + check.err());
    tunes.json("s");
    Outcome best = InProcess.run("check", folder.resolve("s/best.yaml").toString());
    assertEquals(0, best.status(), best.err());
    assertFalse(best.out().contains("tune:"), best.out());
  }
}
