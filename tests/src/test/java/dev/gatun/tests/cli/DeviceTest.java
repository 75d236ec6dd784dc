package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.persist.SafetensorsReader;
import dev.gatun.tests.cli.Cli.Outcome;
import dev.gatun.tests.cudadouble.CudaDouble;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code --device}: a GPU chosen, refused, or not there. */
class DeviceTest {
  @WorkingFolder private Path folder;

  private Cli withGpu() {
    return Cli.onGpu(folder);
  }

  private Cli withoutGpu() {
    return new Cli(folder, "-Dgatun.cudart.path=" + folder);
  }

  private static void series(Cli cli) throws Exception {
    cli.write("s.yaml", Samples.SERIES);
    cli.write("wave.csv", Samples.wave(100));
  }

  private String log(String run) throws Exception {
    return Files.readString(folder.resolve(run).resolve("log.txt"));
  }

  @Test
  void autoSaysWhyThereIsNoGpu() throws Exception {
    Cli cli = withoutGpu();
    series(cli);
    Outcome train = cli.run("train", "s.yaml", "--run", "r", "--set", "train.epochs=1");
    assertEquals(0, train.status(), train.err());
    String announced =
        log("r").lines().filter(line -> line.contains("no GPU:")).collect(Collectors.joining("|"));
    assertTrue(announced.contains("cpu: "), log("r"));
    assertTrue(announced.contains("CUDA runtime: no libcudart.so.13"), announced);
    assertTrue(announced.contains("set -Dgatun.cudart.path"), announced);
  }

  @Test
  void aGpuThatIsAskedForAndMissingIsAnError() throws Exception {
    Cli cli = withoutGpu();
    series(cli);
    for (String name : new String[] {"cuda", "cuda:3"}) {
      Outcome train = cli.run("train", "s.yaml", "--run", "r", "--device", name);
      assertEquals(2, train.status(), train.err());
      String said = "gatun: --device " + name + " cannot be opened: CUDA runtime: no libcudart";
      assertTrue(train.err().startsWith(said), train.err());
      assertEquals(1, train.err().lines().count(), train.err());
      assertFalse(Files.exists(folder.resolve("r")), "nothing was begun");
    }
  }

  @ParameterizedTest
  @CsvSource({"dropout_masks, cudnn, gatun", "algorithms, measured, standard"})
  void whatOnlyAGpuCanNeedsOne(String key, String value, String other) throws Exception {
    Cli cli = withoutGpu();
    series(cli);
    for (String name : new String[] {"auto", "cpu"}) {
      String set = "train." + key + "=" + value;
      Outcome train = cli.run("train", "s.yaml", "--device", name, "--set", set);
      assertEquals(2, train.status(), train.err());
      String said =
          "gatun: " + set.replace('=', ' ') + ": needs a GPU; give " + other + ", or a GPU";
      assertTrue(train.err().startsWith(said), train.err());
      assertEquals(1, train.err().lines().count(), train.err());
      assertFalse(Files.exists(folder.resolve("runs")), "nothing was begun");
    }
  }

  @Test
  @Tag("cuda")
  void masksByCudnnTrainAndTheModelRunsOnTheCpu() throws Exception {
    Cli cli = withGpu();
    series(cli);
    String[] train =
        ("train s.yaml --run r --device cuda --set train.epochs=2 --set model.layers=2"
                + " --set model.dropout=0.3 --set train.dropout_masks=cudnn")
            .split(" ");
    Outcome trained = cli.run(train);
    assertEquals(0, trained.status(), trained.err());
    String checkpoint =
        Files.readString(
            folder.resolve("r/checkpoints/last.safetensors"), StandardCharsets.ISO_8859_1);
    assertTrue(checkpoint.contains("cudnn_dropout"), "the generator's state is kept");
    Outcome eval = cli.run("eval", "r", "--json", "--device", "cpu");
    assertEquals(0, eval.status(), eval.err());
  }

