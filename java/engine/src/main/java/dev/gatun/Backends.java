package dev.gatun;

import dev.gatun.backend.Backend;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.DeviceOutOfMemoryError;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentAlgorithms;
import dev.gatun.backend.cpu.CpuBackend;
import dev.gatun.backend.cpu.WarmUp;
import dev.gatun.backend.cuda.CudaBackend;
import dev.gatun.backend.cuda.CudaDevices;
import dev.gatun.backend.cuda.CudaOptions;
import dev.gatun.backend.reference.ReferenceBackend;
import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.LibraryUnavailableException;
import dev.gatun.bindings.NativeMemory;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Opens backends by name. */
public final class Backends {
  /** More than any machine has cores; far more would only be a slip of the finger. */
  public static final int MOST_THREADS = 1024;

  private static final String CPU = "cpu";
  private static final String REFERENCE = "reference";

  /** The first GPU; another one is {@code cuda:1} and so on. */
  private static final String CUDA = "cuda";

  private static final Pattern DEVICE = Pattern.compile(CUDA + "(?::(\\d{1,4}))?");

  private Backends() {}

  /** The names that {@link #open(String)} can open here: {@code cuda} only if a GPU is usable. */
  public static List<String> names() {
    return whyNoCuda() == null ? List.of(CPU, REFERENCE, CUDA) : List.of(CPU, REFERENCE);
  }

  /**
   * What keeps {@code cuda} from being opened, as one line with the remedy; null if nothing is
   * known to. Looks for the libraries on the first call.
   */
  public static @Nullable String whyNoCuda() {
    String missing = missingFlag();
    return missing == null ? CudaDevices.missing() : missing;
  }

  /**
   * Opens a backend with as many threads as the machine has processors.
   *
   * @param name one of {@link #names}, or {@code cuda:N} for a GPU by its number
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
   * @param name one of {@link #names}, or {@code cuda:N} for a GPU by its number
   * @param threads 1 to {@link #MOST_THREADS}; of the CPU backend, and of a GPU's optimizers on the
   *     host; the others have the caller's
   * @return a context that the caller closes
   * @throws IllegalArgumentException if there is no such backend, or for fewer threads or more
   * @throws BackendUnavailableException if the JVM was started without the two flags that Gatun
   *     needs, OpenBLAS cannot be loaded, {@code gatun.products} is no choice, or a GPU was asked
   *     for and its libraries or the device are not there
   */
  public static Backend open(String name, int threads) {
    return open(name, threads, Precision.FP32);
  }

  /** As {@link #open(String, int, Precision, DropoutMasks)}, with masks of our own. */
  public static Backend open(String name, int threads, Precision precision) {
    return open(name, threads, precision, DropoutMasks.GATUN);
  }

  /**
   * As {@link #open(String, int)}, with a precision of matrix products and recurrent stacks, and
   * who draws the dropout masks between their layers.
   *
   * @param precision on a GPU; {@code cpu} and {@code reference} take {@link Precision#FP32} only,
   *     their own
   * @param masks on a GPU; the others take {@link DropoutMasks#GATUN} only
   * @throws IllegalArgumentException also for another precision there, or other masks
   * @throws dev.gatun.backend.SettingException if a setting of a GPU's libraries is unknown
   * @throws BackendUnavailableException also if the device or cuDNN is too old for it
   */
  public static Backend open(String name, int threads, Precision precision, DropoutMasks masks) {
    return open(name, threads, precision, masks, RecurrentAlgorithms.STANDARD);
  }

  /**
   * As {@link #open(String, int, Precision, DropoutMasks)}, with how the algorithms of recurrent
   * stacks are found.
   *
   * @param algorithms on a GPU, unless the setting {@code gatun.cudnn.algorithm} says something;
   *     the others take {@link RecurrentAlgorithms#STANDARD} only
   * @throws IllegalArgumentException also for other algorithms there
   */
  public static Backend open(
      String name,
      int threads,
      Precision precision,
      DropoutMasks masks,
      RecurrentAlgorithms algorithms) {
    Objects.requireNonNull(precision, "precision");
    Objects.requireNonNull(algorithms, "algorithms");
    Objects.requireNonNull(masks, "masks");
    Objects.requireNonNull(name, "name");
    requireFlags();
    if (threads < 1 || threads > MOST_THREADS) {
      throw new IllegalArgumentException(
          "threads %d must be from 1 to %d".formatted(threads, MOST_THREADS));
    }
    boolean host = name.equals(CPU) || name.equals(REFERENCE);
    if (host && precision != Precision.FP32) {
      throw new IllegalArgumentException(
          "precision %s is for a GPU: the backend %s computes in %s; choose fp32, or cuda"
              .formatted(precision.label(), name, name.equals(CPU) ? "float32" : "float64"));
    }
    if (host && masks != DropoutMasks.GATUN) {
      throw new IllegalArgumentException(
          "dropout masks by %s are for a GPU: the backend %s has none; choose gatun, or cuda"
              .formatted(masks.label(), name));
    }
    if (host && algorithms != RecurrentAlgorithms.STANDARD) {
      throw new IllegalArgumentException(
          "recurrent algorithms are %s on a GPU: the backend %s has one; choose standard, or cuda"
              .formatted(algorithms.label(), name));
    }
    return switch (name) {
      case CPU -> openCpu(threads);
      case REFERENCE -> new ReferenceBackend();
      default -> openCuda(name, new CudaOptions(threads, precision, masks, false, algorithms));
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

  private static Backend openCuda(String name, CudaOptions options) {
    Matcher wanted = DEVICE.matcher(name);
    if (!wanted.matches()) {
      throw new IllegalArgumentException(
          "there is no backend \"%s\": choose one of cpu, reference, cuda, cuda:N".formatted(name));
    }
    String missing = CudaDevices.missing();
    if (missing != null) {
      throw new BackendUnavailableException(
          name + " cannot be opened: " + missing + " (gatun doctor shows where it was looked for)");
    }
    int device = wanted.group(1) == null ? 0 : Integer.parseInt(wanted.group(1));
    int devices = Cuda.probe().devices();
    if (device >= devices) {
      throw new BackendUnavailableException(
          "%s cannot be opened: this machine's devices are cuda:0 to cuda:%d"
              .formatted(name, devices - 1));
    }
    String failure = name + " cannot be opened: ";
    try {
      return new CudaBackend(name, device, options);
    } catch (DeviceOutOfMemoryError e) {
      throw new BackendUnavailableException(
          failure + e.facts() + "; end what else uses it, or choose another device", e);
    } catch (DeviceException | OutOfMemoryError e) {
      throw new BackendUnavailableException(failure + e.getMessage(), e);
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
