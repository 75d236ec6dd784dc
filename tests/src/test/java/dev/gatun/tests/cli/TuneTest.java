package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.report.Metrics;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import dev.gatun.tests.cli.Cli.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A study of configurations: its trials, its files, going on, joining in, and what is wrong. */
class TuneTest {
  private static final String TUNE =
      """
      tune:
        trials: 4
        seed: 7
        space:
          model.hidden: {from: 4, to: 12}
          model.layers: {from: 1, to: 2}
          model.dropout: {from: 0.1, to: 0.4, when: {model.layers: [2]}}
          train.rate: {from: 0.001, to: 0.1, scale: log}
      """;

  @TempDir Path folder;

  private Tunes tunes = new Tunes(Path.of(""));

  @BeforeEach
  void write() throws IOException {
    tunes = Tunes.of(folder, 2, TUNE);
  }

  @Test
  void trialsWithoutTheirJournalAreNotOverwritten() throws IOException {
    tunes.json("s", "--trials", "1");
    Files.writeString(folder.resolve("s/study.journal"), "");
    byte[] before = Files.readAllBytes(tunes.trial("s", 0, "metrics.csv"));
    Outcome outcome = tunes.run("s", "--trials", "1");
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("study.journal: missing or empty, but"), outcome.err());
    assertArrayEquals(before, Files.readAllBytes(tunes.trial("s", 0, "metrics.csv")));
  }

  @Test
  void aJournalThatMissesALineIsDamaged() throws IOException {
    tunes.json("s", "--trials", "1");
    List<String> lines = tunes.journal("s");
    assertTrue(lines.get(2).contains("\"suggested\""), lines.get(2));
    List<String> damaged = new ArrayList<>(lines);
    damaged.remove(2);
    Files.write(folder.resolve("s/study.journal"), damaged);
    Outcome outcome = tunes.run("s", "--trials", "1");
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("study.journal:3: an event of trial 0"), outcome.err());
  }

  @Test
  void otherDataOfTheSameNameIsAnotherStudy() throws IOException {
    tunes.json("s", "--trials", "1");
    Path data = folder.resolve("wave.csv");
    String before = Files.readString(data);
    Files.writeString(data, Samples.wave(201));
    Outcome outcome = tunes.run("s", "--trials", "2");
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("data.path has other content"), outcome.err());
    Files.writeString(data, before);
    assertEquals(2, Tunes.number(tunes.json("s", "--trials", "2").get("finished")));
  }

  @Test
  void theBestIsToldEvenIfItsCheckpointIsGone() throws IOException {
    tunes.json("s", "--trials", "1");
    Files.delete(tunes.trial("s", 0, "checkpoints/best.safetensors"));
    Files.delete(tunes.trial("s", 0, "checkpoints/last.safetensors"));
    Outcome outcome = tunes.run("s", "--trials", "1", "--json");
    assertEquals(0, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("best, trial 0, is not tested: its checkpoint"));
    assertTrue(outcome.err().contains("best configuration: "), outcome.err());
  }

  @ParameterizedTest
  @ValueSource(strings = {"train.device: [cpu, cuda]", "data.validation: [0.1, 0.5]"})
  void whatTrialsAreComparedOnIsNotSearched(String range) throws IOException {
    tunes.yaml(Samples.SERIES + "tune:\n  space:\n    " + range + "\n");
    Outcome outcome = tunes.run("s");
    assertEquals(2, outcome.status(), outcome.err());
    String said = range.substring(0, range.indexOf(':')) + " is the same for all trials";
    assertTrue(outcome.err().contains(said), outcome.err());
    tunes.yaml(Samples.SERIES + "tune:\n  trials: 3\n");
    Outcome check = InProcess.run("check", folder.resolve("c.yaml").toString());
    assertEquals(2, check.status(), check.out());
    assertTrue(check.err().contains("tune.space: missing"), check.err());
  }

  @Test
  void jobsAreNoMoreThanThreadsCanBe() throws IOException {
    for (String jobs : List.of("0", "1025", "1000000000")) {
      Outcome outcome = tunes.run("s", "--jobs", jobs);
      assertEquals(2, outcome.status(), outcome.err());
      assertTrue(outcome.err().contains("--jobs " + jobs + ": give 1 to 1024"), outcome.err());
    }
    assertFalse(Files.exists(folder.resolve("s")));
    Outcome outcome = tunes.run("s", "--jobs", "1000", "--trials", "2");
    assertEquals(0, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("2 trials, 2 at a time"), outcome.err());
  }

  @Test
  void theBestOfAllTrialsIsReadyToTrain() throws IOException {
    Json.Members result = tunes.json("s", "--jobs", "2");
    assertEquals(4, Tunes.number(result.get("finished")));
    double least = Double.POSITIVE_INFINITY;
    for (int trial = 0; trial < 4; trial++) {
      Path metrics = folder.resolve("s/trials/" + trial + "/metrics.csv");
      double[] losses = Metrics.read(metrics).column("validation_loss");
      assertEquals(2, losses.length);
      least = Math.min(least, Arrays.stream(losses).min().orElseThrow());
    }
    Json.Members values = (Json.Members) result.get("best_values");
    // metrics.csv rounds to what a chart needs.
    assertEquals(least, Tunes.number(values.get("validation_loss")), 1e-4 * least);
    Path best = folder.resolve("s/best.yaml");
    Json.Members settings = (Json.Members) result.get("best_settings");
    String rate = ((Json.Text) settings.get("train.rate")).value();
    assertEquals(Double.parseDouble(rate), Config.read(best, List.of()).get(TrainKeys.RATE));
    assertTrue(Files.readString(best).contains("tune: # the study's seed\n  seed: 7"));
    assertEquals("test", ((Json.Text) result.get("test_part")).value());
    assertFalse(((Json.Members) result.get("test")).values().isEmpty());
    String page = Files.readString(folder.resolve("s/study.html"));
    assertTrue(page.contains("Parallel coordinates") && page.contains("<svg"), page);
    assertFalse(page.contains("src=") || page.contains("href="), "needs nothing else");
  }

  @Test
  void theSameCommandGoesOnWithMoreTrials() throws IOException {
    tunes.json("s", "--trials", "2");
    byte[] before = Files.readAllBytes(folder.resolve("s/trials/1/metrics.csv"));
    Json.Members more = tunes.json("s", "--trials", "3");
    assertEquals(3, Tunes.number(more.get("finished")));
    assertEquals(
        new String(before, java.nio.charset.StandardCharsets.UTF_8),
        Files.readString(folder.resolve("s/trials/1/metrics.csv")));
    // As one study would have had it.
    Json.Members other = tunes.json("other", "--trials", "3");
    assertEquals(3, Tunes.number(other.get("finished")));
    assertEquals(tunes.codes("s"), tunes.codes("other"));
  }

  @Test
  void aTrialThatFailsIsRecordedAndTheStudyGoesOn() throws IOException {
    String space = "  space:\n    train.rate: [0.01, 1e30]\n";
    tunes.yaml(
        Samples.SERIES.replace("epochs: 12", "epochs: 2")
            + "tune:\n  trials: 6\n  seed: 1\n"
            + space);
    Outcome outcome = tunes.run("s", "--json");
    Json.Members result = Tunes.json(outcome);
    assertEquals(6, Tunes.number(result.get("finished")) + Tunes.number(result.get("failed")));
    assertTrue(Tunes.number(result.get("failed")) > 0, outcome.out());
    assertTrue(Tunes.number(result.get("finished")) > 0, outcome.out());
    assertTrue(outcome.err().contains("failed: diverged"), outcome.err());
  }

  @Test
  void ofTrialsThatAllFailTheReportSaysWhy() throws IOException {
    tunes.yaml(
        Samples.SERIES.replace("epochs: 12", "epochs: 2")
            + "tune:\n  trials: 2\n  space:\n    train.rate: [1e30]\n");
    Outcome outcome = tunes.run("s", "--json");
    assertEquals(1, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("none of 2 trials has finished"), outcome.err());
    String page = Files.readString(folder.resolve("s/study.html"));
    assertTrue(page.contains("<td class=\"reason\">diverged: "), page);
    assertFalse(Files.exists(folder.resolve("s/best.yaml")));
  }

  @Test
  void severalObjectivesHaveAFront() throws IOException {
    tunes.yaml(
        Samples.SERIES.replace("epochs: 12", "epochs: 1")
            + TUNE.replace(
                "  seed: 7\n", "  seed: 7\n  objectives: [validation_loss, parameters]\n"));
    Json.Members result = tunes.json("s", "--trials", "3");
    assertTrue(Tunes.number(((Json.Members) result.get("best_values")).get("parameters")) > 50);
    assertTrue(Files.readString(folder.resolve("s/study.html")).contains("Pareto front"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train.rate: {from: 0.001, to: 0.1}|train.raet: [1]|did you mean train.rate?",
        "train.rate: {from: 0.001, to: 0.1}|train.rate: [1, x]|\"x\"; give a number above 0",
        "train.rate: {from: 0.001, to: 0.1}|train.rate: {from: 1}|no to; give",
        "train.rate: {from: 0.001, to: 0.1}|train.rate: {from: 1, to: 0.5}|is no range",
        "train.rate: {from: 0.001, to: 0.1}|model.cell: {from: 1, to: 2}|has no range; give a list",
        "model.hidden: {from: 4, to: 12}|model.hidden: {from: 0, to: 2}|give a whole number",
        "trials: 4|trails: 4|tune.trails: unknown key",
        "trials: 4|strategy: best|tune.strategy: \"best\"; give",
        "trials: 4|objectives: {a: b}|tune.objectives",
        "trials: 4|objectives: [parameters, parameters]|parameters twice; give each once",
        "trials: 4|objectives: {validation_loss: maximize}|the better the smaller it is",
        "trials: 4|objectives: {validation_rmse: maximize}|the better the smaller it is",
        "model.hidden: {from: 4, to: 12}|train.seed: {from: 1, to: 99999999999999999}|within 2^53",
        "{model.layers: [2]}|{model.width: [2]}|model.width is not searched; give its values",
        "model.layers: {from: 1, to: 2}|model.layers: {values: [1, 2], when: {model.dropout: [0]}}|"
            + "model.dropout is there only where this is",
      })
  void whatIsWrongIsSaidWithItsPlace(String from, String to, String message) throws IOException {
    String tune = TUNE.replace(", scale: log", "");
    assertTrue(tune.contains(from), tune);
    tunes.yaml(Samples.SERIES + tune.replace(from, to));
    Outcome outcome = tunes.run("s");
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains(message), outcome.err());
    assertTrue(outcome.err().contains("c.yaml:"), outcome.err());
    assertFalse(Files.exists(folder.resolve("s")), "nothing is written");
  }

  /** A section has no order. */
  @Test
  void aKeyMayStandBeforeWhatItDependsOn() throws IOException {
    String layers = "    model.layers: {from: 1, to: 2}\n";
    tunes.yaml(
        Samples.SERIES.replace("epochs: 12", "epochs: 1") + TUNE.replace(layers, "") + layers);
    Json.Members result = tunes.json("s");
    assertEquals(4, Tunes.number(result.get("finished")));
  }

  @Test
  void filesAndFoldersThatAreInTheWayAreNamed() throws IOException {
    Files.writeString(folder.resolve("file"), "");
    Outcome file = tunes.run("file");
    assertEquals(2, file.status(), file.err());
    assertTrue(file.err().contains("file: is a file; give a folder"), file.err());
    Files.createDirectories(folder.resolve("s/study.journal"));
    Outcome journal = tunes.run("s");
    assertEquals(2, journal.status(), journal.err());
    assertTrue(journal.err().contains("study.journal: is a folder"), journal.err());
  }

  @Test
  void anotherSpaceIsNotThisStudy() throws IOException {
    tunes.json("s", "--trials", "1");
    tunes.yaml(Samples.SERIES + TUNE.replace("to: 12", "to: 13"));
    Outcome outcome = tunes.run("s");
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("another space"), outcome.err());
  }

  @Test
  void withoutASectionOrValidationThereIsNothingToSearch() throws IOException {
    tunes.yaml(Samples.SERIES);
    assertTrue(tunes.run("s").err().contains("tune: missing"));
    tunes.yaml(Samples.SERIES.replace("validation: 0.2", "validation: 0") + TUNE);
    assertTrue(tunes.run("s").err().contains("give data.validation"));
  }

  /** A process may be killed when it has a folder, but has not yet written config.yaml. */
  @Test
  void aTrialThatHadOnlyItsFolderBeginsAnew() throws IOException {
    tunes.json("s", "--trials", "1");
    Path trial = tunes.trial("s", 0, "");
    List<String> lines = tunes.journal("s");
    // What the killed process would have left: a trial begun, and a folder without config.yaml.
    Files.write(folder.resolve("s/study.journal"), lines.subList(0, 3));
    Files.delete(trial.resolve("config.yaml"));
    Outcome rest = tunes.run("s", "--trials", "1", "--json");
    assertEquals(1, Tunes.number(Tunes.json(rest).get("finished")), rest.err());
    assertEquals(2, tunes.reports("s", 0));
  }

  /**
   * Each process takes trials that no other has, those that a killed one has left too, and all end
   * when there are enough.
   */
  @Test
  void anotherProcessJoinsAStudyThatRuns() throws Exception {
    tunes.yaml(Samples.SERIES.replace("epochs: 12", "epochs: 60") + TUNE);
    Cli cli = new Cli(folder);
    String[] command = {"tune", "c.yaml", "--run", "s", "--device", "cpu", "--trials", "5"};
    Running killed = cli.start(command);
    Path log = tunes.trial("s", 0, "log.txt");
    while (!Files.exists(log) || !Files.readString(log).contains("rows to train on")) {
      assertTrue(killed.process().isAlive());
      Thread.sleep(5);
    }
    killed.process().destroyForcibly().waitFor();
    int before = Files.readString(log).length();
    Running first = cli.start(command);
    while (Files.readString(log).length() == before) {
      assertTrue(first.process().isAlive());
      Thread.sleep(5);
    }
    Outcome second = tunes.run("s", "--trials", "5", "--json");
    assertEquals(0, second.status(), second.err());
    Outcome ended = cli.finish(first);
    assertEquals(0, ended.status(), ended.err());
    List<String> journal = tunes.journal("s");
    assertEquals(
        5,
        journal.stream().filter(l -> l.contains("\"finished\"")).count(),
        second.err() + ended.err());
    long owners =
        journal.stream()
            .filter(l -> l.contains("\"owner\""))
            .map(l -> l.replaceAll(".*\"owner\":", ""))
            .distinct()
            .count();
    // The killed one and, unless its successor has taken trials too, this one.
    assertTrue(owners >= 2, String.join("\n", journal));
    for (int trial = 0; trial < 5; trial++) {
      long begun =
          Files.readAllLines(tunes.trial("s", trial, "log.txt")).stream()
              .filter(line -> line.contains("rows to train on"))
              .count();
      assertEquals(trial == 0 ? 2 : 1, begun, "trial " + trial);
    }
  }

  /** Ctrl-C: status 130; the same command resumes the trial that was running. */
  @Test
  void anInterruptedStudyGoesOnWithItsTrial() throws Exception {
    tunes.yaml(
        Samples.SERIES.replace("epochs: 12", "epochs: 60")
            + TUNE.replace("trials: 4", "trials: 2"));
    Cli cli = new Cli(folder);
    Running running = cli.start("tune", "c.yaml", "--run", "s", "--device", "cpu");
    Path metrics = folder.resolve("s/trials/1/metrics.csv");
    while (!Files.exists(metrics) || Files.readAllLines(metrics).size() < 3) {
      assertTrue(running.process().isAlive());
      Thread.sleep(5);
    }
    String report = Files.readString(folder.resolve("s/study.html"));
    assertTrue(report.contains("1 of 2 trials: 1 finished"), "written while it runs");
    String pid = Long.toString(running.process().pid());
    assertEquals(0, new ProcessBuilder("kill", "-INT", pid).start().waitFor());
    Outcome interrupted = cli.finish(running);
    assertEquals(130, interrupted.status(), interrupted.err());
    assertTrue(Files.exists(folder.resolve("s/trials/1/checkpoints/last.safetensors")));
    int rows = Files.readAllLines(metrics).size();
    Outcome rest = tunes.run("s", "--json");
    assertEquals(2, Tunes.number(Tunes.json(rest).get("finished")), rest.err());
    assertTrue(Files.readAllLines(metrics).size() >= rows, "it began again");
  }
}
