package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.OperatingSystemMXBean;
import dev.gatun.tests.cli.Cli.Outcome;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What users get wrong: one clear error, status 2, nothing left behind. */
class BadInputTest {
  @WorkingFolder Path folder;
  private Cli cli;

  @BeforeEach
  void files() throws Exception {
    cli = new Cli(folder);
    cli.write("s.yaml", Samples.SERIES);
    cli.write("wave.csv", Samples.wave(120));
    cli.write("t.yaml", Samples.TEXT);
  }

  private Outcome refused(String part, String... arguments) throws Exception {
    Outcome outcome = cli.run(arguments);
    assertEquals(2, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains(part), outcome.err());
    assertTrue(outcome.err().lines().count() <= 2, outcome.err());
    return outcome;
  }

  @Test
  void aPartOfOneCharacterIsRefusedBeforeTraining() throws Exception {
    cli.write("prose.txt", "abcdefghij".repeat(30));
    String one = "data.validation=1";
    for (String command : List.of("train", "check", "data")) {
      refused("data.validation: ", command, "t.yaml", "--set", one);
    }
    assertFalse(Files.exists(folder.resolve("runs")));
  }

  @Test
  void aByteOrderMarkIsNoText() throws Exception {
    cli.write("prose.txt", "\uFEFF" + Samples.prose(200));
    Outcome marked = cli.run("data", "t.yaml", "--json");
    cli.write("prose.txt", Samples.prose(200));
    assertEquals(cli.run("data", "t.yaml", "--json").out(), marked.out());
  }

  @Test
  void csvErrorsNameTheLineAndShortenTheCell() throws Exception {
    String wave = Samples.wave(60);
    cli.write("wave.csv", wave + "900," + "x".repeat(500) + ",1\n");
    Outcome cell = refused("wave.csv:62: column level: \"xxxx", "train", "s.yaml");
    assertTrue(cell.err().length() < 200, cell.err());
    cli.write("wave.csv", wave + "900,1\n");
    refused("wave.csv:62: no CSV: Record 62 has 2 fields", "train", "s.yaml");
    cli.write("wave.csv", "day,level,level\n1,2,3\n");
    refused("wave.csv:1: ", "train", "s.yaml");
  }

  @Test
  void onlyDecimalNumbersAreNumbers() throws Exception {
    String wave = Samples.wave(60);
    for (String cell : List.of("1f", "1d", "0x1p3", "1_000", "NaN", "-Infinity")) {
      cli.write("wave.csv", wave + "900," + cell + ",1\n");
      refused("wave.csv:62: column level: \"" + cell + "\"; give a number", "check", "s.yaml");
    }
    cli.write("wave.csv", wave + "900, +1.5E+1 ,.5\n901,7.,-3e-2\n");
    assertEquals(0, cli.run("check", "s.yaml").status());
    refused("train.rate: \"1f\"; give a number", "check", "s.yaml", "--set", "train.rate=1f");
  }

  @Test
  void graphsNeedAGpu() throws Exception {
    refused(
        "train.graphs: true; the backend cpu has none, only a GPU does: leave it out, or use --device"
            + " cuda",
        "train",
        "s.yaml",
        "--device",
        "cpu",
        "--set",
        "train.graphs=true");
  }

  @Test
  void anOpenQuoteIsNamedWithItsLine() throws Exception {
    String wave = Samples.wave(60);
    cli.write("wave.csv", wave + "900,8,\"1\n901,8,1\n902,8,1\n");
    for (String command : List.of("check", "data")) {
      refused("wave.csv:62: no CSV: ", command, "s.yaml");
    }
    String err = cli.run("check", "s.yaml").err();
    assertTrue(err.endsWith("; close the quote that opens in this line"), err);
    cli.write("wave.csv", "\"day,level,other\n1,2,3\n");
    refused("wave.csv:1: no CSV: ", "check", "s.yaml");
  }

  @Test
  void numbersThatNoFloatHoldsAreRefused() throws Exception {
    cli.write("wave.csv", Samples.wave(60) + "900,-1e39,1\n");
    refused(
        "wave.csv:62: column level: \"-1e39\"; beyond what float32 holds, 3.4e38; give it in a"
            + " larger unit",
        "train",
        "s.yaml");
    Outcome data = cli.run("data", "s.yaml", "--json");
    assertEquals(2, data.status());
    assertTrue(data.out().contains("\"too_large\":1"), data.out());
  }

