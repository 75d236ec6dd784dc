package dev.gatun.bench.peers;

import dev.gatun.app.bench.Bench;
import dev.gatun.app.bench.Machine;
import dev.gatun.backend.RecurrentSpec;
import java.io.IOException;
import java.util.List;

/**
 * What this machine does at best, measured as {@code gatun bench} does.
 *
 * @param gflops fused multiply-adds in float32
 * @param gigabytesPerSecond reading from memory
 */
record Roof(double gflops, double gigabytesPerSecond) {
  /** Backward has two products for each of forward's. */
  private static final int TRAINING = 3;

  /**
   * Measures in this process, and prints both figures in one line.
   *
   * @param args threads
   */
  public static void main(String... args) {
    int threads = Integer.parseInt(args[0]);
    System.out.println(Machine.gflops(threads) + " " + Machine.gigabytesPerSecond(threads));
  }

  /**
   * Measures in a process of its own.
   *
   * @throws IllegalStateException if it fails
   */
  static Roof of(int threads) throws IOException {
    List<String> lines =
        ForkedJvm.run(Peer.GATUN, Roof.class, List.of(String.valueOf(threads))).lines().toList();
    String[] figures = lines.getLast().split(" ", -1);
    return new Roof(Double.parseDouble(figures[0]), Double.parseDouble(figures[1]));
  }

  /** Operations of a work, of a stream those of one step. */
  static double flops(Work work) {
    return passes(work) * Bench.flops(work.spec(), time(work), work.batch());
  }

  /** The share of the peak that a work reaches. */
  double percentOfPeak(Work work, double nanos) {
    return 100 * flops(work) / nanos / gflops;
  }

  /**
   * The share of the smaller of the peak and what reading from memory allows. Of a stream it says
   * nothing: its weights stay in a cache.
   */
  double percentOfRoof(Work work, double nanos) {
    RecurrentSpec spec = work.spec();
    double bytes = passes(work) * Bench.bytes(spec, time(work), work.batch());
    double reached = flops(work) / nanos;
    return 100 * reached / Math.min(gflops, flops(work) / bytes * gigabytesPerSecond);
  }

  private static int passes(Work work) {
    return work.kind() == Work.Kind.TRAIN ? TRAINING : 1;
  }

  private static int time(Work work) {
    return work.kind() == Work.Kind.STREAM ? 1 : work.time();
  }
}
