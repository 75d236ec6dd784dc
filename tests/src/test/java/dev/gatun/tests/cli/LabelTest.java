package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A classifier of sequences on the command line: data, train, eval, predict. */
class LabelTest {
  private static final Path EXAMPLE =
      Path.of(System.getProperty("gatun.root")).resolve("examples/strokes.yaml");

  @WorkingFolder Path folder;

  private static Outcome good(Outcome outcome) {
    assertEquals(0, outcome.status(), outcome.err());
    return outcome;
  }

  @Test
  void commandsKnowSequencesWithClasses() throws Exception {
    Cli cli = new Cli(folder);
    String run = folder.resolve("run").toString();
    Outcome data = good(cli.run("data", EXAMPLE.toString()));
    assertTrue(data.out().contains("name circle, training 42, validation 6, test 12"), data.out());
    assertTrue(data.out().contains("lengths: least 8"), data.out());
    String epochs = "train.epochs=12";
    good(cli.run("train", EXAMPLE.toString(), "--run", run, "--set", epochs));
    Outcome eval = good(cli.run("eval", run));
    assertTrue(eval.out().startsWith("test: accuracy "), eval.out());
    // Without classes: they are what is asked for.
    List<String> rows = Files.readAllLines(EXAMPLE.resolveSibling("strokes.csv"));
    String unknown =
        String.join("\n", rows.stream().map(row -> row.replaceFirst(",[a-z]*,", ",")).toList());
    Path input = cli.write("unknown.csv", unknown.replaceFirst(",label", ""));
    Path output = folder.resolve("said.csv");
    good(cli.run("predict", run, "--input", input.toString(), "--output", output.toString()));
    List<String> said = Files.readAllLines(output);
    assertEquals("sequence,predicted,probability", said.getFirst());
    assertEquals(181, said.size());
    long right = 0;
    for (int i = 1; i <= 180; i++) {
      String wanted = List.of("circle", "line", "zigzag").get((i - 1) % 3);
      right += said.get(i).startsWith("s" + i + "," + wanted + ",0.") ? 1 : 0;
    }
    assertTrue(right > 165, right + " of 180");
    Outcome generate = cli.run("generate", run, "--prompt", "x", "--length", "3");
    assertTrue(generate.err().contains("a classifier; use gatun predict"), generate.err());
  }
}
