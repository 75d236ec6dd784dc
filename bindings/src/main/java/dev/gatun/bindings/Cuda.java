package dev.gatun.bindings;

import dev.gatun.bindings.generated.cublas.cublas_h;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Finds what an NVIDIA GPU needs: the CUDA runtime, cuDNN, cuBLAS and NVRTC.
 *
 * <p>Search order for each:
 *
 * <ol>
 *   <li>{@code gatun.cudart.path}, {@code gatun.cudnn.path}, {@code gatun.cublas.path}, {@code
 *       gatun.nvrtc.path} (or {@code GATUN_CUDART_PATH} and so on): this file, or this folder
 *       alone;
 *   <li>the folders of {@code LD_LIBRARY_PATH};
 *   <li>{@code lib64} and {@code lib} of {@code CUDA_HOME} and {@code CUDA_PATH}, then of {@code
 *       /usr/local/cuda*};
 *   <li>the system's library folders;
 *   <li>{@code CONDA_PREFIX/lib};
 *   <li>the {@code nvidia} packages of pip in {@code gatun.python.packages}, {@code
 *       GATUN_PYTHON_PACKAGES} (a site-packages folder), {@code VIRTUAL_ENV}, {@code CONDA_PREFIX},
 *       {@code ~/.local}, {@code /usr/local} and {@code /usr}.
 * </ol>
 */
public final class Cuda {
  private static @Nullable Probe probe;

  /**
   * What was found.
   *
   * @param libraries one status each: CUDA runtime, cuDNN, cuBLAS, NVRTC
   * @param devices how many GPUs the runtime sees
   * @param reason why there is no usable device; null when there is one
   */
  public record Probe(List<LibraryStatus> libraries, int devices, @Nullable String reason) {
    /** Copies the list. */
    public Probe {
      libraries = List.copyOf(libraries);
    }
  }

  private Cuda() {}

  /** Looks on the first call; every later call returns the same answer. */
  public static synchronized Probe probe() {
    @Nullable Probe known = probe;
    if (known == null) {
      known = look();
      probe = known;
    }
    return known;
  }

  /**
   * {@link cublas_h#cublasGemmEx} with every pointer given as a {@code long}, the address: {@code
   * (long, int, int, int, int, int, long, long, int, int, long, int, int, long, long, int, int,
   * int, int)int}. Only where {@link #probe} has found cuBLAS.
   */
  public static MethodHandle gemmEx() {
    return Linked.GEMM_EX;
  }

  /**
   * {@link cudart_h#cudaMemcpyAsync} with every pointer given as a {@code long}, as {@link
   * #gemmEx}: {@code (long, long, long, int, long)int}.
   */
  public static MethodHandle memcpyAsync() {
    return Linked.MEMCPY_ASYNC;
  }

  /** {@link cudart_h#cudaMemsetAsync}, likewise: {@code (long, int, long, long)int}. */
  public static MethodHandle memsetAsync() {
    return Linked.MEMSET_ASYNC;
  }

  /**
   * {@link cudnn_h#cudnnCTCLoss_v8}, likewise: {@code (long, int, long, long, long, long, long,
   * long, long, long, long, long, long)int}. Only where {@link #probe} has found cuDNN.
   */
  public static MethodHandle ctcLoss() {
    return LinkedDnn.CTC_LOSS;
  }

  private static final class LinkedDnn {
    static final MethodHandle CTC_LOSS =
        ByAddress.link(cudnn_h.cudnnCTCLoss_v8$address(), cudnn_h.cudnnCTCLoss_v8$descriptor());
  }

  private static final class Linked {
    static final MethodHandle GEMM_EX =
        ByAddress.link(cublas_h.cublasGemmEx$address(), cublas_h.cublasGemmEx$descriptor());

    static final MethodHandle MEMCPY_ASYNC =
        ByAddress.link(cudart_h.cudaMemcpyAsync$address(), cudart_h.cudaMemcpyAsync$descriptor());

    static final MethodHandle MEMSET_ASYNC =
        ByAddress.link(cudart_h.cudaMemsetAsync$address(), cudart_h.cudaMemsetAsync$descriptor());
  }

  private static Probe look() {
    List<Path> folders = folders();
    List<LibraryStatus> libraries = new ArrayList<>();
    for (CudaLibrary library : CudaLibrary.ALL) {
      libraries.add(library.probe(folders));
    }
    if (!libraries.getFirst().available()) {
      return new Probe(libraries, 0, "there is no CUDA runtime");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      int status = cudart_h.cudaGetDeviceCount(count);
      if (status != cudart_h.cudaSuccess()) {
        String text = cudart_h.cudaGetErrorString(status).getString(0);
        return new Probe(libraries, 0, "cudaGetDeviceCount: " + text + " (" + status + ")");
      }
      int devices = count.get(ValueLayout.JAVA_INT, 0);
      return new Probe(libraries, devices, devices > 0 ? null : "the CUDA driver sees no device");
    }
  }

  /** Every folder searched, in order. */
  private static List<Path> folders() {
    Set<Path> folders = new LinkedHashSet<>(SystemFolders.fromVariable());
    for (Path home : homes()) {
      folders.add(home.resolve("lib64"));
      folders.add(home.resolve("lib"));
    }
    folders.addAll(SystemFolders.libraries());
    @Nullable String conda = System.getenv("CONDA_PREFIX");
    if (conda != null) {
      folders.add(Path.of(conda).resolve("lib"));
    }
    for (Path packages : sitePackages()) {
      Path nvidia = packages.resolve("nvidia");
      if (Files.isDirectory(nvidia)) {
        folders.addAll(children(nvidia, "*").stream().map(p -> p.resolve("lib")).toList());
      }
    }
    return List.copyOf(folders);
  }

  private static List<Path> homes() {
    List<Path> homes = new ArrayList<>();
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      @Nullable String home = System.getenv(variable);
      if (home != null && !home.isBlank()) {
        homes.add(Path.of(home));
      }
    }
    homes.addAll(children(Path.of("/usr/local"), "cuda*"));
    return homes;
  }

  private static List<Path> sitePackages() {
    List<Path> packages = new ArrayList<>();
    @Nullable String set = Settings.get("gatun.python.packages");
    if (set != null) {
      packages.add(Path.of(set));
    }
    List<Path> prefixes = new ArrayList<>();
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      @Nullable String prefix = System.getenv(variable);
      if (prefix != null && !prefix.isBlank()) {
        prefixes.add(Path.of(prefix));
      }
    }
    prefixes.add(Path.of(System.getProperty("user.home", "/")).resolve(".local"));
    prefixes.add(Path.of("/usr/local"));
    prefixes.add(Path.of("/usr"));
    for (Path prefix : prefixes) {
      for (Path python : children(prefix.resolve("lib"), "python3*")) {
        packages.add(python.resolve("site-packages"));
        packages.add(python.resolve("dist-packages"));
      }
    }
    return packages;
  }

  /** The folder's entries of this name pattern, sorted; none where there is no such folder. */
  private static List<Path> children(Path folder, String pattern) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    var matcher = folder.getFileSystem().getPathMatcher("glob:" + pattern);
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(entry -> matcher.matches(entry.getFileName())).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
