package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Names;
import dev.gatun.app.report.Diagnosis;
import dev.gatun.app.report.Metrics;
import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands that look and change nothing: data, diagnose, bench. */
class InspectionTest {
  /** Where a JVM of its own runs what depends on how that starts. */
  @TempDir Path apart;

  @WorkingFolder Path folder;

  @Test
  void dataCountsWhatIsWrong() throws Exception {
    Cli cli = new Cli(folder);
    cli.write("s.yaml", Samples.SERIES);
    cli.write(
        "wave.csv", Samples.wave(100).replace("\n105,", "\n105,x").replace("\n107,", "\n107,NaN;"));
    Outcome wrong = cli.run("data", "s.yaml", "--json");
    assertEquals(2, wrong.status(), wrong.err());
    Json.Members facts = Json.parse(wrong.out().strip()).asObject();
    assertEquals(
        "level: 0 missing, 2 not numbers, 0 not finite, the first in line 7",
        facts.get("errors").asList().getFirst().asText());
    cli.write("wave.csv", Samples.wave(100));
    Outcome right = cli.run("data", "s.yaml", "--json");
    assertEquals(0, right.status(), right.err());
    facts = Json.parse(right.out().strip()).asObject();
    assertEquals(List.of(), facts.get("errors").asList());
    assertEquals(40, facts.get("training").asLong());
    assertEquals(20, facts.get("validation").asLong());
    assertEquals(40, facts.get("test").asLong());
  }

  @ParameterizedTest
  @CsvSource({
    "overfitting, 5 4 3 2 1 0.9 0.8 0.7, 5 4 3 3 4 5 6 7",
    "diverging, 5 4 3 2 4 8 16 32, 5 4 3 3 4 5 6 7",
    // Far too high a rate for a network that cannot overflow: up, and not down again.
    "diverging, 11.9 5.72 5.26 5.23 5.98 6.55 8.02 6.23, 6.9 5 5 5.9 6.2 8.6 7.8 5.7",
    "underfitting, 9 8 7 6 5 4 3 2, 9 8 7 6 5 4 3 2",
    "plateaued, 5 4 3 3 3 3 3 3, 5 4 4 4 4 4 4 4",
    "good, 5 3 2 1 .5 .2 .101 .1005, 5 3 2 1 .7 .5 .5 .5",
    "noisy, 5 3 2.2 2 2.2 1.98 2.3 2.0 2.25 2.05, 5 3 2 2 2 2 2 2 2 2",
    "too-short, 5 4, 5 4",
  })
  void diagnoseReadsTheCurves(String verdict, String training, String validation) throws Exception {
    Files.writeString(folder.resolve("metrics.csv"), curves(training, validation));
    Diagnosis diagnosis = Diagnosis.of(Metrics.read(folder.resolve("metrics.csv")));
    assertEquals(verdict, Names.of(diagnosis.verdict()), diagnosis.evidence());
  }

  private Diagnosis withGradients(String training, String norms, String... log) throws Exception {
    List<String> losses = List.of(training.split(" ", -1));
    List<String> gradients = List.of(norms.split(" ", -1));
    StringBuilder csv = new StringBuilder(curves("", "").lines().findFirst().orElseThrow() + "\n");
    for (int i = 0; i < losses.size(); i++) {
      csv.append("%d,%d,%d,%s,,0.1,%s\n".formatted(i, i, i, losses.get(i), gradients.get(i)));
    }
    Path file = Files.writeString(folder.resolve("metrics.csv"), csv);
    return Diagnosis.all(Metrics.read(file), List.of(log)).getFirst();
  }

  @Test
  void diagnoseReadsGradients() throws Exception {
    Diagnosis exploding = withGradients("5 4 3 2 1.5 1.4", "1 1 1 400 1 1");
    assertEquals(Diagnosis.Verdict.EXPLODING_GRADIENTS, exploding.verdict());
    assertTrue(exploding.evidence().contains("400"), exploding.evidence());
    Diagnosis vanishing = withGradients("5 4.9 4.9 4.9 4.9 4.9", "1 .1 .01 1e-4 1e-6 1e-7");
    assertEquals(Diagnosis.Verdict.VANISHING_GRADIENTS, vanishing.verdict());
    Diagnosis learnt = withGradients("5 2 1 .1 .01 .001", "1 .1 .01 1e-4 1e-6 1e-7");
    assertEquals(Diagnosis.Verdict.UNDERFITTING, learnt.verdict(), learnt.evidence());
  }