  @Test
  void aLargeLossIsShownWithAnExponent() throws Exception {
    StringBuilder csv = new StringBuilder("day,level,other\n");
    for (int i = 0; i < 120; i++) {
      csv.append(i).append(',').append((i % 7 - 3) + "e15,0\n");
    }
    cli.write("wave.csv", csv.toString());
    Outcome outcome = cli.run("train", "s.yaml", "--set", "data.scaler=none", "--run", "r");
    assertEquals(0, outcome.status(), outcome.err());
    assertTrue(
        outcome.err().matches("(?s).*loss \\d\\.\\d{3}e\\+\\d\\d  validation.*"), outcome.err());
    assertFalse(outcome.err().matches("(?s).*\\d{12}.*"), outcome.err());
  }

  @Test
  void deepNestingIsNoConfiguration() throws Exception {
    for (String text : List.of("[".repeat(50), "{a: ".repeat(50), "[".repeat(100_000))) {
      cli.write("deep.yaml", "data:\n  path: " + text + "\n");
      refused(
          "deep.yaml:2: more than 20 levels deep; a configuration has three", "check", "deep.yaml");
    }
  }

  @Test
  void wrongTargetsAreShown() throws Exception {
    String right = "; give a column's name or a list of them, each once";
    for (String targets : List.of("[level, level]", "[]", "[level, \"\"]", "[level, [other]]")) {
      refused(
          "--set: data.targets: " + targets + right,
          "check",
          "s.yaml",
          "--set",
          "data.targets=" + targets);
    }
    refused("CONFIG: empty; give the path of a YAML file", "train", "");
    refused(
        "--output: empty; give the path of a file",
        "rnn --cell tanh --weights w --inputs x --output=".split(" "));
  }

  @Test
  void aTabInYamlIsNamed() throws Exception {
    cli.write("s.yaml", "data:\n\ttype: series\n");
    refused("s.yaml:2: not YAML", "check", "s.yaml");
    assertTrue(cli.run("check", "s.yaml").err().contains("indent with spaces, not tabs"));
  }

  @Test
  void learningMoreByHeartThanThereIsIsRefused() throws Exception {
    refused("the training part has", "train", "s.yaml", "--overfit", "100000");
    assertFalse(Files.exists(folder.resolve("runs")));
  }

  @Test
  void unknownDevicesAreNamed() throws Exception {
    refused("--device tpu: unknown; give auto", "train", "s.yaml", "--device", "tpu");
    refused("train.device tpu: unknown", "train", "s.yaml", "--set", "train.device=tpu");
    refused("unknown; give auto", "train", "s.yaml", "--device", "cuda:x");
    refused("--device cuda:999 cannot be opened", "train", "s.yaml", "--device", "cuda:999");
  }

  @Test
  void optionsAreNamedAsTheyWereTyped() throws Exception {
    refused(
        "gatun: --threads: \"-3\"; give a whole number from 0 to 1024",
        "train",
        "s.yaml",
        "--threads",
        "-3");
    refused("gatun: --init: no such file: ", "train", "s.yaml", "--init", "nowhere.safetensors");
    refused("gatun: --init: empty; give a safetensors file", "train", "s.yaml", "--init", "");
    refused("gatun: --overfit: \"x\"; give a whole number", "train", "s.yaml", "--overfit", "x");
    refused(
        "gatun: --overfit: 100000; the training part has",
        "train",
        "s.yaml",
        "--overfit",
        "100000");
    refused(
        "gatun: --set: train.threads: \"-3\"",
        "train",
        "s.yaml",
        "--set",
        "train.threads=-3",
        "--overfit",
        "2");
  }

