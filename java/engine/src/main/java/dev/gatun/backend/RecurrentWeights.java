package dev.gatun.backend;

/**
 * The weights of a stack as a backend reads them in inference, as they were when they were packed.
 * Never written again: any number of stacks read them, each on its own thread. To be closed after
 * the stacks.
 */
public interface RecurrentWeights extends AutoCloseable {
  /** The stack they belong to. */
  RecurrentSpec spec();

  /** How the matrices are kept. */
  WeightType type();

  /** The bytes they take. */
  long bytes();

  @Override
  void close();
}
