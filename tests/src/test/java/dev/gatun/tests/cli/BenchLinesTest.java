package dev.gatun.tests.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code gatun bench lines}, and the list that its askers begin with. */
class BenchLinesTest {
  private static final String SHORT = " --seconds 0.01 --threads 1";

  private static List<Json.Members> answers(String... lines) {
    InputStream in = System.in;
    System.setIn(new ByteArrayInputStream(String.join("\n", lines).getBytes(UTF_8)));
    try {
      Cli.Outcome outcome = InProcess.run("bench", "lines");
      assertEquals(0, outcome.status(), outcome.err());
      return outcome.out().lines().map(line -> Json.parse(line).asObject()).toList();
    } finally {
      System.setIn(in);
    }
  }

  @Test
  void eachLineIsAnsweredByOneAndAnErrorEndsNothing() {
    String gru = "rnn --cell gru --time 3 --batch 2 --input 4 --hidden 8 --mode train" + SHORT;
    List<Json.Members> answers =
        answers(
            gru + " --check",
            "rnn --cell wrong",
            "lines",
            "",
            "stream  --cell tanh --input 4 --hidden 8" + SHORT,
            gru + " --graphs",
            gru + " --check");
    assertEquals(7, answers.size());
    assertTrue(answers.getFirst().get("median_ms").asDouble() > 0);
    assertEquals(3.0 * 2 * 3 * 3 * 2 * 8 * 12, answers.getFirst().get("flops").asDouble());
    assertEquals(2, answers.get(1).get("status").asLong());
    assertTrue(answers.get(1).get("error").asText().contains("'wrong' is no cell"));
    assertEquals(
        "lines: give rnn, step, stream, cold or suite", answers.get(2).get("error").asText());
    assertEquals(2, answers.get(3).get("status").asLong());
    assertTrue(answers.get(4).get("p50_us").asDouble() > 0);
    assertTrue(answers.get(5).get("error").asText().contains("--graphs: the backend cpu has none"));
    assertEquals(
        answers.getFirst().get("check").print(),
        answers.get(6).get("check").print(),
        "the same numbers again");
  }

  @Test
  void suitesSayTheirShapes() {
    Cli.Outcome outcome =
        InProcess.run("bench", "suite", "deepbench", "--list", "--filter", "training/", "--json");
    assertEquals(0, outcome.status(), outcome.err());
    List<Json> shapes = Json.parse(outcome.out().strip()).asObject().get("shapes").asList();
    // 12 of the vanilla layer, 22 of the LSTM, 7 of the GRU.
    assertEquals(41, shapes.size());
    assertEquals(
        "{\"name\":\"training/vanilla-1760-N16-T50\",\"cell\":\"relu\",\"hidden\":1760,"
            + "\"batch\":16,\"time\":50}",
        shapes.getFirst().print());
    Cli.Outcome plain =
        InProcess.run("bench", "suite", "deepbench", "--list", "--filter", "device/lstm");
    assertTrue(plain.out().contains("device/lstm-256-N1-T150"), plain.out());
  }
}