  @Test
  void benchmarksNameWhatIsWrong() throws Exception {
    String[] rnn = {
      "bench",
      "rnn",
      "--cell",
      "lstm",
      "--time",
      "2",
      "--batch",
      "2",
      "--input",
      "2",
      "--hidden",
      "2",
      "--mode",
      "infer"
    };
    for (String option : List.of("--time", "--batch", "--input", "--hidden")) {
      String[] wrong = rnn.clone();
      wrong[Arrays.asList(rnn).indexOf(option) + 1] = "0";
      refused("gatun: " + option + " 0: give at least 1", wrong);
    }
    for (String option : List.of("--zoneout", "--dropconnect", "--recurrent-dropout")) {
      String[] wrong = Arrays.copyOf(rnn, rnn.length + 2);
      wrong[rnn.length] = option;
      wrong[rnn.length + 1] = "1.5";
      refused("gatun: " + option + " 1.5 must be in [0, 1)", wrong);
    }
  }

  @Test
  void everyCommandLimitsItsThreads() throws Exception {
    Path weights = folder.resolve("w.safetensors");
    Path inputs = folder.resolve("x.safetensors");
    SmallStack.write(weights, inputs, 2);
    String rnn = "rnn --cell tanh --weights w.safetensors --inputs x.safetensors --output y";
    assertEquals(0, cli.run("train", "s.yaml", "--set", "train.epochs=1", "--run", "r").status());
    for (String command :
        List.of(
            rnn,
            "eval r",
            "predict r --input wave.csv",
            "bench cold",
            "bench stream --cell tanh --input 2 --hidden 2")) {
      List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
      arguments.addAll(List.of("--threads", "1000000"));
      refused(
          "gatun: --threads 1000000: give 1 to 1024, or 0 for every core",
          arguments.toArray(String[]::new));
    }
  }

  @Test
  void placesThatCannotBeWrittenAreFoundBeforeTheWork() throws Exception {
    cli.run("train", "s.yaml", "--set", "train.epochs=1", "--run", "r");
    refused(
        "--output nowhere/p.csv: no folder", //
        "predict",
        "r",
        "--input",
        "wave.csv",
        "--output",
        "nowhere/p.csv");
    refused("--output r: is a folder", "predict", "r", "--input", "wave.csv", "--output", "r");
    refused("wave.csv", "train", "s.yaml", "--run", "wave.csv/sub");
  }

  @Test
  void resumingWithoutTheLastCheckpointIsNoNewStart() throws Exception {
    assertEquals(0, cli.run("train", "s.yaml", "--set", "train.epochs=2", "--run", "r").status());
    Path last = Runs.last(folder.resolve("r"));
    Path best = last.resolveSibling("best.safetensors");
    byte[] before = Files.readAllBytes(best);
    byte[] whole = Files.readAllBytes(last);
    Files.delete(last);
    String[] resume = {"train", "s.yaml", "--set", "train.epochs=2", "--run", "r", "--resume"};
    refused("last.safetensors: no such file", resume);
    Files.write(last, Arrays.copyOf(whole, whole.length / 2));
    refused("last.safetensors", resume);
    assertArrayEquals(before, Files.readAllBytes(best));
  }

  @Test
  void aStackOfNoStepsOrOverItsInputIsRefused() throws Exception {
    Path weights = folder.resolve("w.safetensors");
    Path inputs = folder.resolve("x.safetensors");
    SmallStack.write(weights, inputs, 0);
    String[] run = {
      "rnn",
      "--cell",
      "tanh",
      "--weights",
      "w.safetensors",
      "--inputs",
      "x.safetensors",
      "--output",
      "y.safetensors"
    };
    refused("T (time) and N (batch) have to be at least 1", run);
    SmallStack.write(weights, inputs, 2);
    assertEquals(0, cli.run(run).status());
    run[8] = "./x.safetensors";
    refused("--output ./x.safetensors: is an input", run);
  }

  @Test
  void tooLittleMemoryIsTwoLines() throws Exception {
    var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    assumeTrue(system.getTotalMemorySize() < 300L << 30, "this machine has memory for it");
    String[] huge = {"train", "s.yaml", "--set", "model.hidden=65536", "--set", "model.layers=4"};
    Outcome outcome = cli.run(huge);
    assertEquals(1, outcome.status(), outcome.err());
    assertTrue(outcome.err().contains("out of memory"), outcome.err());
    assertFalse(outcome.err().contains("\tat "), outcome.err());
    Outcome check = cli.run("check", "s.yaml", "--set", "model.hidden=65536");
    assertTrue(check.err().contains("warning: about "), check.err());
  }
}
