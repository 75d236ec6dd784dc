package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
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

  @WorkingFolder Path folder;

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
    Outcome predicted =
        cli.run("predict", run, "--input", EXAMPLE.resolveSibling("toy-speech.csv").toString());
    assertEquals(0, predicted.status(), predicted.err());
    assertEquals(List.of(), wrong(predicted.out(), 0.2));
    Outcome words = cli.run("eval", run);
    assertTrue(words.out().contains("label error rate"), words.out());
    String file = EXAMPLE.resolveSibling("toy-speech.csv").toString();
    Outcome all = cli.run("eval", run, "--data", file, "--json");
    assertEquals(0, all.status(), all.err());
    assertTrue(measure(all.out(), "label_error_rate") <= 0.05, all.out());
  }

  /** What differs from the first rows' transcripts, if more than a share of them does. */
  private static List<String> wrong(String csv, double share) throws Exception {
    List<String> said = csv.lines().skip(1).toList();
    List<String> right =
        Files.readAllLines(EXAMPLE.resolveSibling("toy-speech.csv")).stream()
            .skip(1)
            .map(row -> row.split(",", 3))
            .filter(row -> !row[1].isEmpty())
            .map(row -> row[0] + "," + row[1])
            .toList();
    assertEquals("sequence,text", csv.lines().findFirst().orElse(""));
    assertEquals(right.size(), said.size(), csv);
    List<String> wrong = new ArrayList<>(said);
    wrong.removeAll(right);
    return wrong.size() > share * right.size() ? wrong : List.of();
  }

  /** The last output as the blank: nothing else of training or use differs. */
  @Test
  void theBlankMayBeAnyOutput() throws Exception {
    String frames = EXAMPLE.resolveSibling("toy-speech.csv").toString();
    String run = folder.resolve("run").toString();
    int characters = 6;
    Outcome train =
        InProcess.run(
            "train",
            EXAMPLE.toString(),
            "--run",
            run,
            "--set",
            "train.epochs=12",
            "--set",
            "model.beam=0",
            "--set",
            "model.blank=" + characters);
    assertEquals(0, train.status(), train.err());
    Outcome predicted = InProcess.run("predict", run, "--input", frames);
    assertEquals(0, predicted.status(), predicted.err());
    assertEquals(List.of(), wrong(predicted.out(), 0.3));
    Outcome beyond =
        InProcess.run(
            "train",
            EXAMPLE.toString(),
            "--run",
            run + 2,
            "--set",
            "model.blank=" + (characters + 1));
    assertEquals(2, beyond.status(), beyond.err());
    assertTrue(
        beyond.err().contains("--set: model.blank: 7; there are 6 characters; give 0 to 6"),
        beyond.err());
  }

  /** Frames alone are enough, in other columns' company and order. */
  @Test
  void framesAreTranscribedWithoutTranscripts() throws Exception {
    Path yaml = Files.writeString(folder.resolve("c.yaml"), CONFIG);
    Files.writeString(folder.resolve("frames.csv"), FRAMES);
    String run = folder.resolve("run").toString();
    Outcome train = InProcess.run("train", yaml.toString(), "--run", run);
    assertEquals(0, train.status(), train.err());
    Path input = folder.resolve("new.csv");
    Files.writeString(input, "y,note,x,sequence\n1,?,2,b c\n1,?,2,b c\n0,?,1,a\n");
    Path output = folder.resolve("said.csv");
    Outcome predicted =
        InProcess.run("predict", run, "--input", input.toString(), "--output", output.toString());
    assertEquals(0, predicted.status(), predicted.err());
    List<String> rows = Files.readAllLines(output);
    assertEquals(3, rows.size(), rows.toString());
    assertTrue(rows.get(1).startsWith("b c,") && rows.get(2).startsWith("a,"), rows.toString());
    Files.writeString(input, "x,sequence\n1,a\n");
    Outcome missing = InProcess.run("predict", run, "--input", input.toString());
    assertEquals(2, missing.status(), missing.err());
    assertTrue(missing.err().contains("no column \"y\""), missing.err());
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
        "two,b,2,much | y: 0 missing, 1 not numbers, 0 not finite, the first in line 6"
      })
  void whatIsWrongIsNamed(String row, String message) throws Exception {
    Outcome outcome = check(FRAMES.replace("two,b,2,0", row));
    assertEquals(2, outcome.status(), outcome.out());
    String all = outcome.out() + outcome.err();
    assertTrue(all.contains(message), all);
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
