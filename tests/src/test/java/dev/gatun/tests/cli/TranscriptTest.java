package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code data.type: transcripts}, from the example to its label error rate. */
class TranscriptTest {
  private static final Path EXAMPLE =
      Path.of(System.getProperty("gatun.root")).resolve("examples/toy-speech.yaml");

  private static final String CONFIG =
      """
      data:
        type: transcripts
        path: frames.csv
        validation: 0
      model:
        hidden: 3
      train:
        steps: 2
      """;

  private static final String FRAMES =
      """
      sequence,text,x,y
      one,ab,1,2
      one,,2,1
      one,,0,1
      two,b,1,1
      two,b,2,0
      """;

  @TempDir Path folder;

  private static double measure(String json, String name) {
    Json value = ((Json.Members) Json.parse(json)).values().get(name);
    assertTrue(value != null, () -> name + " is not in " + json);
    return Double.parseDouble(value.print());
  }

  @Test
  void theExampleLearnsToReadWordsItHasNotHeard() throws Exception {
    Cli cli = new Cli(folder);
    String run = folder.resolve("run").toString();
    Outcome train = cli.run("train", EXAMPLE.toString(), "--run", run, "--set", "train.epochs=25");
    assertEquals(0, train.status(), train.err());
    Outcome eval = cli.run("eval", run, "--json");
    assertEquals(0, eval.status(), eval.err());
    double rate = measure(eval.out(), "label_error_rate");
    assertTrue(rate < 0.05, () -> eval.out());
    assertTrue(measure(eval.out(), "exact") > 0.8, eval.out());
    assertEquals(0, measure(eval.out(), "impossible"));
    Outcome words = cli.run("eval", run);
    assertTrue(words.out().contains("label error rate"), words.out());
    String file = EXAMPLE.resolveSibling("toy-speech.csv").toString();
    Outcome all = cli.run("eval", run, "--data", file, "--json");
    assertEquals(0, all.status(), all.err());
    assertTrue(measure(all.out(), "label_error_rate") <= 0.05, all.out());
  }

  private Outcome check(String frames, String... settings) throws Exception {
    Cli cli = new Cli(folder);
    cli.write("frames.csv", frames);
    Path yaml = cli.write("c.yaml", CONFIG);
    String[] arguments = new String[2 + 2 * settings.length];
    arguments[0] = "data";
    arguments[1] = yaml.toString();
    for (int i = 0; i < settings.length; i++) {
      arguments[2 + 2 * i] = "--set";
      arguments[3 + 2 * i] = settings[i];
    }
    return cli.run(arguments);
  }

  @Test
  void dataIsCountedInSequences() throws Exception {
    Outcome outcome = check(FRAMES);
    assertEquals(0, outcome.status(), outcome.err());
    assertTrue(outcome.out().contains("vocabulary: 2"), outcome.out());
    assertTrue(outcome.out().contains("training: 2"), outcome.out());
    assertTrue(outcome.out().contains("time_steps: 3"), outcome.out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "two,ba,2,0 | row 5: the transcript \"ba\" within sequence \"two\", which says \"b\"",
        "one,,2,0 | row 5: sequence \"one\" again; keep its rows together",
        "two,b,2,much | frames.csv:6: column y: \"much\"; give a number"
      })
  void whatIsWrongIsNamed(String row, String message) throws Exception {
    Outcome outcome = check(FRAMES.replace("two,b,2,0", row));
    assertEquals(2, outcome.status(), outcome.out());
    assertTrue(outcome.err().contains(message), outcome.err());
  }

  @Test
  void columnsAndKeysThatAreNotThereAreNamed() throws Exception {
    Outcome column = check(FRAMES, "data.text=said");
    assertEquals(2, column.status());
    assertTrue(column.err().contains("no column \"said\""), column.err());
    Outcome empty = check("sequence,text,x\none,,1\ntwo,,2\n");
    assertTrue(empty.err().contains("every transcript is empty"), empty.err());
  }
}
