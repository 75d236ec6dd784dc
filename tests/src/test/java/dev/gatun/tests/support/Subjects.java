package dev.gatun.tests.support;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.backend.WeightType;
import dev.gatun.backend.cuda.CudaBackend;
import dev.gatun.backend.cuda.CudaOptions;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The backends that the suites hold against their contract. */
public final class Subjects {
  /** The GPU backend whose recurrent stacks run without cuDNN; not one of {@link #names}. */
  public static final String OWN_CELLS = "cuda, own cells";

  private static final String OWN = ", own cells";

  /** Suites have gradients of 1 to 100, which the first loss scale would drive out of range. */
  private static final double SMALL_SCALE = 128;

  private Subjects() {}

  /**
   * A GPU in each precision but float32, with cuDNN's stacks and with ours; for {@link #open},
   * which starts half precision with a small loss scale.
   */
  public static List<String> precise() {
    List<String> names = new ArrayList<>();
    for (Precision precision : List.of(Precision.TF32, Precision.FP16, Precision.BF16)) {
      names.add("cuda " + precision.label());
      names.add("cuda " + precision.label() + OWN);
    }
    return names;
  }

  private static Backend openPrecise(String name, int threads) {
    String label = name.replace(OWN, "").substring("cuda ".length());
    Precision precision = Precision.valueOf(label.toUpperCase(Locale.ROOT));
    Backend opened =
        new CudaBackend(
            name, 0, new CudaOptions(threads, precision, DropoutMasks.GATUN, name.endsWith(OWN)));
    Tensor scale = opened.state().get("loss_scale");
    if (scale != null) {
      Host.write(opened, scale, SMALL_SCALE, 0);
    }
    return opened;
  }

  /**
   * Those that can be opened here, and the reference with memory that the host cannot read; in the
   * run on the CUDA double and in that on a device only what those are for.
   */
  public static List<String> names() {
    if (System.getProperty("gatun.cuda.double") != null || Boolean.getBoolean("gatun.device")) {
      return List.of("cuda");
    }
    String only = System.getProperty("gatun.tests.backend"); // by MutationTest
    if (only != null) {
      return List.of(only);
    }
    List<String> names = new ArrayList<>(Backends.names());
    names.add(FarBackend.NAME);
    return names;
  }

  /** Opens one of {@link #names} with as many threads as there are processors. */
  public static Backend open(String name) {
    return open(name, Runtime.getRuntime().availableProcessors());
  }

  /** Opens one of {@link #names} or {@link #precise}, or {@link #OWN_CELLS}. */
  public static Backend open(String name, int threads) {
    if (name.startsWith("cuda ")) {
      return openPrecise(name, threads);
    }
    return switch (name) {
      case FarBackend.NAME -> new FarBackend(Backends.open("reference", threads));
      case OWN_CELLS ->
          new CudaBackend(
              OWN_CELLS, 0, new CudaOptions(threads, Precision.FP32, DropoutMasks.GATUN, true));
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
