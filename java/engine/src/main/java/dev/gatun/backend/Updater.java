package dev.gatun.backend;

/** A compiled update of parameters, for one thread at a time. */
public interface Updater extends AutoCloseable {
  /**
   * One fused pass: applies the rule to factor * gradient, with rate and penalty of each part, and
   * zeroes the gradients of all parts; if {@link Control#NON_FINITE} is not -1 it only zeroes them.
   * Elements of no part stay as they are. Allocates nothing and waits for nothing.
   */
  void step();

  /** Frees its tables; what it works on stays the caller's. */
  @Override
  void close();
}