  @Test
  @Tag("cuda")
  void measuredAlgorithmsGoIntoTheRun() throws Exception {
    Cli cli = withGpu();
    series(cli);
    String[] train = "train s.yaml --run r --set train.algorithms=measured".split(" ");
    Outcome trained = cli.run(train);
    assertEquals(0, trained.status(), trained.err());
    String log = log("r");
    assertTrue(log.contains(", algorithms measured (unverified)"), log);
    assertEquals(2, count(log, "the recurrent stack "), "training and validation; " + log);
    assertEquals(2, count(log, ": standard "), log);
    Path config = folder.resolve("r/config.yaml");
    assertTrue(Files.readString(config).contains("algorithms: measured"), Files.readString(config));
    String choices = choices();
    assertEquals(2, count(choices, ", fp32, "), choices);

    Outcome changed = cli.run("train", "s.yaml", "--run", "r", "--resume");
    assertTrue(changed.err().contains("train.algorithms"), changed.err());
    Outcome resumed =
        cli.run(Stream.concat(Stream.of(train), Stream.of("--resume")).toArray(String[]::new));
    assertEquals(0, resumed.status(), resumed.err());
    assertEquals(2, count(log("r"), " (as recorded)"), log("r"));
    assertEquals(2, count(log("r"), ": standard "), "nothing is measured again; " + log("r"));
    assertEquals(choices, choices());
  }

  private static int count(String text, String part) {
    return text.split(Pattern.quote(part), -1).length - 1;
  }

  private String choices() throws Exception {
    try (SafetensorsReader reader = new SafetensorsReader(Runs.last(folder.resolve("r")))) {
      return reader.metadata().getOrDefault("training.choices", "(none)");
    }
  }

  @Test
  @Tag("cuda")
  void autoTakesTheGpuAndAnExampleIsTrainedMeasuredAndUsed() throws Exception {
    Cli cli = withGpu();
    series(cli);
    Outcome train = cli.run("train", "s.yaml", "--run", "r", "--set", "train.epochs=2", "--json");
    assertEquals(0, train.status(), train.err());
    assertTrue(log("r").contains("cuda: compute capability "), log("r"));
    assertTrue(log("r").contains("(unverified)"), log("r"));
    Outcome cpu =
        cli.run(
            "train",
            "s.yaml",
            "--run",
            "c",
            "--set",
            "train.epochs=2",
            "--json",
            "--device",
            "cpu");
    double loss = number(train, "validation_loss");
    assertEquals(number(cpu, "validation_loss"), loss, 1e-3 * loss);

    Outcome again =
        cli.run("train", "s.yaml", "--run", "r2", "--set", "train.epochs=2", "--device", "cuda:0");
    assertEquals(0, again.status(), again.err());
    Runs.assertSameTensors(folder.resolve("r"), folder.resolve("r2"));

    Outcome eval = cli.run("eval", "r", "--json", "--device", "cuda");
    assertEquals(0, eval.status(), eval.err());
    assertEquals(
        number(cli.run("eval", "r", "--json", "--device", "cpu"), "mae"),
        number(eval, "mae"),
        1e-4);
    Outcome rounded = cli.run("eval", "r", "--json", "--precision", "bf16");
    assertEquals(0, rounded.status(), "auto: on the CPU, which has them; " + rounded.err());
    Outcome refused = cli.run("eval", "r", "--precision", "bf16", "--device", "cuda");
    assertTrue(refused.err().contains("fp32 only, not in bf16"), refused.err());
    Outcome predict = cli.run("predict", "r", "--input", "wave.csv", "--device", "cuda");
    assertEquals(0, predict.status(), predict.err());
    assertEquals(1 + 100 - 7, predict.out().lines().count());
  }

  @Test
  @Tag("cuda")
  void graphsChangeNoBit() throws Exception {
    Cli cli = withGpu();
    series(cli);
    Outcome without = cli.run("train", "s.yaml", "--run", "r", "--set", "train.epochs=2");
    assertEquals(0, without.status(), without.err());
    Outcome with =
        cli.run(
            "train",
            "s.yaml",
            "--run",
            "g",
            "--set",
            "train.epochs=2",
            "--set",
            "train.graphs=true");
    assertEquals(0, with.status(), with.err());
    assertFalse(log("g").contains("without graphs"), log("g"));
    Runs.assertSameTensors(folder.resolve("r"), folder.resolve("g"));
    if (CudaDouble.folder() != null) { // a real device cannot be made to refuse
      String[] train =
          "train s.yaml --run f --set train.epochs=2 --set train.graphs=true".split(" ");
      Outcome refused =
          withGpu().with("GATUN_DOUBLE_FAIL", "cudaStreamBeginCapture:1=900").run(train);
      assertEquals(0, refused.status(), refused.err());
      assertTrue(log("f").contains("training goes on without graphs"), log("f"));
      Runs.assertSameTensors(folder.resolve("r"), folder.resolve("f"));
    }
  }

