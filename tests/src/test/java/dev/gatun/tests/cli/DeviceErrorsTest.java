package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import dev.gatun.tests.cudadouble.DoubleState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** What the command line says when a GPU is not as a run needs it, on the double. */
@Tag("cuda")
@EnabledIfSystemProperty(named = "gatun.cuda.double", matches = ".+")
class DeviceErrorsTest {
  private static final String ALGORITHM = "gatun.cudnn.algorithm";

  @TempDir private Path folder;

  @BeforeEach
  void data() throws Exception {
    DoubleState.reset();
    Files.writeString(folder.resolve("s.yaml"), Samples.SERIES);
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(100));
  }

  @AfterEach
  void reset() {
    System.clearProperty(ALGORITHM);
    DoubleState.reset();
  }

  private Outcome train(String... more) {
    return trainIn("r", more);
  }

  private Outcome trainIn(String run, String... more) {
    List<String> all = new ArrayList<>(List.of("train", path("s.yaml"), "--run", path(run)));
    Stream.of(more).flatMap(text -> Stream.of(text.split(" "))).forEach(all::add);
    return InProcess.run(all.toArray(String[]::new));
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private String log() throws Exception {
    return Files.readString(folder.resolve("r/log.txt"));
  }

  private static void assertWrong(Outcome outcome, int lines, String... parts) {
    assertEquals(2, outcome.status(), outcome.err());
    assertSaid(outcome, lines, parts);
  }

  private static void assertSaid(Outcome outcome, int lines, String... parts) {
    String[] said = outcome.err().split("gatun: ", 2);
    assertEquals(2, said.length, outcome.err());
    assertEquals(lines, said[1].lines().count(), outcome.err());
    for (String part : parts) {
      assertTrue(said[1].contains(part), () -> part + " is not in " + outcome.err());
    }
  }

  @Test
  void anAlgorithmThatThereIsNotIsAWrongSetting() {
    System.setProperty(ALGORITHM, "foo");
    for (String device : List.of("cuda", "auto")) {
      Outcome outcome = train("--device", device);
      assertWrong(
          outcome, 1, "-Dgatun.cudnn.algorithm is \"foo\": it must be auto, measured or one of");
      assertFalse(outcome.err().contains("Exception"), outcome.err());
      assertFalse(Files.exists(folder.resolve("r")), "nothing was begun");
    }
    System.setProperty(ALGORITHM, "persist-static");
    Outcome unfit = train("--device cuda --set model.cell=lstm --set model.projection=4");
    assertWrong(unfit, 1, "which that algorithm cannot: choose standard or auto");
  }

  @Test
  void roundedWeightsAreRefusedInOneLine() {
    assertEquals(0, train("--device cuda --set train.epochs=1").status());
    Outcome eval = InProcess.run("eval", path("r"), "--precision", "int8");
    assertWrong(eval, 1, "--precision int8: a GPU keeps weights in fp32 only", "--device cpu");
    Outcome cpu = InProcess.run("eval", path("r"), "--precision", "int8", "--device", "cpu");
    assertEquals(0, cpu.status(), cpu.err());
  }

  @Test
  void anotherDeviceIsForWhoAsksForIt() throws Exception {
    assertEquals(0, train("--set train.epochs=2").status());
    DoubleState.fail("cudnnCreate:1=1001");
    Outcome refused = train("--set train.epochs=2 --resume");
    assertWrong(
        refused,
        2,
        "was trained on cuda so far, and cpu would give other results; no GPU: cuda cannot be",
        "give --device cpu to go on with it all the same");
    assertFalse(log().contains("warning"), log());
    Outcome taken = train("--set train.epochs=2 --resume --device cpu");
    assertEquals(0, taken.status(), taken.err());
    assertTrue(log().contains(" warning: goes on with another device"), log());
    assertTrue(taken.err().contains("warning: goes on with another device"), taken.err());
    DoubleState.reset();
    Outcome same = train("--set train.epochs=2 --resume --device cpu --threads 1");
    assertEquals(0, same.status(), same.err());
    assertFalse(same.err().contains("warning"), "threads change nothing: " + same.err());
  }

  @Test
  void aRunIsUsedInItsPrecision() {
    assertEquals(0, train("--set train.epochs=1 --set train.precision=fp16").status());
    Outcome gpu = InProcess.run("eval", path("r"), "--json");
    assertEquals(0, gpu.status(), gpu.err());
    Outcome cpu = InProcess.run("eval", path("r"), "--json", "--device", "cpu");
    assertEquals("\"fp16\"", figure(gpu, "computed_in").print());
    assertEquals("\"fp32\"", figure(cpu, "computed_in").print());
    double half = figure(gpu, "mae").asDouble();
    assertEquals(figure(cpu, "mae").asDouble(), half, 0.02 * half);
    assertTrue(figure(cpu, "mae").asDouble() != half, "rounded factors show");
  }

  private static Json figure(Outcome outcome, String name) {
    return Json.parse(outcome.out().strip()).asObject().get(name);
  }

  @Test
  void arraysAreComputedInEveryPrecision() throws Exception {
    Path weights = folder.resolve("w.safetensors");
    Path inputs = folder.resolve("x.safetensors");
    SmallStack.write(weights, inputs, 3);
    for (String precision : List.of("fp32", "tf32", "fp16", "bf16")) {
      Path output = folder.resolve(precision + ".safetensors");
      String command =
          "rnn --cell tanh --backend cuda --weights %s --inputs %s --output %s --precision %s"
              .formatted(weights, inputs, output, precision);
      Outcome outcome = InProcess.run(command.split(" "));
      assertEquals(0, outcome.status(), precision + ": " + outcome.err());
      assertTrue(Files.size(output) > 0, precision);
    }
    Outcome wrong =
        InProcess.run(
            ("rnn --cell tanh --backend cuda --precision fp64 --weights w --inputs x --output "
                    + folder.resolve("y"))
                .split(" "));
    assertWrong(wrong, 1, "--precision fp64: only the reference computes in double precision");
  }

  @Test
  void memoryThatRunsOutIsToldOnceWithItsKeys() {
    DoubleState.memory(DoubleState.bytes() + 60_000);
    Outcome full = train("--device cuda");
    assertEquals(1, full.status(), full.err());
    assertSaid(full, 2, "out of memory: no memory on cuda:0 for a block of ", " are free\n");
    assertSaid(
        full,
        2,
        "lower train.batch, data.window, model.hidden or model.layers, or set"
            + " train.optimizer.place: host\n");
    assertEquals(full.err().lastIndexOf("lower"), full.err().indexOf("lower"), full.err());
    Outcome host = trainIn("h", "--device cuda --set train.optimizer.place=host");
    assertEquals(1, host.status(), host.err());
    assertSaid(host, 2, "lower train.batch, data.window, model.hidden or model.layers\n");
    DoubleState.memory(DoubleState.bytes() + 1);
    Outcome closed = trainIn("o", "--device cuda --set train.precision=fp16");
    assertWrong(closed, 1, "cuda cannot be opened: no memory on cuda:0", "end what else uses it");
  }

  @Test
  void aDeviceThatFailsLeavesARunToGoOnWith() throws Exception {
    String settings = "--device cuda --set train.epochs=3 --set train.checkpoint_every=1";
    DoubleState.fail("cudnnRNNForward:4=5000");
    Outcome failed = train(settings);
    assertEquals(1, failed.status(), failed.err());
    String last = folder.resolve("r/checkpoints/last.safetensors").toString();
    assertSaid(failed, 2, "step ", "cudnnRNNForward: ", "the last checkpoint is " + last);
    assertSaid(failed, 2, "; continue with --run " + path("r") + " --resume");
    assertTrue(log().contains("; the last checkpoint is " + last), log());
    DoubleState.reset();
    Outcome resumed = train(settings, "--resume");
    assertEquals(0, resumed.status(), resumed.err());
    Outcome whole = trainIn("w", settings);
    assertEquals(0, whole.status(), whole.err());
    Runs.assertSameTensors(folder.resolve("r"), folder.resolve("w"));
  }

  @Test
  void kernelsThatDoNotCompileLeaveTheCpu() throws Exception {
    for (String device : List.of("auto", "cuda")) {
      Outcome outcome =
          Cli.onGpu(folder, "-Dgatun.cache=" + folder)
              .with("GATUN_DOUBLE_FAIL", "nvrtcCompileProgram:1=6")
              .run(("train s.yaml --run r --set train.epochs=1 --device " + device).split(" "));
      String reason = "cuda cannot be opened: compiling activations.cu for sm_";
      if (device.equals("auto")) {
        assertEquals(0, outcome.status(), outcome.err());
        String line = log().lines().filter(text -> text.contains("no GPU:")).findFirst().get();
        assertTrue(line.contains("cpu: ") && line.contains("; no GPU: " + reason), line);
        assertTrue(line.contains("NVRTC_ERROR_COMPILATION"), line);
        assertFalse(log().contains("\n\n"), log());
      } else {
        assertWrong(outcome, 1, "--device " + reason, "NVRTC_ERROR_COMPILATION");
      }
    }
  }

  @Test
  void batchesOfDifferentLengthsSayThatTheyHaveNoGraphs() throws Exception {
    Files.writeString(
        folder.resolve("frames.csv"), "sequence,text,x\n1,a,0\n1,,1\n2,b,1\n3,a,0\n3,,1\n4,b,1\n");
    Files.writeString(
        folder.resolve("s.yaml"),
        """
        data: {type: transcripts, path: frames.csv, validation: 0}
        model: {hidden: 3}
        train: {epochs: 3, batch: 2, graphs: true, device: cuda}
        """);
    Outcome outcome = train();
    assertEquals(0, outcome.status(), outcome.err());
    List<String> told = log().lines().filter(line -> line.contains("without graphs")).toList();
    assertEquals(1, told.size(), log());
    assertTrue(told.getFirst().contains("different lengths"), log());
  }
}
