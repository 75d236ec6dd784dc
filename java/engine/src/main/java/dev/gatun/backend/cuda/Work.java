package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.tensor.Usage;

/**
 * A piece of work that a context is asked for, from {@link #enter} to {@link #close}: it keeps the
 * context open, and is for one thread at a time, or calls would mix with another's.
 */
final class Work implements AutoCloseable {
  private final Usage usage;
  private final CudaContext context;

  /**
   * Work of a context, one object for all of it.
   *
   * @param what the backend, for messages
   * @param open what keeps it open
   */
  Work(String what, Usage open, CudaContext context) {
    usage = Usage.exclusive(what, open);
    this.context = context;
  }

  /** What recurrent stacks enter in its place. */
  Usage usage() {
    return usage;
  }

  /**
   * Begins.
   *
   * @throws IllegalStateException if another thread is at work or the context has been closed
   */
  Work enter() {
    usage.enter();
    try {
      context.enter();
      return this;
    } catch (DeviceException e) {
      usage.exit();
      throw e;
    }
  }

  @Override
  public void close() {
    usage.exit();
  }
}
