package dev.gatun.tests.cli;

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

  @BeforeEach
  void write() throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(200));
    yaml(Samples.SERIES.replace("epochs: 12", "epochs: 2") + TUNE);
  }

  private void yaml(String text) throws IOException {
    Files.writeString(folder.resolve("c.yaml"), text);
  }

  private Outcome tune(String... more) {
    return tuneIn("s", more);
  }

  private Outcome tuneIn(String study, String... more) {
    List<String> all = new ArrayList<>(List.of("tune", folder.resolve("c.yaml").toString()));
    all.addAll(List.of("--run", folder.resolve(study).toString(), "--device", "cpu"));
    all.addAll(List.of(more));
    return InProcess.run(all.toArray(String[]::new));
  }

  private static Json.Members json(Outcome outcome) {
    assertEquals(0, outcome.status(), outcome.err());
    return (Json.Members) Json.parse(outcome.out());
  }

  private static double number(Json json) {
    return Double.parseDouble(((Json.Numeral) json).digits());
  }

  @Test
  void theBestOfAllTrialsIsReadyToTrain() throws IOException {
    Json.Members result = json(tune("--json", "--jobs", "2"));
    assertEquals(4, number(result.get("finished")));
    double least = Double.POSITIVE_INFINITY;
    for (int trial = 0; trial < 4; trial++) {
      Path metrics = folder.resolve("s/trials/" + trial + "/metrics.csv");
      double[] losses = Metrics.read(metrics).column("validation_loss");
      assertEquals(2, losses.length);
      least = Math.min(least, Arrays.stream(losses).min().orElseThrow());
    }
    Json.Members values = (Json.Members) result.get("best_values");
    // metrics.csv rounds to what a chart needs.
    assertEquals(least, number(values.get("validation_loss")), 1e-4 * least);
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
    json(tune("--json", "--trials", "2"));
    byte[] before = Files.readAllBytes(folder.resolve("s/trials/1/metrics.csv"));
    Json.Members more = json(tune("--json", "--trials", "3"));
    assertEquals(3, number(more.get("finished")));
    assertEquals(
        new String(before, java.nio.charset.StandardCharsets.UTF_8),
        Files.readString(folder.resolve("s/trials/1/metrics.csv")));
    // As one study would have had it.
    List<String> together = journal("s");
    Json.Members other = json(tuneIn("other", "--json", "--trials", "3"));
    assertEquals(3, number(other.get("finished")));
    assertEquals(codes(together), codes(journal("other")));
  }

  private List<String> journal(String study) throws IOException {
    return Files.readAllLines(folder.resolve(study).resolve("study.journal"));
  }

  private static List<String> codes(List<String> lines) {
    return lines.stream()
        .filter(line -> line.contains("\"suggested\""))
        .map(line -> line.replaceAll("^[^{]*|\"owner\".*", ""))
        .toList();
  }

  @Test
  void aTrialThatFailsIsRecordedAndTheStudyGoesOn() throws IOException {
    String space = "  space:\n    train.rate: [0.01, 1e30]\n";
    yaml(
        Samples.SERIES.replace("epochs: 12", "epochs: 2")
            + "tune:\n  trials: 6\n  seed: 1\n"
            + space);
    Outcome outcome = tune("--json");
    Json.Members result = json(outcome);
    assertEquals(6, number(result.get("finished")) + number(result.get("failed")));
    assertTrue(number(result.get("failed")) > 0, outcome.out());
    assertTrue(number(result.get("finished")) > 0, outcome.out());
    assertTrue(outcome.err().contains("failed: diverged"), outcome.err());
  }

  @Test
  void severalObjectivesHaveAFront() throws IOException {
    yaml(
        Samples.SERIES.replace("epochs: 12", "epochs: 1")
            + TUNE.replace(
                "  seed: 7\n", "  seed: 7\n  objectives: [validation_loss, parameters]\n"));
    Json.Members result = json(tune("--json", "--trials", "3"));
    assertTrue(number(((Json.Members) result.get("best_values")).get("parameters")) > 50);
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
      })
  void whatIsWrongIsSaidWithItsPlace(String from, String to, String message) throws IOException {
    String tune = TUNE.replace(", scale: log", "");
    assertTrue(tune.contains(from), tune);
    yaml(Samples.SERIES + tune.replace(from, to));
    Outcome outcome = tune();
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains(message), outcome.err());
    assertTrue(outcome.err().contains("c.yaml:"), outcome.err());
    assertFalse(Files.exists(folder.resolve("s")), "nothing is written");
  }

  @Test
  void anotherSpaceIsNotThisStudy() throws IOException {
    json(tune("--json", "--trials", "1"));
    yaml(Samples.SERIES + TUNE.replace("to: 12", "to: 13"));
    Outcome outcome = tune();
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("another space"), outcome.err());
  }

  @Test
  void withoutASectionOrValidationThereIsNothingToSearch() throws IOException {
    yaml(Samples.SERIES);
    assertTrue(tune().err().contains("tune: missing"));
    yaml(Samples.SERIES.replace("validation: 0.2", "validation: 0") + TUNE);
    assertTrue(tune().err().contains("give data.validation"));
  }

  /** Ctrl-C: status 130; the same command resumes the trial that was running. */
  @Test
  void anInterruptedStudyGoesOnWithItsTrial() throws Exception {
    yaml(
        Samples.SERIES.replace("epochs: 12", "epochs: 60")
            + TUNE.replace("trials: 4", "trials: 1"));
    Cli cli = new Cli(folder);
    Running running = cli.start("tune", "c.yaml", "--run", "s", "--device", "cpu");
    Path metrics = folder.resolve("s/trials/0/metrics.csv");
    while (!Files.exists(metrics) || Files.readAllLines(metrics).size() < 3) {
      assertTrue(running.process().isAlive());
      Thread.sleep(5);
    }
    String pid = Long.toString(running.process().pid());
    assertEquals(0, new ProcessBuilder("kill", "-INT", pid).start().waitFor());
    Outcome interrupted = cli.finish(running);
    assertEquals(130, interrupted.status(), interrupted.err());
    assertTrue(Files.exists(folder.resolve("s/trials/0/checkpoints/last.safetensors")));
    int rows = Files.readAllLines(metrics).size();
    Outcome rest = tune("--json");
    assertEquals(1, number(json(rest).get("finished")), rest.err());
    assertTrue(Files.readAllLines(metrics).size() >= rows, "it began again");
  }
}
