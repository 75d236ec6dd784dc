package dev.gatun.tests.support;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import java.util.ArrayList;
import java.util.List;

/** The backends that the suites hold against their contract. */
public final class Subjects {
  private Subjects() {}

  /**
   * Those that can be opened here, and the reference with memory that the host cannot read; in the
   * run on the CUDA double only what that is for.
   */
  public static List<String> names() {
    if (System.getProperty("gatun.cuda.double") != null) {
      return List.of("cuda");
    }
    List<String> names = new ArrayList<>(Backends.names());
    names.add(FarBackend.NAME);
    return names;
  }

  /** Opens one of {@link #names} with as many threads as there are processors. */
  public static Backend open(String name) {
    return open(name, Runtime.getRuntime().availableProcessors());
  }

  /** Opens one of {@link #names}. */
  public static Backend open(String name, int threads) {
    return name.equals(FarBackend.NAME)
        ? new FarBackend(Backends.open("reference", threads))
        : Backends.open(name, threads);
  }
}
