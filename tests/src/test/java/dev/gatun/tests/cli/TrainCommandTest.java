package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training and what is done with what was trained. */
class TrainCommandTest {
  @TempDir Path folder;
  @WorkingFolder Path here;

  @Test
  void aForecasterIsTrainedMeasuredAndUsed() throws Exception {
    Cli cli = new Cli(folder);
    cli.write("s.yaml", Samples.SERIES);
    cli.write("wave.csv", Samples.wave(300));
    Outcome train = cli.run("train", "s.yaml", "--json");
    assertEquals(0, train.status(), train.err());
    Json.Members result = Json.parse(train.out().strip()).asObject();
    assertEquals("runs/s-1", result.get("run").asText());
    assertEquals(12, result.get("epochs").asLong());
    assertEquals(12 * 12, result.get("steps").asLong());
    Json.Members test = result.get("test").asObject();
    double mae = test.get("mae").asDouble();
    assertTrue(mae < 0.5 * test.get("last_value_mae").asDouble(), train.out());
    assertTrue(test.get("season_mae").asDouble() < 1e-5, "the wave repeats exactly");
    for (String key :
        List.of(
            "train_loss", "validation_loss", "best_validation_loss", "seconds", "tokens_per_s")) {
      assertTrue(result.get(key).asDouble() > 0, key);
    }
    assertEquals(12, train.err().lines().filter(l -> l.startsWith("epoch ")).count(), train.err());
    assertTrue(!train.err().contains("\r"), "no bar where there is no terminal");

    Path run = folder.resolve("runs/s-1");
    List<String> metrics = Files.readAllLines(run.resolve("metrics.csv"));
    assertEquals(
        "step,epoch,seconds,train_loss,validation_loss,rate,gradient_norm", metrics.getFirst());
    assertEquals(13, metrics.size());
    for (String file : List.of("curves.svg", "forecast.svg")) {
      assertTrue(Files.readString(run.resolve(file)).contains("<path d=\"M"), file);
    }

    Outcome eval = cli.run("eval", "runs/s-1", "--json");
    assertEquals(0, eval.status(), eval.err());
    assertEquals(mae, Json.parse(eval.out().strip()).asObject().get("mae").asDouble());

    Outcome rounded = cli.run("eval", "runs/s-1", "--precision", "int8", "--json");
    assertEquals(0, rounded.status(), rounded.err());
    Json.Members figures = Json.parse(rounded.out().strip()).asObject();
    double lost = figures.get("change_from_fp32").asObject().get("mae").asDouble();
    assertEquals(figures.get("mae").asDouble() - mae, lost, 1e-9);
    assertTrue(lost != 0 && Math.abs(lost) < 0.2, "change by rounding: " + lost);
    Outcome unknown = cli.run("eval", "runs/s-1", "--precision", "int4");
    assertEquals(2, unknown.status());
    assertTrue(unknown.err().contains("fp32, bf16, int8"), unknown.err());

    Outcome predict = cli.run("predict", "runs/s-1", "--input", "wave.csv");
    assertEquals(0, predict.status(), predict.err());
    List<String> rows = predict.out().lines().toList();
    assertEquals("row,day,level+1", rows.getFirst());
    assertEquals(1 + 300 - 7, rows.size());
    assertTrue(rows.getLast().startsWith("300,399,"), rows.getLast());
    double next = Double.parseDouble(rows.getLast().substring("300,399,".length()));
    assertEquals(10 + 3 * Math.sin(300 * Math.PI / 4), next, 0.6);

    Outcome again = cli.run("train", "s.yaml", "--run", "runs/s-1");
    assertEquals(2, again.status());
    assertTrue(again.err().contains("exists and is not empty"), again.err());
    Outcome changed =
        cli.run("train", "s.yaml", "--run", "runs/s-1", "--resume", "--set", "model.hidden=9");
    assertEquals(2, changed.status());
    assertTrue(changed.err().contains("model.hidden: 9, was 8"), changed.err());
  }

