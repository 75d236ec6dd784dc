package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code gatun explain} and {@code gatun plot} on a run. */
class ExplainTest {
  @WorkingFolder Path folder;

  @Test
  void aRunIsDrawn() throws Exception {
    Cli cli = new Cli(folder);
    cli.write("wave.csv", Samples.wave(200));
    cli.write("s.yaml", Samples.SERIES);
    Outcome trained = cli.run("train", "s.yaml", "--run", "r", "--set", "train.epochs=2");
    assertEquals(0, trained.status(), trained.err());
    Outcome gates = cli.run("explain", "r", "--what", "gates", "--units", "3", "--json");
    assertEquals(0, gates.status(), gates.err());
    Json.Members members = Json.parse(gates.out().strip()).asObject();
    assertEquals(
        List.of("r 1", "r 2", "r 3", "z 1", "z 2", "z 3", "n 1", "n 2", "n 3", "h 1", "h 2", "h 3"),
        members.get("rows").asList().stream().map(Json::asText).toList());
    assertEquals(8, members.get("columns").asList().size());
    assertTrue(Files.readString(folder.resolve("r/gates.svg")).contains("Gates of layer 1"));
    Outcome why = cli.run("explain", "r", "--what", "attributions", "--example", "2", "--json");
    assertEquals(0, why.status(), why.err());
    members = Json.parse(why.out().strip()).asObject();
    assertEquals("level", members.get("rows").asList().getFirst().asText());
    double change = members.get("output").asDouble() - members.get("baseline").asDouble();
    assertEquals(change, members.get("sum").asDouble(), 0.01 * Math.abs(change));
    Outcome none = cli.run("explain", "r", "--what", "attention");
    assertEquals(2, none.status(), none.err());
    assertTrue(none.err().contains("model.readout: attention"), none.err());
    Outcome plot = cli.run("plot", "r", "--output", "c.png");
    assertEquals(0, plot.status(), plot.err());
    assertTrue(Files.size(folder.resolve("c.png")) > 1000);
    assertTrue(Files.size(folder.resolve("r/curves.png")) > 1000);
  }

  private Json.Members explained(Path run, String what) {
    Outcome drawn =
        InProcess.run("explain", run.toString(), "--device", "cpu", "--what", what, "--json");
    assertEquals(0, drawn.status(), drawn.err());
    return Json.parse(drawn.out().strip()).asObject();
  }

  /** A stride of 2 leaves 4 of 8 steps to the layers behind it. */
  @Test
  void stepsThatAConvolutionLeavesAreDrawn() throws Exception {
    Path run =
        KeyRuns.train(
                folder,
                Samples.SERIES,
                "model.convolution.channels=4",
                "model.convolution.stride=2",
                "model.readout=attention",
                "train.steps=2")
            .run()
            .path();
    assertEquals(4, explained(run, "gates").get("columns").asList().size());
    assertEquals(4, explained(run, "attention").get("columns").asList().size());
    assertEquals(8, explained(run, "attributions").get("columns").asList().size());
  }
}
