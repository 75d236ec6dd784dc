package dev.gatun;

import dev.gatun.backend.Backend;
import dev.gatun.backend.cpu.CpuBackend;
import dev.gatun.backend.cpu.WarmUp;
import dev.gatun.backend.reference.ReferenceBackend;
import dev.gatun.bindings.LibraryUnavailableException;
import dev.gatun.bindings.NativeMemory;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Opens backends by name. */
public final class Backends {
  /** More than any machine has cores; far more would only be a slip of the finger. */
  public static final int MOST_THREADS = 1024;

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
   * @throws BackendUnavailableException as {@link #open(String, int)}
   */
  public static Backend open(String name) {
    return open(name, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Opens a backend.
   *
   * @param name one of {@link #names}
   * @param threads 1 to {@link #MOST_THREADS}; the reference always runs on the caller's thread
   * @return a context that the caller closes
   * @throws IllegalArgumentException if there is no such backend, or for fewer threads or more
   * @throws BackendUnavailableException if the JVM was started without the two flags that Gatun
   *     needs, OpenBLAS cannot be loaded, or {@code gatun.products} is no choice
   */
  public static Backend open(String name, int threads) {
    Objects.requireNonNull(name, "name");
    requireFlags();
    if (threads < 1 || threads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "threads %d must be from 1 to %d".formatted(threads, MOST_THREADS));
    }
    return switch (name) {
      case CPU -> openCpu(threads);
      case REFERENCE -> new ReferenceBackend();
      default ->
          throw new IllegalArgumentException(
              "there is no backend \"%s\": choose one of %s"
                  .formatted(name, String.join(", ", names())));
    };
  }

  /**
   * Starts to have the kernels of training on the CPU compiled, on a thread of its own that ends
   * within seconds; returns at once. Plans start it too: worth a call at the very start of a
   * process that has something else to do first. It changes no result, and does nothing where
   * {@link #open(String)} would miss a flag.
   */
  public static void warmUp() {
    if (missingFlag() == null) {
      WarmUp.start();
    }
  }

  /** What the bindings throw has a name that other modules cannot see. */
  private static Backend openCpu(int threads) {
    try {
      return new CpuBackend(threads);
    } catch (LibraryUnavailableException | IllegalArgumentException e) {
      throw new BackendUnavailableException(String.valueOf(e.getMessage()), e);
    }
  }

  /** One clear error instead of warnings first and a missing class later. */
  private static void requireFlags() {
    String missing = missingFlag();
    if (missing != null) {
      throw new BackendUnavailableException(missing);
    }
  }

  private static @Nullable String missingFlag() {
    Module bindings = NativeMemory.class.getModule();
    if (!bindings.isNativeAccessEnabled()) {
      return "Gatun calls native libraries: start the JVM with --enable-native-access="
          + (bindings.isNamed() ? bindings.getName() : "ALL-UNNAMED");
    }
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      return "Gatun computes with the Vector API: start the JVM with --add-modules"
          + " jdk.incubator.vector";
    }
    return null;
  }
}
