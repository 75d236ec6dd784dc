package dev.gatun.bench.peers;

import dev.gatun.bench.StackData;

/** An engine of this process with a fixed number of threads. For one thread at a time. */
interface Engine {
  /**
   * Prepares a stack over whole sequences.
   *
   * @param train for {@link Stack#run} to be forward and backward, else forward
   */
  Stack stack(StackData data, boolean train);

  /** Prepares single steps of one sequence from a zero state. */
  Stream stream(StackData data);

  /** The code that the engine's products run on in this process. */
  String core();

  /** The threads that the engine says it uses. */
  int threads();
}
