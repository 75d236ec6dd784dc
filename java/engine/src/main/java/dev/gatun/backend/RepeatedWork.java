package dev.gatun.backend;

import dev.gatun.tensor.Usage;
import java.util.Objects;

/** The recording of a backend without graphs: the work itself, done again each time. */
final class RepeatedWork implements Recording {
  private final Runnable work;
  private final Usage usage;

  RepeatedWork(Usage backend, Runnable work) {
    this.work = Objects.requireNonNull(work, "work");
    usage = new Usage("the recording", backend);
  }

  @Override
  public void run() {
    usage.enter();
    try {
      work.run();
    } finally {
      usage.exit();
    }
  }

  @Override
  public void close() {
    usage.close();
  }
}
