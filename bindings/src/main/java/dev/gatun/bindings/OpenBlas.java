package dev.gatun.bindings;

import dev.gatun.bindings.generated.openblas.cblas_h;
import java.lang.invoke.MethodHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds, checks and loads OpenBLAS, once per process. {@link #require} must have returned before
 * the first call of a function of {@link cblas_h}.
 *
 * <p>Search order; each step can be forced by a system property or the environment variable beside
 * it, and a forced step that fails is an error, never a silent fall back to the next:
 *
 * <ol>
 *   <li>{@code gatun.openblas.path}, {@code GATUN_OPENBLAS_PATH}: this file.
 *   <li>{@code gatun.openblas}, {@code GATUN_OPENBLAS} = {@code system}: the system's library, from
 *       {@code LD_LIBRARY_PATH} (or its like) and the usual folders.
 *   <li>otherwise, or {@code bundled}: the carrier jar, unpacked into {@code gatun.cache}, {@code
 *       GATUN_CACHE}, else {@code gatun} in the user's cache folder.
 * </ol>
 *
 * <p>OpenBLAS runs one thread: the engine divides work by shape and runs its own threads over it,
 * which is what makes results independent of the number of threads.
 */
public final class OpenBlas {
  private static @Nullable LibraryStatus status;
  private static List<String> warnings = List.of();

  private OpenBlas() {}

  /** Loads the library on the first call; every later call returns the same answer. */
  public static synchronized LibraryStatus status() {
    @Nullable LibraryStatus known = status;
    if (known == null) {
      OpenBlasLoader loader = new OpenBlasLoader();
      known = loader.load();
      warnings = loader.warnings();
      status = known;
    }
    return known;
  }

  /**
   * Loads the library on the first call.
   *
   * @throws LibraryUnavailableException when it cannot be used, with the reason and the remedy
   */
  public static void require() {
    LibraryStatus known = status();
    if (!known.available()) {
      throw new LibraryUnavailableException(known);
    }
  }

  /** The kernels chosen for this CPU, such as {@code SkylakeX}; part of a result's provenance. */
  public static String core() {
    require();
    return cblas_h.openblas_get_corename().getString(0);
  }

  /** Version and build options in the library's own words. */
  public static String config() {
    require();
    return cblas_h.openblas_get_config().getString(0).strip();
  }

  /**
   * {@link cblas_h#cblas_sgemm} with every pointer given as a {@code long}, the address: {@code
   * (int, int, int, int, int, int, float, long, int, long, int, float, long, int)void}.
   */
  public static MethodHandle sgemm() {
    return Linked.SGEMM;
  }

  private static final class Linked {
    static final MethodHandle SGEMM =
        ByAddress.link(cblas_h.cblas_sgemm$address(), cblas_h.cblas_sgemm$descriptor());
  }

  /** What a user should know about settings that slow the library down or are overridden. */
  public static synchronized List<String> warnings() {
    status();
    return warnings;
  }
}
