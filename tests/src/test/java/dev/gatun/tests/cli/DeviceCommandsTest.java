package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import dev.gatun.tests.support.DeviceRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that compute, with {@code --device cuda}. */
@Tag("cuda")
class DeviceCommandsTest {
  @WorkingFolder private Path folder;

  private Outcome run(String command) throws Exception {
    Outcome outcome = Cli.onGpu(folder).run(command.split(" "));
    assertEquals(0, outcome.status(), command + ": " + outcome.err());
    return outcome;
  }

  @Test
  void textIsGeneratedAsOnTheCpu() throws Exception {
    Cli cli = Cli.onGpu(folder);
    cli.write("prose.txt", Samples.prose(60));
    cli.write("t.yaml", Samples.TEXT);
    run("train t.yaml --run r --set train.epochs=1 --device cuda");
    String same = "generate r --prompt the --length 30 --top-k 1 --device ";
    String ours = run(same + "cuda").out();
    assertTrue(ours.startsWith("the"), ours);
    assertEquals(run(same + "cpu").out(), ours, "the likeliest characters");
    String random = "generate r --prompt the --length 30 --device cuda --seed ";
    assertEquals(run(random + 1).out(), run(random + 1).out());
    assertNotEquals(run(random + 1).out(), run(random + 2).out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "step --cell lstm --vocabulary 11 --embedding 4 --hidden 8 --layers 2 --batch 3 --time 5",
        "step --cell gru --vocabulary 11 --embedding 4 --hidden 8 --layers 1 --batch 3 --time 5"
            + " --graphs",
        "step --cell gru-reset-before --vocabulary 11 --embedding 4 --hidden 8 --layers 1 --batch 3"
            + " --time 5",
        "rnn --cell gru --layers 2 --time 3 --batch 2 --input 4 --hidden 8 --mode infer",
        "rnn --cell lstm --time 3 --batch 2 --input 4 --hidden 8 --mode train --graphs",
        "rnn --cell lstm --layer-norm --layers 1 --time 3 --batch 2 --input 4 --hidden 8"
            + " --mode train",
        "stream --cell lstm --input 4 --hidden 8 --layers 2 --batch 2"
      })
  void benchmarksMeasure(String bench) throws Exception {
    Json.Members figures = json(run("bench " + bench + " --device cuda --seconds 0.1 --json"));
    assertTrue(figures.get("median_ms").asDouble() > 0, figures.print());
    assertTrue(figures.get("runs").asDouble() > 1, figures.print());
    assertEquals("null", figures.get("openblas_core").print());
    if (bench.startsWith("step")) {
      assertTrue(figures.get("tokens_per_s").asDouble() > 0, figures.print());
    }
    if (bench.startsWith("stream")) {
      assertTrue(figures.get("p99_us").asDouble() >= figures.get("p50_us").asDouble());
    }
  }

  /** The sums of the CPU's results, from the same numbers: of a graph too. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "rnn --cell lstm --layers 2 --time 3 --batch 2 --input 4 --hidden 8 --mode train",
        "rnn --cell gru-reset-before --time 3 --batch 2 --input 4 --hidden 8 --mode train",
        "rnn --cell lstm --zoneout 0.2 --time 3 --batch 2 --input 4 --hidden 8 --mode infer",
        "step --cell gru --vocabulary 11 --embedding 4 --hidden 8 --batch 3 --time 5",
        "stream --cell lstm --input 4 --hidden 8 --batch 2"
      })
  void checksSumWhatTheCpuComputes(String bench) throws Exception {
    String command = "bench " + bench + " --seconds 0.01 --json --check --seed 5 --device ";
    Json.Members cpu = json(run(command + "cpu")).get("check").asObject();
    sameSums(cpu, json(run(command + "cuda")).get("check").asObject());
    if (!bench.startsWith("stream")) {
      sameSums(cpu, json(run(command + "cuda --graphs")).get("check").asObject());
    }
    String other = command.replace("--seed 5", "--seed 6") + "cpu";
    assertNotEquals(cpu.print(), json(run(other)).get("check").print());
  }

  private static void sameSums(Json.Members expected, Json.Members actual) {
    assertEquals(expected.values().keySet(), actual.values().keySet());
    for (String name : expected.values().keySet()) {
      List<Json> sums = actual.get(name).asList();
      for (int i = 0; i < sums.size(); i++) {
        double wanted = expected.get(name).asList().get(i).asDouble();
        // A few tens of terms of magnitude 1 in float32.
        assertEquals(wanted, sums.get(i).asDouble(), 1e-5 * Math.max(1, Math.abs(wanted)), name);
      }
    }
  }

  @Test
  void aSuiteSaysNothingOfTheCpusPeak() throws Exception {
    Outcome suite =
        run(
            "bench suite deepbench --filter server/gru-512-N[12]-T1$ --csv s.csv --plot s.svg --device cuda"
                + " --seconds 0.05 --json");
    Json.Members all = json(suite);
    assertTrue(all.get("results").print().contains("\"percent_of_peak\":null"), all.print());
    assertFalse(suite.err().contains("null"), suite.err());
    assertTrue(Files.readString(folder.resolve("s.svg")).startsWith("<svg"));
  }

  @Test
  void aColdStartIsTimed() throws Exception {
    assumeTrue(!DeviceRun.small(), "28 steps of its shape take the double minutes");
    Json.Members figures = json(run("bench cold --device cuda --json"));
    assertTrue(figures.get("first_step_s").asDouble() > 0, figures.print());
  }

  private static Json.Members json(Outcome outcome) {
    return Json.parse(outcome.out().strip()).asObject();
  }
}
