package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.tune.Probes;
import dev.gatun.backend.Backend;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import dev.gatun.train.BatchProbe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code gatun tune} finds out about a rate and a batch without a search. */
class TuneProbesTest {
  @TempDir Path folder;
  private Path config = Path.of("");

  @BeforeEach
  void write() throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Files.writeString(folder.resolve("prose.txt"), Samples.prose(80));
    config = Files.writeString(folder.resolve("c.yaml"), Samples.SERIES);
  }

  private Outcome tune(Path yaml, String... more) {
    String[] all = new String[more.length + 4];
    all[0] = "tune";
    all[1] = yaml.toString();
    all[2] = "--run";
    all[3] = folder.resolve("found").toString();
    System.arraycopy(more, 0, all, 4, more.length);
    return InProcess.run(all);
  }

  private static double number(Json json, String name) {
    Json value = ((Json.Members) json).get(name);
    return Double.parseDouble(((Json.Numeral) value).digits());
  }

  @Test
  void theRateThatItSuggestsLearnsAndItsLimitDoesNot() throws IOException {
    Outcome outcome = tune(config, "--range-test", "--json", "--device", "cpu");
    assertEquals(0, outcome.status(), outcome.err());
    Json json = Json.parse(outcome.out());
    double suggested = number(json, "suggested_rate");
    assertEquals(number(json, "lowest_loss_rate") / 10, suggested, 1e-9 * suggested);
    List<String> rows = Files.readAllLines(folder.resolve("found/range-test.csv"));
    assertEquals("step,rate,loss,smoothed_loss", rows.getFirst());
    assertEquals(number(json, "steps"), rows.size() - 1);
    assertTrue(Files.readString(folder.resolve("found/range-test.svg")).startsWith("<svg"));
    assertFalse(Files.exists(folder.resolve("found/checkpoints")), "weights are not kept");
    // Fewer epochs than the default: with a rate that is right that is enough, with the last not.
    double good = KeyRuns.train(folder, Samples.SERIES, "train.rate=" + suggested).bestLoss();
    double bad = KeyRuns.train(folder, Samples.SERIES, "train.rate=10").bestLoss();
    assertTrue(good < 0.5 * bad, good + " at " + suggested + ", " + bad + " at 10");
  }

  @Test
  void theBatchDoublesAsFarAsTheDataGoes() throws IOException {
    try (Backend backend = Backends.open("cpu", 1)) {
      BatchProbe.Result found =
          Probes.batches(Config.read(config, List.of("train.batch=100")), backend, 0.02);
      // 300 rows less 60 and 40, in windows of 8 with the next row: 192.
      assertEquals(100, found.points().getFirst().batch());
      assertTrue(found.points().getLast().batch() <= 200, found.toString());
      assertTrue(found.points().getFirst().perSecond() > 1000, found.toString());
    }
  }

  @Test
  void theBatchOfATextDoublesToo() throws IOException {
    Path text = Files.writeString(folder.resolve("t.yaml"), Samples.TEXT);
    Outcome outcome = tune(text, "--batch-probe", "--json", "--device", "cpu");
    assertEquals(0, outcome.status(), outcome.err());
    Json json = Json.parse(outcome.out());
    assertTrue(number(json, "suggested_batch") >= 1, outcome.out());
    List<String> rows = Files.readAllLines(folder.resolve("found/batch-probe.csv"));
    assertEquals("batch,tokens_per_s", rows.getFirst());
    assertTrue(rows.size() >= 2, rows.toString());
  }

  @Test
  void peopleReadSentences() {
    Outcome outcome = tune(config, "--range-test", "--device", "cpu");
    assertEquals(0, outcome.status(), outcome.err());
    assertTrue(outcome.out().contains("suggested: train.rate: "), outcome.out());
    assertTrue(outcome.out().contains("range-test.svg"), outcome.out());
  }

  @Test
  void wrongInputIsOneError() {
    Outcome both = tune(config, "--range-test", "--batch-probe");
    assertEquals(2, both.status());
    assertTrue(both.err().contains("one of --range-test and --batch-probe"), both.err());
    Outcome folderIsFile =
        InProcess.run(
            "tune",
            config.toString(),
            "--range-test",
            "--run",
            folder.resolve("wave.csv").toString());
    assertEquals(2, folderIsFile.status());
    assertTrue(folderIsFile.err().contains("wave.csv: cannot be written to"), folderIsFile.err());
    Outcome noData = tune(config, "--range-test", "--set", "data.path=none.csv");
    assertEquals(2, noData.status());
    assertTrue(noData.err().contains("no such file"), noData.err());
  }
}