  /** A likelihood's loss is negative: lower is still better. */
  @Test
  void diagnoseReadsLossesBelowZero() throws Exception {
    String falling = "-1 -2 -3 -4 -4.5 -4.4";
    Files.writeString(folder.resolve("metrics.csv"), curves(falling, falling));
    Diagnosis settled = Diagnosis.of(Metrics.read(folder.resolve("metrics.csv")));
    assertTrue(settled.verdict() != Diagnosis.Verdict.DIVERGING, settled.evidence());
    assertTrue(settled.verdict() != Diagnosis.Verdict.OVERFITTING, settled.evidence());
    Files.writeString(folder.resolve("metrics.csv"), curves("-1 -2 -3 -4 -4.5 -2", falling));
    Diagnosis rising = Diagnosis.of(Metrics.read(folder.resolve("metrics.csv")));
    assertEquals(Diagnosis.Verdict.DIVERGING, rising.verdict(), rising.evidence());
  }

  @Test
  void diagnoseNamesStepsThatWereNotFinite() throws Exception {
    String line =
        "2026-01-01T00:00:00Z step 7 (epoch 0, batch 6) skipped: the gradient of rnn.weight_hh_l0 in"
            + " layer rnn is not finite; ";
    Diagnosis found =
        withGradients(
            "5 4 3 2 1.5 1.4", "1 1 1 1 1 1", line + "1 in a row", "x", line + "2 in a row");
    assertEquals(Diagnosis.Verdict.NON_FINITE, found.verdict());
    assertTrue(found.evidence().startsWith("2 steps were left out, the first: step 7 (epoch 0"));
    Diagnosis ordinary =
        withGradients(
            "5 4 3 2 1.5 1.4", "1 1 1 1 1 1", line + "the loss scale of fp16 falls to 512");
    assertEquals(Diagnosis.Verdict.UNDERFITTING, ordinary.verdict());
  }

  private static String curves(String training, String validation) {
    StringBuilder csv =
        new StringBuilder("step,epoch,seconds,train_loss,validation_loss,rate,gradient_norm\n");
    List<String> losses = List.of(training.split(" ", -1));
    List<String> others = List.of(validation.split(" ", -1));
    for (int i = 0; i < losses.size(); i++) {
      csv.append("%d,%d,%d,%s,%s,0.1,1\n".formatted(i, i, i, losses.get(i), others.get(i)));
    }
    return csv.toString();
  }

  @Test
  void diagnosePrintsTheVerdict() throws Exception {
    Files.createDirectory(folder.resolve("r"));
    Cli cli = new Cli(folder);
    cli.write("r/config.yaml", Samples.TEXT);
    cli.write("r/metrics.csv", curves("9 8 7 6 5 4 3 2", "9 8 7 6 5 4 3 2"));
    Outcome outcome = cli.run("diagnose", "r", "--json");
    assertEquals(0, outcome.status(), outcome.err());
    Json.Members members = Json.parse(outcome.out().strip()).asObject();
    assertEquals("underfitting", members.get("verdict").asText());
    assertTrue(members.get("advice").asList().size() > 0);
  }

  private static final List<String> BENCH_KEYS =
      List.of("median_ms", "min_ms", "runs", "threads", "allocated_bytes_per_run", "openblas_core");

  private static final List<String> ROOF_KEYS =
      List.of("gflops", "peak_gflops", "percent_of_peak", "percent_of_roof");

  private Json.Members bench(String... arguments) throws Exception {
    return bench(folder, arguments);
  }

  private static Json.Members bench(Path where, String... arguments) throws Exception {
    Outcome outcome = new Cli(where).run(arguments);
    assertEquals(0, outcome.status(), outcome.err());
    Json.Members figures = Json.parse(outcome.out().strip()).asObject();
    BENCH_KEYS.forEach(figures::get);
    assertTrue(figures.get("median_ms").asDouble() >= figures.get("min_ms").asDouble());
    return figures;
  }

  @Test
  void benchRnnHasItsKeys() throws Exception {
    Json.Members figures =
        bench(
            "bench",
            "rnn",
            "--cell",
            "gru",
            "--layers",
            "2",
            "--time",
            "5",
            "--batch",
            "3",
            "--input",
            "4",
            "--hidden",
            "8",
            "--bidirectional",
            "--mode",
            "train",
            "--threads",
            "1",
            "--seconds",
            "0.1",
            "--json");
    ROOF_KEYS.forEach(figures::get);
    // 2·G·T·N·H·(C+H) for each layer and direction, three times: 3·2·2·3·5·3·8·((4+8)+(16+8))
    double flops = 3.0 * 2 * 2 * 3 * 5 * 3 * 8 * (12 + 24);
    double gflops = flops / figures.get("median_ms").asDouble() * 1e-6;
    assertEquals(gflops, figures.get("gflops").asDouble(), gflops * 1e-3);
  }

