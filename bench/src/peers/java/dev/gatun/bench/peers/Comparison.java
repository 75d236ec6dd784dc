package dev.gatun.bench.peers;

import static java.util.Objects.requireNonNull;

import dev.gatun.bench.peers.Row.Agreed;
import dev.gatun.bench.peers.Row.Timed;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.util.Statistics;

/**
 * Every engine first computes each work, and the results have to agree with ours; then they are
 * timed in turn, round by round, one JMH fork of each.
 *
 * @param peers engines to compare with
 * @param works what is timed
 * @param threads of each engine, one table row each
 * @param pace how often and how long
 */
record Comparison(List<Peer> peers, List<Work> works, List<Integer> threads, Pace pace) {
  private static final int WARMUPS = 3;

  Comparison {
    for (int count : threads) {
      if (count < 1) {
        throw new IllegalArgumentException("--threads %d: give at least 1".formatted(count));
      }
    }
    peers = Stream.concat(Stream.of(Peer.GATUN), peers.stream()).distinct().sorted().toList();
  }

  /**
   * Checks, times and reports.
   *
   * @throws IllegalStateException if an engine fails or its results differ from ours
   */
  void run(Report report) throws IOException {
    Map<Integer, Map<Work, Map<Peer, Agreed>>> agreed = new LinkedHashMap<>();
    for (int count : threads) {
      agreed.put(count, agree(count));
    }
    Map<Integer, Roof> roofs = new LinkedHashMap<>();
    if (works.stream().anyMatch(work -> pace.rounds(work) > 0)) {
      for (int count : threads) {
        roofs.put(count, Roof.of(count));
      }
    }
    report.begin(roofs);
    for (int count : threads) {
      for (Map.Entry<Work, Map<Peer, Agreed>> entry :
          requireNonNull(agreed.get(count)).entrySet()) {
        report.add(rows(entry.getKey(), count, entry.getValue(), roofs.get(count)));
      }
    }
  }

  private List<Row> rows(Work work, int count, Map<Peer, Agreed> engines, @Nullable Roof roof) {
    Map<Peer, Times> all = time(work, count, engines.keySet());
    List<Row> rows = new ArrayList<>();
    engines.forEach(
        (peer, agreement) -> {
          Times own = all.get(peer);
          Timed timed = null;
          if (own != null && roof != null) {
            double ratio = own.median() / requireNonNull(all.get(Peer.GATUN)).median();
            timed = new Timed(own, pace.rounds(work), ratio, roof);
          }
          rows.add(new Row(work, peer, agreement, timed));
        });
    return rows;
  }

  /** Every engine computes each case before any is timed; an engine's numbers are then let go. */
  private Map<Work, Map<Peer, Agreed>> agree(int count) throws IOException {
    Map<Work, Map<Peer, Agreed>> agreed = new LinkedHashMap<>();
    works.forEach(work -> agreed.put(work, new EnumMap<>(Peer.class)));
    Map<Work, Answers> ours = Map.of();
    for (Peer peer : peers) {
      say(peer.title() + " computes each case, threads " + count);
      List<Work> able = works.stream().filter(peer::runs).toList();
      Map<Work, Answers> answers = able.isEmpty() ? Map.of() : Answers.of(peer, count, able, 0);
      if (peer == Peer.GATUN) {
        ours = answers;
      }
      for (Work work : able) {
        Answers answer = requireNonNull(answers.get(work));
        double error = answer.error(requireNonNull(ours.get(work)));
        if (!(error <= peer.tolerance())) {
          throw new IllegalStateException(
              "%s, threads %d: %s and Gatun differ by %.2g"
                  .formatted(work, count, peer.title(), error));
        }
        requireNonNull(agreed.get(work))
            .put(peer, new Agreed(answer.core(), answer.threads(), error));
      }
    }
    return agreed;
  }

  /** Medians over the rounds; of streams, whose steps take microseconds, the best. */
  private Map<Peer, Times> time(Work work, int count, Set<Peer> able) {
    Map<Peer, List<Times>> rounds = new EnumMap<>(Peer.class);
    for (int round = 1; round <= pace.rounds(work); round++) {
      for (Peer peer : able) {
        Times times = fork(work, count, peer);
        say("%s, threads %d, round %d, %s: %s".formatted(work, count, round, peer.title(), times));
        rounds.computeIfAbsent(peer, p -> new ArrayList<>()).add(times);
      }
    }
    boolean stream = work.kind() == Work.Kind.STREAM;
    Map<Peer, Times> times = new EnumMap<>(Peer.class);
    rounds.forEach((peer, all) -> times.put(peer, stream ? Times.best(all) : Times.median(all)));
    return times;
  }

  private Times fork(Work work, int count, Peer peer) {
    // JMH gives its forks this process's class path as it is named here.
    System.setProperty("java.class.path", ForkedJvm.classPath(peer));
    Path log = ForkedJvm.file("jmh.log");
    Options options =
        new OptionsBuilder()
            .include("^" + PeerBenchmark.class.getName().replace(".", "\\.") + "\\.run$")
            .param("peer", peer.name())
            .param("threads", String.valueOf(count))
            .param("work", work.toString())
            .forks(1)
            .jvmArgs(ForkedJvm.flags().toArray(String[]::new))
            .warmupIterations(WARMUPS)
            .warmupTime(TimeValue.microseconds(Math.round(pace.warmup() / WARMUPS * 1e6)))
            .measurementIterations(1)
            .measurementTime(TimeValue.microseconds(Math.round(pace.seconds() * 1e6)))
            .shouldFailOnError(true)
            .output(log.toString())
            .build();
    try {
      RunResult result = new Runner(options).runSingle();
      Statistics nanos = result.getPrimaryResult().getStatistics();
      return new Times(nanos.getPercentile(50), nanos.getPercentile(99));
    } catch (RunnerException e) {
      throw new IllegalStateException(
          "%s, %s: %s; see %s".formatted(work, peer.title(), e.getMessage(), log), e);
    }
  }

  private static void say(String line) {
    System.err.println(line);
  }
}
