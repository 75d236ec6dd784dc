package dev.gatun.backend;

/** Work of {@link Backend#record}, to be asked for any number of times. */
public interface Recording extends AutoCloseable {
  /**
   * Asks the backend for the work once more, on the thread that works with it.
   *
   * @throws IllegalStateException if this or the backend has been closed
   */
  void run();

  /** Frees it; what it works on stays. */
  @Override
  void close();
}
