package dev.gatun.bench.peers;

/** Single steps of one sequence, the state kept. */
interface Stream extends AutoCloseable {
  /**
   * One step.
   *
   * @param x [C], read
   * @param y [out], overwritten
   */
  void step(float[] x, float[] y);

  @Override
  void close();
}