  @Test
  @Tag("cuda")
  void runsTrainInAPrecisionAndGoOnInIt() throws Exception {
    Cli cli = withGpu();
    series(cli);
    String[] half = {"--set", "train.precision=fp16", "--set", "train.epochs=2"};
    Outcome train =
        cli.run(
            Stream.concat(Stream.of("train", "s.yaml", "--run", "h", "--json"), Stream.of(half))
                .toArray(String[]::new));
    assertEquals(0, train.status(), train.err());
    assertTrue(log("h").contains(", fp16, "), log("h"));
    Path config = folder.resolve("h").resolve("config.yaml");
    assertTrue(Files.readString(config).contains("precision: fp16"), Files.readString(config));
    Outcome eval = cli.run("eval", "h", "--json", "--device", "cuda");
    assertEquals(0, eval.status(), eval.err());
    for (String precision : List.of("tf32", "fp16", "bf16")) {
      Outcome bench =
          cli.run(
              ("bench rnn --cell gru --layers 1 --time 3 --batch 2 --input 4 --hidden 8"
                      + " --mode train --device cuda --seconds 0.1 --json --precision "
                      + precision)
                  .split(" "));
      assertEquals(0, bench.status(), bench.err());
    }
  }

  @Test
  void otherPrecisionsNeedAGpu() throws Exception {
    Cli cli = withoutGpu();
    series(cli);
    Outcome auto = cli.run("train", "s.yaml", "--run", "r", "--set", "train.precision=fp16");
    assertEquals(2, auto.status(), auto.err());
    assertTrue(
        auto.err().startsWith("gatun: precision fp16 is for a GPU; choose fp32 without one: CUDA"),
        auto.err());
    Outcome cpu =
        cli.run(
            "train", "s.yaml", "--run", "r", "--set", "train.precision=bf16", "--device", "cpu");
    assertEquals(2, cpu.status(), cpu.err());
    assertTrue(
        cpu.err().startsWith("gatun: precision bf16 is for a GPU: the backend cpu"), cpu.err());
    assertFalse(Files.exists(folder.resolve("r")), "nothing was begun");
    Outcome bench =
        cli.run(
            "bench rnn --cell gru --layers 1 --time 3 --batch 2 --input 4 --hidden 8 --mode train --precision fp16"
                .split(" "));
    assertEquals(2, bench.status(), bench.err());
    assertTrue(bench.err().startsWith("gatun: --precision fp16: "), bench.err());
    Outcome stream =
        cli.run("bench stream --cell gru --input 4 --hidden 8 --precision fp16".split(" "));
    assertEquals(2, stream.status(), stream.err());
    assertTrue(stream.err().contains("give stream one of fp32, bf16, int8"), stream.err());
  }

  private static double number(Outcome outcome, String key) {
    return Json.parse(outcome.out().strip()).asObject().get(key).asDouble();
  }

  @Test
  @Tag("cuda")
  void doctorNamesEachDeviceAndCallsItUnverified() throws Exception {
    Outcome doctor = withGpu().run("doctor", "--json");
    assertEquals(0, doctor.status(), doctor.err());
    Json.Members cuda = Json.parse(doctor.out().strip()).asObject().get("cuda").asObject();
    assertTrue(cuda.get("names").print().contains("cuda:0: compute capability"), doctor.out());
    assertEquals("false", cuda.get("verified").print());
    Outcome plain = withGpu().run("doctor");
    assertTrue(plain.out().contains("unverified"), plain.out());
  }

  @Test
  @Tag("cuda")
  void theBenchmarkSaysNothingOfTheCpusPeak() throws Exception {
    Outcome bench =
        withGpu()
            .run(
                ("bench rnn --cell lstm --layers 1 --time 3 --batch 2 --input 4 --hidden 8"
                        + " --mode train --device cuda --seconds 0.1 --json")
                    .split(" "));
    assertEquals(0, bench.status(), bench.err());
    Json.Members figures = Json.parse(bench.out().strip()).asObject();
    assertEquals("null", figures.get("percent_of_peak").print());
    assertTrue(figures.get("median_ms").asDouble() > 0);
  }
}
