package dev.gatun.tests.support;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.backend.cuda.CudaBackend;
import java.util.ArrayList;
import java.util.List;

/** The backends that the suites hold against their contract. */
public final class Subjects {
  /** The GPU backend whose recurrent stacks run without cuDNN; not one of {@link #names}. */
  public static final String OWN_CELLS = "cuda, own cells";

  private Subjects() {}

  /**
   * Those that can be opened here, and the reference with memory that the host cannot read; in the
   * run on the CUDA double and in that on a device only what those are for.
   */
  public static List<String> names() {
    if (System.getProperty("gatun.cuda.double") != null || Boolean.getBoolean("gatun.device")) {
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

  /** Opens one of {@link #names}, or {@link #OWN_CELLS}. */
  public static Backend open(String name, int threads) {
    return switch (name) {
      case FarBackend.NAME -> new FarBackend(Backends.open("reference", threads));
      case OWN_CELLS -> new CudaBackend(OWN_CELLS, 0, threads, true);
      default -> Backends.open(name, threads);
    };
  }

  /** How a backend can keep the packed weights of a stack. */
  public static List<WeightType> weightTypes(Backend backend) {
    return backend.name().startsWith("cuda")
        ? List.of(WeightType.FLOAT32)
        : List.of(WeightType.values());
  }
}
