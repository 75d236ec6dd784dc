package dev.gatun.bench.peers;

/**
 * How often and how long each engine is timed.
 *
 * @param rounds for whole sequences, one JVM each; with 0 for both nothing is timed
 * @param streamRounds for streams
 * @param warmup seconds in each JVM before measuring
 * @param seconds to measure in each JVM
 */
record Pace(int rounds, int streamRounds, double warmup, double seconds) {
  /** For published figures. Vector code is at full speed some four seconds after a start. */
  static final Pace PUBLISHED = new Pace(3, 5, 4, 2);

  /** To see where things stand, some six seconds an engine; our own compilers may not be done. */
  static final Pace QUICK = new Pace(1, 1, 3, 0.5);

  Pace {
    if (rounds < 0 || streamRounds < 0 || !(warmup > 0) || !(seconds > 0)) {
      throw new IllegalArgumentException(
          "--forks %d, --warmup %s, --seconds %s: give at least 0 forks and more than 0 seconds"
              .formatted(Math.min(rounds, streamRounds), warmup, seconds));
    }
  }

  /** The rounds of a work. */
  int rounds(Work work) {
    return work.kind() == Work.Kind.STREAM ? streamRounds : rounds;
  }
}