  /** Threads that take turns on a processor do not raise the peak. */
  @Test
  void thePeakIsTheMachinesWhateverTheThreads() throws Exception {
    String command =
        "bench rnn --cell tanh --time 5 --batch 3 --input 4 --hidden 8 --mode infer"
            + " --seconds 0.1 --json --threads ";
    int processors = Runtime.getRuntime().availableProcessors();
    double few = bench(apart, (command + processors).split(" ")).get("peak_gflops").asDouble();
    double many = bench(apart, (command + 4 * processors).split(" ")).get("peak_gflops").asDouble();
    assertTrue(many < 2 * few, many + " GFLOP/s after " + few);
  }

  @Test
  void benchRnnRegularises() throws Exception {
    String command =
        "bench rnn --cell lstm --layers 1 --time 5 --batch 3 --input 4 --hidden 8 --mode train"
            + " --threads 1 --seconds 0.1 --json";
    bench(
        (command
                + " --layer-norm --zoneout 0.1 --variational-dropout 0.2 --recurrent-dropout 0.3"
                + " --dropconnect 0.4")
            .split(" "));
    bench(command.replace("lstm", "gru").concat(" --layer-norm --zoneout 0.1").split(" "));
    Outcome refused =
        new Cli(folder).run(command.replace("lstm", "tanh").concat(" --layer-norm").split(" "));
    assertEquals(2, refused.status());
    assertTrue(refused.err().contains("--layer-norm: only LSTM and GRU"), refused.err());
    bench(command.concat(" --peephole --cell-clip 3 --zoneout 0.1").split(" "));
    Outcome joined = new Cli(folder).run(command.concat(" --peephole --layer-norm").split(" "));
    assertEquals(2, joined.status());
    assertTrue(joined.err().contains("--layer-norm: a cell with peepholes"), joined.err());
    Outcome wrong = new Cli(folder).run(command.concat(" --dropconnect 1").split(" "));
    assertEquals(2, wrong.status());
    assertTrue(wrong.err().contains("--dropconnect 1.0 must be in [0, 1)"), wrong.err());
  }

  @Test
  void benchStepAndStreamHaveTheirKeys() throws Exception {
    Json.Members step =
        bench(
            "bench",
            "step",
            "--cell",
            "lstm",
            "--vocabulary",
            "7",
            "--embedding",
            "4",
            "--hidden",
            "8",
            "--layers",
            "1",
            "--batch",
            "3",
            "--time",
            "5",
            "--seconds",
            "0.1",
            "--json");
    ROOF_KEYS.forEach(step::get);
    double tokens = 3 * 5 / step.get("median_ms").asDouble() * 1e3;
    assertEquals(tokens, step.get("tokens_per_s").asDouble(), tokens * 1e-3);
    Json.Members stream =
        bench(
            "bench",
            "stream",
            "--cell",
            "tanh",
            "--input",
            "4",
            "--hidden",
            "8",
            "--precision",
            "bf16",
            "--seconds",
            "0.1",
            "--json");
    assertTrue(stream.get("p99_us").asDouble() >= stream.get("p50_us").asDouble());
    stream.get("allocated_bytes_per_step");
  }

  @Test
  void benchColdCountsFromTheStartOfTheProcess() throws Exception {
    long start = System.nanoTime();
    Outcome outcome = new Cli(apart).run("bench", "cold", "--threads", "1", "--json");
    double seconds = (System.nanoTime() - start) * 1e-9;
    assertEquals(0, outcome.status(), outcome.err());
    Json.Members figures = Json.parse(outcome.out().strip()).asObject();
    double first = figures.get("first_step_s").asDouble();
    assertTrue(first > 0.1 && first < seconds, outcome.out());
    double full = figures.get("full_speed_s").asDouble();
    assertTrue(full >= first && full < seconds, outcome.out());
  }

  @Test
  void benchSuiteRunsTheShapesThatMatch() throws Exception {
    Cli cli = new Cli(folder);
    String[] suite = {
      "bench",
      "suite",
      "deepbench",
      "--filter",
      "device/vanilla",
      "--seconds",
      "0.05",
      "--json",
      "--csv",
      "d.csv",
      "--plot",
      "d.svg"
    };
    Outcome outcome = cli.run(suite);
    assertEquals(0, outcome.status(), outcome.err());
    Json.Members all = Json.parse(outcome.out().strip()).asObject();
    assertTrue(outcome.out().contains("device/vanilla-32-N1-T672"), outcome.out());
    assertTrue(outcome.out().contains("device/vanilla-64-N1-T96"), outcome.out());
    assertEquals("deepbench", all.get("suite").asText());
    assertEquals(3, Files.readAllLines(folder.resolve("d.csv")).size());
    assertTrue(Files.readString(folder.resolve("d.svg")).contains("<svg"));
    suite[4] = "nothing";
    assertEquals(2, cli.run(suite).status());
  }
}
