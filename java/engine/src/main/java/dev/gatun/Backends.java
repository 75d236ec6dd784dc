package dev.gatun;

import dev.gatun.backend.Backend;
import dev.gatun.backend.cpu.CpuBackend;
import dev.gatun.backend.reference.ReferenceBackend;
import java.util.List;

/** Opens backends by name. */
public final class Backends {
  private static final String CPU = "cpu";
  private static final String REFERENCE = "reference";

  private Backends() {}

  /** The names that {@link #open(String)} knows. */
  public static List<String> names() {
    return List.of(CPU, REFERENCE);
  }

  /**
   * Opens a backend with as many threads as the machine has processors.
   *
   * @param name one of {@link #names}
   * @return a context that the caller closes
   * @throws IllegalArgumentException if there is no such backend
   */
  public static Backend open(String name) {
    return open(name, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Opens a backend.
   *
   * @param name one of {@link #names}
   * @param threads at least 1; the reference always runs on the caller's thread
   * @return a context that the caller closes
   * @throws IllegalArgumentException if there is no such backend, or for fewer threads
   */
  public static Backend open(String name, int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads " + threads + " must be at least 1");
    }
    return switch (name) {
      case CPU -> new CpuBackend(threads);
      case REFERENCE -> new ReferenceBackend();
      default ->
          throw new IllegalArgumentException(
              "there is no backend \"%s\": choose one of %s"
                  .formatted(name, String.join(", ", names())));
    };
  }
}