  @Test
  void aLanguageModelIsTrainedAndWrites() throws Exception {
    Cli cli = new Cli(folder);
    cli.write("t.yaml", Samples.TEXT);
    cli.write("prose.txt", Samples.prose(400));
    Outcome train = cli.run("train", "t.yaml", "--run", "r", "--json", "--threads", "2");
    assertEquals(0, train.status(), train.err());
    Json.Members test = Json.parse(train.out().strip()).asObject().get("test").asObject();
    double loss = test.get("loss").asDouble();
    // A model that knew only how often each character occurs would stand at 2.8.
    assertTrue(loss < 1.8, train.out());
    assertEquals(Math.exp(loss), test.get("perplexity").asDouble(), 1e-9);
    assertEquals(loss / Math.log(2), test.get("bits_per_character").asDouble(), 1e-9);

    Outcome first = generate(cli, "5");
    assertTrue(first.out().startsWith("the "), first.out());
    assertEquals("the ".length() + 80 + 1, first.out().length());
    assertEquals(first.out(), generate(cli, "5").out());
    assertNotEquals(first.out(), generate(cli, "6").out());
    Outcome unknown = cli.run("generate", "r", "--prompt", "the #", "--length", "5");
    assertEquals(2, unknown.status());
    assertTrue(unknown.err().contains("'#'"), unknown.err());

    Outcome threads = cli.run("train", "t.yaml", "--run", "r1", "--threads", "1");
    assertEquals(0, threads.status(), threads.err());
    Runs.assertSameTensors(folder.resolve("r"), folder.resolve("r1"));
  }

  private static Outcome generate(Cli cli, String seed) throws Exception {
    Outcome outcome =
        cli.run(
            "generate", "r", "--prompt", "the ", "--length", "80", "--seed", seed, "--top-k", "5");
    assertEquals(0, outcome.status(), outcome.err());
    return outcome;
  }

  @Test
  void checkShowsTheModelAndAllocatesNoRun() throws Exception {
    Cli cli = new Cli(here);
    cli.write("t.yaml", Samples.TEXT);
    cli.write("prose.txt", Samples.prose(400));
    Outcome check = cli.run("check", "t.yaml");
    assertEquals(0, check.status(), check.err());
    assertTrue(
        check.out().contains("embedding") && check.out().contains("parameters"), check.out());
    Outcome wrong = cli.run("check", "t.yaml", "--set", "model.layers=1");
    assertEquals(2, wrong.status());
    assertTrue(wrong.err().startsWith("gatun: t.yaml:9: model.dropout: 0.1;"), wrong.err());
    assertTrue(Files.notExists(here.resolve("runs")));
  }

  @Test
  void layersMayDifferAndDirectionsBeAdded() throws Exception {
    Cli cli = new Cli(here);
    cli.write("s.yaml", Samples.SERIES);
    cli.write("wave.csv", Samples.wave(200));
    String[] stack = {
      "--set",
      "model.hidden=[9, 5]",
      "--set",
      "model.bidirectional=true",
      "--set",
      "model.merge=sum",
      "--set",
      "train.epochs=2",
      "--set",
      "train.optimizer.place=host"
    };
    Outcome check = cli.run(with(stack, "check", "s.yaml"));
    assertEquals(0, check.status(), check.err());
    for (String row : List.of("rnn.0 ", "rnn.0 sum ", "[T, N, 18]", "[T, N, 9]", "[N, 5]")) {
      assertTrue(check.out().contains(row), check.out());
    }
    Outcome train = cli.run(with(stack, "train", "s.yaml", "--run", "r", "--set", "train.steps=3"));
    assertEquals(0, train.status(), train.err());
    String written = Files.readString(here.resolve("r/config.yaml"));
    assertTrue(written.contains("hidden: [9, 5]") && written.contains("place: host"), written);
    Outcome eval = cli.run("eval", "r", "--precision", "bf16");
    assertEquals(0, eval.status(), eval.err());
    Outcome wrong = cli.run(with(stack, "check", "s.yaml", "--set", "model.layers=3"));
    assertEquals(2, wrong.status());
    assertTrue(wrong.err().contains("model.layers: 3; model.hidden lists 2 layers"), wrong.err());
  }

  private static String[] with(String[] more, String... first) {
    return Stream.concat(Arrays.stream(first), Arrays.stream(more)).toArray(String[]::new);
  }
}
