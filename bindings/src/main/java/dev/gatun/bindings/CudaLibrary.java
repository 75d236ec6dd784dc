package dev.gatun.bindings;

import dev.gatun.bindings.generated.cublas.cublas_h;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.bindings.generated.nvrtc.nvrtc_h;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A CUDA library: how its file is called, what must be loaded before it, and how it tells its
 * version. Each is opened by absolute path, with its companions from the same folder first, so that
 * two installations are never mixed.
 */
record CudaLibrary(
    String title, String key, String file, List<String> before, Supplier<String> version) {
  /** In the order to load them. */
  static final List<CudaLibrary> ALL =
      List.of(
          new CudaLibrary(
              "CUDA runtime", "cudart", "libcudart.so.13", List.of(), CudaLibrary::runtimeVersion),
          // Not the shim libcudnn.so.9, which aborts the process when libcudnn_graph is missing.
          new CudaLibrary(
              "cuDNN",
              "cudnn",
              "libcudnn_adv.so.9",
              List.of("libcudnn_graph.so.9", "libcudnn_ops.so.9"),
              CudaLibrary::cudnnVersion),
          new CudaLibrary(
              "cuBLAS",
              "cublas",
              "libcublas.so.13",
              List.of("libcublasLt.so.13"),
              CudaLibrary::cublasVersion),
          // Compilation fails unless the builtins were loaded first by absolute path.
          new CudaLibrary(
              "NVRTC",
              "nvrtc",
              "libnvrtc.so.13",
              List.of("libnvrtc-builtins.so.13*"),
              CudaLibrary::nvrtcVersion));

  /** Searches and loads; never throws for what it finds on disk. */
  LibraryStatus probe(List<Path> folders) {
    List<String> searched = new ArrayList<>();
    @Nullable Path found;
    String property = "gatun." + key + ".path";
    @Nullable String set = Settings.get(property);
    if (set == null) {
      found = search(folders, searched);
    } else {
      Path path = Path.of(set).toAbsolutePath().normalize();
      found = Files.isDirectory(path) ? search(List.of(path), searched) : path;
      searched.add(Settings.source(property) + ": " + path);
    }
    if (found == null) {
      String reason = "no " + file + " in the folders searched; set -D" + property;
      return new LibraryStatus(title, null, null, searched, reason);
    }
    try {
      for (Path file : withCompanions(found)) {
        @Nullable String problem = SharedObject.problem(file);
        if (problem != null) {
          return new LibraryStatus(title, found, null, searched, problem);
        }
        System.load(file.toString());
      }
      return new LibraryStatus(title, found, version.get(), searched, null);
    } catch (UnsatisfiedLinkError | IOException e) {
      return new LibraryStatus(title, found, null, searched, "loading failed: " + e.getMessage());
    } catch (ExceptionInInitializerError | NoClassDefFoundError e) {
      String reason = found + " lacks a symbol that tells its version: " + e.getCause();
      return new LibraryStatus(title, found, null, searched, reason);
    }
  }

  private @Nullable Path search(List<Path> folders, List<String> searched) {
    for (Path folder : folders) {
      Path candidate = folder.resolve(file);
      if (Files.isRegularFile(candidate)) {
        searched.add(candidate + ": found");
        return candidate;
      }
      searched.add(folder + (Files.isDirectory(folder) ? ": none" : ": no such folder"));
    }
    return null;
  }

  private List<Path> withCompanions(Path library) throws IOException {
    List<Path> all = new ArrayList<>();
    Path folder = library.resolveSibling("");
    for (String pattern : before) {
      try (Stream<Path> beside = Files.list(folder)) {
        var matcher = folder.getFileSystem().getPathMatcher("glob:" + pattern);
        beside.filter(file -> matcher.matches(file.getFileName())).sorted().forEach(all::add);
      }
    }
    all.add(library);
    return all;
  }

  private static String runtimeVersion() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      int status = cudart_h.cudaRuntimeGetVersion(value);
      int version = value.get(ValueLayout.JAVA_INT, 0); // 13000 is 13.0
      return status == 0 ? version / 1000 + "." + version % 1000 / 10 : "unknown, error " + status;
    }
  }

  private static String cudnnVersion() {
    long version = cudnn_h.cudnnGetVersion(); // 92400 is 9.24.0
    return version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
  }

  private static String cublasVersion() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
      List<String> parts = new ArrayList<>();
      for (int property = 0; property < 3; property++) { // major, minor, patch
        cublas_h.cublasGetProperty(property, value);
        parts.add(Integer.toString(value.get(ValueLayout.JAVA_INT, 0)));
      }
      return String.join(".", parts);
    }
  }

  private static String nvrtcVersion() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment major = arena.allocate(ValueLayout.JAVA_INT);
      MemorySegment minor = arena.allocate(ValueLayout.JAVA_INT);
      nvrtc_h.nvrtcVersion(major, minor);
      return major.get(ValueLayout.JAVA_INT, 0) + "." + minor.get(ValueLayout.JAVA_INT, 0);
    }
  }
}
