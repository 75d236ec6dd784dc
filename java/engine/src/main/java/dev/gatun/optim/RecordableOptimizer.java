package dev.gatun.optim;

/**
 * An optimizer whose step has two halves, so that a recording can repeat the second ({@link
 * dev.gatun.backend.Backend#record}): everything that changes from step to step is set by the first
 * or lies in the backend's memory.
 */
public interface RecordableOptimizer extends Optimizer {
  /** Whether {@link #update} asks nothing but its parameters' backend, and never waits for it. */
  boolean recordable();

  /**
   * Sets the rate of the updates to come.
   *
   * @param rate finite and at least 0
   */
  void rate(double rate);

  /** {@link #step} at the rate that was set last. */
  void update();

  @Override
  default void step(double rate) {
    rate(rate);
    update();
  }
}
