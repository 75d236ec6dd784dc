package dev.gatun.bench.peers;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each peer computes each small case once and has to agree with us; then the command runs. */
class PeersTest {
  /** Of the size of the weights, of which each unit sums some twenty. */
  private static final float PERTURBATION = 0.5f;

  private static Map<Work, Answers> ours = Map.of();

  @BeforeAll
  static void askOurselves() throws IOException {
    ours = Answers.of(Peer.GATUN, 1, Works.small(), 0);
  }

  private static List<Work> able(Peer peer) {
    return Works.small().stream().filter(peer::runs).toList();
  }

  private static void assertEach(Peer peer, Map<Work, Answers> answers, boolean agree) {
    List<Executable> all = new ArrayList<>();
    for (Work work : able(peer)) {
      Answers expected = Objects.requireNonNull(ours.get(work));
      all.add(
          () -> {
            double error = Objects.requireNonNull(answers.get(work)).error(expected);
            assertEquals(agree, error <= peer.tolerance(), () -> work + ": error " + error);
          });
    }
    assertAll(all);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "GATUN")
  void agrees(Peer peer) throws IOException {
    List<Work> works = able(peer);
    assertFalse(works.isEmpty());
    Map<Work, Answers> answers = Answers.of(peer, 1, works, 0);
    assertEach(peer, answers, true);
    answers.values().forEach(answer -> assertEquals(1, answer.threads()));
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "GATUN")
  void agreesOnTwoThreads(Peer peer) throws IOException {
    Map<Work, Answers> answers = Answers.of(peer, 2, able(peer), 0);
    assertEach(peer, answers, true);
    answers.values().forEach(answer -> assertEquals(2, answer.threads()));
  }

  /** One weight of one layer that differs must be seen in every case, or nothing is compared. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "GATUN")
  void differsByOneWeight(Peer peer) throws IOException {
    assertEach(peer, Answers.of(peer, 1, able(peer), PERTURBATION), false);
  }

  @Test
  void runsWithoutSettingsOfTheEnvironment() {
    Map<String, String> environment =
        new HashMap<>(
            Map.of("OPENBLAS_CORETYPE", "x", "MKL_DYNAMIC", "x", "OMP_NUM_THREADS", "x", "A", "x"));
    ForkedJvm.clean(environment);
    assertEquals(Map.of("A", "x"), environment);
  }

  /** Else a table's rows of rounded weights would show the float32 session's times. */
  @ParameterizedTest
  @EnumSource(names = {"GATUN_BF16", "GATUN_INT8"})
  void roundsWeights(Peer peer) throws IOException {
    for (Map.Entry<Work, Answers> entry : Answers.of(peer, 1, able(peer), 0).entrySet()) {
      double error = entry.getValue().error(Objects.requireNonNull(ours.get(entry.getKey())));
      assertTrue(error > 10 * Peer.GATUN.tolerance(), () -> entry.getKey() + ": error " + error);
    }
  }

  /** A hundredth of a second each: that all engines come through JMH, not how fast. */
  @Test
  void printsOneTable(@TempDir Path folder) throws IOException {
    Path csv = folder.resolve("table.csv");
    Path json = folder.resolve("table.json");
    String printed =
        ForkedJvm.run(
            Peer.GATUN,
            Compare.class,
            List.of(
                "--forks=1",
                "--warmup=0.03",
                "--seconds=0.01",
                "--threads=1",
                "--csv=" + csv,
                "--json=" + json,
                "--case=lstm L1 N3 T5 C7 H11 infer",
                "--case=lstm L1 N1 T5 C7 H11 stream"));
    List<Json> results = Json.parse(Files.readString(json)).asObject().get("results").asList();
    List<String> lines = Files.readAllLines(csv);
    assertEquals(lines.size(), results.size() + 1);
    int next = 0;
    for (String kind : List.of("infer", "stream")) {
      for (Peer peer : Peer.values()) {
        String row = "(?s).*\\| lstm [^|]* " + kind + " \\| 1 \\| " + peer.title() + " \\| \\d+.*";
        boolean runs = kind.equals("stream") || peer == Peer.GATUN || !peer.ours();
        assertEquals(runs, printed.matches(row), printed);
        if (runs) {
          Json.Members result = results.get(next).asObject();
          next++;
          assertEquals(peer.title(), result.get("engine").asText());
          assertTrue(result.get("percent_of_peak").asDouble() > 0, printed);
          assertTrue(lines.get(next).contains(peer.title()), lines.get(next));
        }
      }
    }
    assertEquals(results.size(), next);
  }

  @Test
  void namesAFileThatCannotBeWritten() {
    IllegalStateException failed =
        assertThrows(
            IllegalStateException.class,
            () -> ForkedJvm.run(Peer.GATUN, Compare.class, List.of("--csv=/no/such/folder/t.csv")));
    String printed = String.valueOf(failed.getMessage());
    assertTrue(printed.contains("exit status 2"), printed);
    assertTrue(printed.contains("there is no folder /no/such/folder"), printed);
  }
}
