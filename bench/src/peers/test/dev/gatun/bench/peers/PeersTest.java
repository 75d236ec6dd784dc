package dev.gatun.bench.peers;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
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

  private static void assertEach(Map<Work, Answers> answers, List<Work> works, boolean agree) {
    List<Executable> all = new ArrayList<>();
    for (Work work : works) {
      Answers expected = Objects.requireNonNull(ours.get(work));
      all.add(
          () -> {
            double error = Objects.requireNonNull(answers.get(work)).error(expected);
            assertEquals(agree, error <= Answers.TOLERANCE, () -> work + ": error " + error);
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
    assertEach(answers, works, true);
    answers.values().forEach(answer -> assertEquals(1, answer.threads()));
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "GATUN")
  void agreesOnTwoThreads(Peer peer) throws IOException {
    List<Work> works = able(peer);
    Map<Work, Answers> answers = Answers.of(peer, 2, works, 0);
    assertEach(answers, works, true);
    answers.values().forEach(answer -> assertEquals(2, answer.threads()));
  }

  /** One weight of one layer that differs must be seen in every case, or nothing is compared. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "GATUN")
  void differsByOneWeight(Peer peer) throws IOException {
    List<Work> works = able(peer);
    assertEach(Answers.of(peer, 1, works, PERTURBATION), works, false);
  }

  @Test
  void runsWithoutSettingsOfTheEnvironment() {
    Map<String, String> environment =
        new HashMap<>(
            Map.of("OPENBLAS_CORETYPE", "x", "MKL_DYNAMIC", "x", "OMP_NUM_THREADS", "x", "A", "x"));
    ForkedJvm.clean(environment);
    assertEquals(Map.of("A", "x"), environment);
  }

  /** A hundredth of a second each: that all engines come through JMH, not how fast. */
  @Test
  void printsOneTable() throws IOException {
    String printed =
        ForkedJvm.run(
            Peer.GATUN,
            Compare.class,
            List.of(
                "--forks=1",
                "--warmup=0.03",
                "--seconds=0.01",
                "--threads=1",
                "--case=lstm L1 N3 T5 C7 H11 infer",
                "--case=lstm L1 N1 T5 C7 H11 stream"));
    for (Peer peer : Peer.values()) {
      for (String kind : List.of("infer", "stream")) {
        String row = "(?s).*\\| lstm [^|]* " + kind + " \\| 1 \\| " + peer.title() + " \\| \\d+.*";
        assertTrue(printed.matches(row), printed);
      }
    }
  }
}
