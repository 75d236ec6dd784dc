package dev.gatun.bench.peers;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
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
 * @param forks rounds
 * @param warmup seconds in each fork before measuring
 * @param seconds to measure in each fork
 */
record Comparison(
    List<Peer> peers,
    List<Work> works,
    List<Integer> threads,
    int forks,
    double warmup,
    double seconds) {
  private static final int WARMUPS = 3;

  Comparison {
    if (forks < 1 || !(warmup > 0) || !(seconds > 0)) {
      throw new IllegalArgumentException(
          "%d forks, %s s to warm up, %s s to measure: give more than 0"
              .formatted(forks, warmup, seconds));
    }
    peers = Stream.concat(Stream.of(Peer.GATUN), peers.stream()).distinct().sorted().toList();
  }

  /**
   * Checks, times and prints.
   *
   * @throws IllegalStateException if an engine fails or its results differ from ours
   */
  void run(PrintStream table) throws IOException {
    table.println("| case | threads | engine | median | p99 | its time / Gatun's | core | error |");
    table.println("|---|---|---|---|---|---|---|---|");
    for (int count : threads) {
      Map<Peer, Map<Work, Answers>> answers = new EnumMap<>(Peer.class);
      for (Peer peer : peers) {
        say(peer.title() + " computes each case, threads " + count);
        answers.put(peer, answers(peer, count));
      }
      for (Work work : works) {
        List<Peer> able = peers.stream().filter(peer -> peer.runs(work)).toList();
        Map<Peer, Double> errors = errors(work, able, answers);
        Map<Peer, Times> times = time(work, count, able);
        for (Peer peer : able) {
          Answers answer = answer(answers, peer, work);
          table.println(row(work, peer, answer, times, errors));
        }
        table.flush();
      }
    }
  }

  private Map<Work, Answers> answers(Peer peer, int count) throws IOException {
    List<Work> able = works.stream().filter(peer::runs).toList();
    return able.isEmpty() ? Map.of() : Answers.of(peer, count, able, 0);
  }

  private static Answers answer(Map<Peer, Map<Work, Answers>> answers, Peer peer, Work work) {
    return requireNonNull(requireNonNull(answers.get(peer)).get(work));
  }

  private static Map<Peer, Double> errors(
      Work work, List<Peer> able, Map<Peer, Map<Work, Answers>> answers) {
    Map<Peer, Double> errors = new EnumMap<>(Peer.class);
    for (Peer peer : able) {
      double error = answer(answers, peer, work).error(answer(answers, Peer.GATUN, work));
      if (!(error <= Answers.TOLERANCE)) {
        throw new IllegalStateException(
            "%s: %s and Gatun differ by %.2g".formatted(work, peer.title(), error));
      }
      errors.put(peer, error);
    }
    return errors;
  }

  /** Medians over the rounds. */
  private Map<Peer, Times> time(Work work, int count, List<Peer> able) {
    Map<Peer, List<Times>> rounds = new EnumMap<>(Peer.class);
    for (int round = 1; round <= forks; round++) {
      for (Peer peer : able) {
        Times times = fork(work, count, peer);
        say("%s, threads %d, round %d, %s: %s".formatted(work, count, round, peer.title(), times));
        rounds.computeIfAbsent(peer, p -> new ArrayList<>()).add(times);
      }
    }
    Map<Peer, Times> medians = new EnumMap<>(Peer.class);
    rounds.forEach((peer, all) -> medians.put(peer, Times.median(all)));
    return medians;
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
            .warmupTime(TimeValue.microseconds(Math.round(warmup / WARMUPS * 1e6)))
            .measurementIterations(1)
            .measurementTime(TimeValue.microseconds(Math.round(seconds * 1e6)))
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

  private static String row(
      Work work, Peer peer, Answers answer, Map<Peer, Times> times, Map<Peer, Double> errors) {
    Times own = requireNonNull(times.get(peer));
    Times ours = requireNonNull(times.get(Peer.GATUN));
    return String.format(
        Locale.ROOT,
        "| %s | %d | %s | %s | %s | %s | %s | %s |",
        work,
        answer.threads(),
        peer.title(),
        Times.text(own.median()),
        Times.text(own.p99()),
        peer == Peer.GATUN ? "" : String.format(Locale.ROOT, "%.2f", own.median() / ours.median()),
        answer.core(),
        peer == Peer.GATUN ? "" : String.format(Locale.ROOT, "%.0e", errors.get(peer)));
  }

  private static void say(String line) {
    System.err.println(line);
  }

  /**
   * Times of single runs.
   *
   * @param median in nanoseconds
   * @param p99 in nanoseconds
   */
  private record Times(double median, double p99) {
    static Times median(List<Times> rounds) {
      return new Times(
          middle(rounds.stream().mapToDouble(Times::median).sorted().toArray()),
          middle(rounds.stream().mapToDouble(Times::p99).sorted().toArray()));
    }

    private static double middle(double[] sorted) {
      return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    static String text(double nanos) {
      return nanos < 1e6
          ? String.format(Locale.ROOT, "%.2f µs", nanos * 1e-3)
          : String.format(Locale.ROOT, "%.2f ms", nanos * 1e-6);
    }

    @Override
    public String toString() {
      return "median " + text(median) + ", p99 " + text(p99);
    }
  }
}
