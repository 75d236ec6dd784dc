package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.InputException;
import dev.gatun.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that a command reads stay as they are, and what is wrong in them is said at its place. */
class NothingLostTest {
  private static final String STEPS = "train.steps=2";

  private static final String CLASSES =
      """
      data: {type: sequences, path: s.csv, validation: 0}
      model: {hidden: 2}
      train: {batch: 2, rate: 0.01}
      """;

  private static final String FRAMES =
      """
      data: {type: transcripts, path: f.csv, validation: 0}
      model: {hidden: 2}
      train: {batch: 2, rate: 0.01}
      """;

  @TempDir Path folder;

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private void sequences(String name, String... classes) throws IOException {
    StringBuilder csv = new StringBuilder("sequence,label,x\n");
    for (int i = 0; i < 8; i++) {
      csv.append(i + "," + classes[i % classes.length] + ",1\n" + i + ",,2\n");
    }
    write(name, csv.toString());
  }

  /** Trains in two steps. */
  private String run(String yaml) throws IOException {
    String run = path("r");
    Outcome outcome =
        InProcess.run(
            "train",
            write("c.yaml", yaml).toString(),
            "--run",
            run,
            "--set",
            STEPS,
            "--device",
            "cpu");
    assertEquals(0, outcome.status(), outcome.err());
    return run;
  }

  private static void refused(String part, String... arguments) {
    Outcome outcome = InProcess.run(arguments);
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains(part), outcome.err());
  }

  @Test
  void predictionsReplaceNothingThatIsRead() throws Exception {
    write("wave.csv", Samples.wave(120));
    write("more.csv", Samples.wave(60));
    String run = run(Samples.SERIES);
    for (String kept : List.of("wave.csv", "more.csv", "r/config.yaml")) {
      byte[] before = Files.readAllBytes(folder.resolve(kept));
      refused(
          "is read too, and would be lost",
          "predict",
          run,
          "--input",
          path("more.csv"),
          "--output",
          folder.resolve("r/../" + kept).toString());
      assertArrayEquals(before, Files.readAllBytes(folder.resolve(kept)));
    }
    refused(
        "give a file that ends in .svg",
        "explain",
        run,
        "--what",
        "gates",
        "--output",
        path("c.yaml"));
  }

  @Test
  void vectorsReplaceNoText() throws Exception {
    InputException refused =
        assertThrows(
            InputException.class,
            () ->
                KeyRuns.train(
                    folder,
                    Samples.TEXT,
                    "data.tokens=words",
                    "model.init.embedding=word2vec",
                    "model.word2vec.save=" + path("prose.txt")));
    assertTrue(String.valueOf(refused.getMessage()).contains("model.word2vec.save"));
    assertEquals(Samples.prose(80), Files.readString(folder.resolve("prose.txt")));
  }

  @Test
  void aClassOfTheTestFileAloneIsNamedWithThatFile() throws Exception {
    sequences("s.csv", "a", "b");
    sequences("t.csv", "a", "b", "c");
    String c = write("c.yaml", CLASSES).toString();
    refused(
        "t.csv: sequence 2 is of class \"c\"; the classes are a, b",
        "check",
        c,
        "--set",
        "data.test_path=" + path("t.csv"));
    refused(
        "nothing would count; give one above 0", "check", c, "--set", "train.class_weights=[0, 0]");
    write("s.csv", "sequence,label,x\n1,a,1\n1,,\n2,b,NA\n");
    refused("s.csv:3: column x: missing; give a number, or data.missing", "check", c);
    write("s.csv", "sequence,label,x\n1,a,1\n2,b,NA\n");
    refused("s.csv:3: column x: \"NA\"; give a number, or data.missing", "check", c);
  }

  @Test
  void transcriptsThatCannotBeLearntAreCountedAndNamed() throws Exception {
    write("f.csv", "sequence,text,x\none,aab,1\none,,2\none,,3\ntwo,b,1\ntwo,,2\n");
    String run = run(FRAMES);
    String said = "1 of 2 training sequences have too few steps for their labels";
    assertTrue(Files.readString(folder.resolve("r/log.txt")).contains(said));
    Outcome data = InProcess.run("data", path("c.yaml"));
    assertTrue(data.out().contains(said), data.out());
    write("h.csv", "sequence,text,x\none,abc,1\none,,2\ntwo,aa,1\ntwo,,2\n");
    refused(
        "h.csv: every training sequence has too few steps for its labels",
        "check",
        path("c.yaml"),
        "--set",
        "data.path=" + path("h.csv"));
    write("g.csv", "sequence,text,x\none,ab,1\none,,2\nthree,az,1\nthree,,2\n");
    refused("g.csv: sequence \"three\": character 'z'", "eval", run, "--data", path("g.csv"));
    Files.write(folder.resolve("r/metrics.csv"), new byte[] {(byte) 0xc3, 0x28, 0x0a});
    refused("metrics.csv: not a run's metrics", "diagnose", run);
  }

  @Test
  void aMarkBeforeTsIsNoText() throws Exception {
    String ts = "@univariate true\n@classLabel true 1 2\n@data\n1,2:1\n3,4:2\n2,3:1\n5,6:2\n";
    String c = write("c.yaml", CLASSES).toString();
    write("s.ts", "\uFEFF" + ts);
    Outcome outcome = InProcess.run("check", c, "--set", "data.path=" + path("s.ts"));
    assertEquals(0, outcome.status(), outcome.err());
    assertFalse(outcome.out().isEmpty());
  }
}
