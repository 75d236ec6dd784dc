package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gatun diagnose} on runs that were made to fail in a known way. */
class DiagnosedRunsTest {
  private static final String LABELS =
      """
      data: {type: strings, path: labels.csv, string: string, label: label, kmer: 1}
      model: {cell: gru, embedding: 4, hidden: 8}
      train: {epochs: 8, batch: 20, rate: 0.01, seed: 3}
      """;

  @TempDir Path folder;

  /** Letters that say nothing of their class, which is "one" in four of five. */
  @BeforeEach
  void chance() throws Exception {
    StringBuilder csv = new StringBuilder("string,label\n");
    Random random = new Random(1);
    for (int i = 0; i < 120; i++) {
      for (int k = 0; k < 6; k++) {
        csv.append("ACGT".charAt(random.nextInt(4)));
      }
      csv.append(random.nextInt(10) < 8 ? ",one\n" : ",two\n");
    }
    Files.writeString(folder.resolve("labels.csv"), csv);
  }

  private record Finding(String verdict, String evidence, String advice) {}

  private List<Finding> findings(String yaml, String... settings) throws Exception {
    Path run = KeyRuns.train(folder, yaml, settings).run().path();
    Outcome outcome = InProcess.run("diagnose", run.toString(), "--json");
    assertEquals(0, outcome.status(), outcome.err());
    List<Finding> all = new ArrayList<>();
    for (Json item : Json.parse(outcome.out().strip()).asObject().get("findings").asList()) {
      Json.Members found = item.asObject();
      String advice =
          String.join("\n", found.get("advice").asList().stream().map(Json::asText).toList());
      all.add(new Finding(found.get("verdict").asText(), found.get("evidence").asText(), advice));
    }
    return all;
  }

  private static void assertFinding(
      List<Finding> all, String verdict, String evidence, String advice) {
    Finding found =
        all.stream()
            .filter(f -> f.verdict.equals(verdict))
            .findFirst()
            .orElseThrow(() -> new AssertionError(verdict + " is not in " + all));
    assertTrue(found.evidence.contains(evidence), found.toString());
    assertTrue(found.advice.contains(advice), found.toString());
  }

  @Test
  void aRateFarTooHigh() throws Exception {
    List<Finding> all =
        findings(Samples.SERIES, "train.optimizer.name=sgd", "train.rate=20", "train.steps=60");
    assertEquals("non-finite", all.getFirst().verdict, all + "");
    assertFinding(all, "non-finite", "skipped: the loss is not finite", "lower train.rate");
  }

  @Test
  void aRateThatIsTooHigh() throws Exception {
    List<Finding> all = findings(Samples.SERIES, "train.rate=3");
    assertFinding(all, "diverging", "training loss rose from", "lower train.rate");
  }

  @Test
  void aRateThatIsTooLow() throws Exception {
    for (String rate : List.of("1e-7", "1e-5", "1e-4")) {
      List<Finding> all = findings(Samples.SERIES, "train.rate=" + rate);
      assertEquals("rate-too-low", all.getFirst().verdict, all + "");
      assertFinding(all, "rate-too-low", "fell evenly from 0.99", "raise train.rate ten times");
    }
  }

  @Test
  void aNetworkThatLearnsByHeart() throws Exception {
    List<Finding> all =
        findings(
            LABELS,
            "data.validation=0.4",
            "model.hidden=32",
            "train.epochs=30",
            "train.rate=0.02",
            "train.patience=0");
    assertFinding(all, "overfitting", "while training loss went on falling", "train.patience");
  }

  @Test
  void unitsThatAreDead() throws Exception {
    List<Finding> all =
        findings(Samples.SERIES, "model.cell=relu", "train.rate=1", "train.watch_gradients=20");
    assertEquals("dead-units", all.getFirst().verdict, all + "");
    assertFinding(all, "dead-units", "layer rnn is exactly 0 since step", "leaky-relu");
  }

  @Test
  void aGradientThatDoesNotReachBack() throws Exception {
    List<Finding> all =
        findings(
            Samples.SERIES,
            "model.cell=tanh",
            "data.window=200",
            "data.season=0",
            "data.validation=30",
            "data.test=30",
            "train.epochs=6",
            "train.rate=0.002",
            "train.watch_gradients=20");
    assertFinding(all, "vanishing-gradients", "gradients vanish in rnn: dL/dh", "LSTM or a GRU");
  }

  @Test
  void oneClassForEverything() throws Exception {
    List<Finding> all = findings(LABELS, "data.validation=0.2", "train.epochs=6");
    assertFinding(all, "one-class", "one class of 2 gives", "train.class_weights: balanced");
    assertEquals("one-class", all.getFirst().verdict, all + "");
  }

  /** What has been learnt is none of these, and going on is no divergence near zero. */
  @Test
  void aRunThatLearns() throws Exception {
    List<Finding> all =
        findings(
            Samples.SERIES,
            "data.rows=90",
            "data.test=30",
            "data.validation=30",
            "model.hidden=64",
            "train.epochs=60",
            "data.season=0",
            "train.watch_gradients=50");
    assertTrue(
        all.stream()
            .map(Finding::verdict)
            .noneMatch(
                List.of(
                        "diverging",
                        "dead-units",
                        "one-class",
                        "rate-too-low",
                        "vanishing-gradients")
                    ::contains),
        all + "");
  }
}
