package dev.gatun.bindings.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Our headers declare what the vendors' do. Vendors' headers are searched in the folders of the
 * property {@code gatun.vendor.include}, then of CUDA toolkits, of the system, and of pip's and
 * conda's packages; a test whose vendor is not installed is skipped, and says where it looked.
 */
@Linux
class ConformanceTest {
  private static final Version NONE = new Version("", 0, 1);

  @TempDir Path folder;

  /** The vendor's macro, the value our header was written against, and the major version's unit. */
  private record Version(String macro, int number, int major) {}

  @Test
  void openBlas() throws IOException {
    String base = "/org/bytedeco/openblas/linux-x86_64/include/";
    for (String name :
        List.of(
            "cblas.h",
            "openblas_config.h",
            "lapacke.h",
            "lapack.h",
            "lapacke_config.h",
            "lapacke_mangling.h")) {
      try (InputStream in = ConformanceTest.class.getResourceAsStream(base + name)) {
        Files.copy(Objects.requireNonNull(in, name), folder.resolve(name));
      }
    }
    compare("openblas", NONE, List.of("cblas.h", "lapacke.h"), List.of(folder));
  }

  @Test
  void cudaRuntime() throws IOException {
    compare(
        "cudart",
        new Version("CUDART_VERSION", 13_000, 1000),
        List.of("cuda_runtime_api.h"),
        folders("cuda_runtime_api.h"));
  }

  @Test
  void cudnn() throws IOException {
    compare(
        "cudnn",
        new Version("CUDNN_VERSION", 92_400, 10_000),
        List.of("cudnn.h"),
        folders("cudnn.h", "cuda_runtime_api.h"));
  }

  @Test
  void cublas() throws IOException {
    compare(
        "cublas",
        new Version("CUBLAS_VERSION", 130_101, 10_000),
        List.of("cublas_api.h"),
        folders("cublas_api.h", "cuda_runtime_api.h"));
  }

  @Test
  void nvrtc() throws IOException {
    compare("nvrtc", NONE, List.of("nvrtc.h"), folders("nvrtc.h"));
  }

  /**
   * Compares, unless the vendor's version is older than ours was written against or of another
   * major version: then names may rightly be absent.
   */
  private void compare(String library, Version version, List<String> headers, List<Path> include)
      throws IOException {
    Map<String, Declaration> vendor = vendor(library, headers, include);
    if (vendor.get("constant " + version.macro()) instanceof Declaration.Constant found) {
      int installed = (Integer) found.value();
      assumeTrue(
          installed >= version.number()
              && installed / version.major() == version.number() / version.major(),
          () -> include + " has " + version.macro() + " " + installed + ", ours is " + version);
    }
    int compared = 0;
    for (Declaration own :
        Generator.declarations(Options.parse(List.of("@bindings/jextract/" + library + ".args")))) {
      if (own.kind().equals("typedef")) {
        continue; // names of ours; what they stand for shows in the signatures
      }
      String name = own.kind() + " " + own.name();
      Declaration theirs = vendor.get(name);
      assertNotNull(theirs, () -> library + ": the vendor declares no " + name);
      assertEquals(describe(theirs, own), describe(own, own), () -> library + ", " + name);
      compared++;
    }
    System.out.println(library + ": " + compared + " declarations equal those in " + include);
  }

  private Map<String, Declaration> vendor(String library, List<String> headers, List<Path> include)
      throws IOException {
    String text = headers.stream().map(h -> "#include <" + h + ">\n").collect(Collectors.joining());
    Path header = Files.writeString(folder.resolve("vendor_" + library + ".h"), text);
    List<String> arguments = include.stream().map(path -> "-I" + path).toList();
    Map<String, Declaration> map = new LinkedHashMap<>();
    HeaderParser.parse(header, arguments).forEach(d -> map.put(d.kind() + " " + d.name(), d));
    return map;
  }

  /** What a caller in Java sees; of a struct, the size and the fields ours names. */
  private static String describe(Declaration declaration, Declaration ours) {
    return switch (declaration) {
      case Declaration.Function function ->
          function.result().carrier()
              + function.parameters().stream().map(p -> p.type().carrier()).toList();
      case Declaration.Constant constant -> constant.value().toString();
      case Declaration.Aggregate aggregate -> {
        List<String> names =
            ((Declaration.Aggregate) ours).fields().stream().map(Declaration.Member::name).toList();
        yield aggregate.size()
            + " bytes, "
            + aggregate.fields().stream()
                .filter(field -> names.contains(field.name()))
                .map(f -> f.name() + " " + f.type().carrier() + " at " + f.offset())
                .toList();
      }
      default -> throw new AssertionError(declaration + " has no description");
    };
  }

  /** The folder of each header, from one and the same search. */
  private static List<Path> folders(String... headers) throws IOException {
    List<Path> candidates = candidates();
    List<Path> found = new ArrayList<>();
    for (String header : headers) {
      Optional<Path> folder =
          candidates.stream().filter(c -> Files.exists(c.resolve(header))).findFirst();
      assumeTrue(folder.isPresent(), () -> header + " is not installed; looked in " + candidates);
      found.add(folder.orElseThrow());
    }
    return found;
  }

  private static List<Path> candidates() throws IOException {
    List<Path> candidates = new ArrayList<>();
    for (String path :
        System.getProperty("gatun.vendor.include", "").split(File.pathSeparator, -1)) {
      if (!path.isEmpty()) {
        candidates.add(Path.of(path));
      }
    }
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      if (System.getenv(variable) != null) {
        candidates.add(Path.of(System.getenv(variable), "include"));
      }
    }
    for (Path home : children(Path.of("/usr/local"), "cuda")) {
      candidates.add(home.resolve("include"));
    }
    candidates.add(Path.of("/usr/include"));
    candidates.add(Path.of("/usr/include/x86_64-linux-gnu"));
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      if (System.getenv(variable) != null) {
        Path prefix = Path.of(System.getenv(variable));
        candidates.add(prefix.resolve("include"));
        for (Path python : children(prefix.resolve("lib"), "python3")) {
          for (Path part : children(python.resolve("site-packages/nvidia"), "")) {
            candidates.add(part.resolve("include"));
          }
        }
      }
    }
    return candidates;
  }

  private static List<Path> children(Path parent, String prefix) throws IOException {
    if (!Files.isDirectory(parent)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(parent)) {
      return entries
          .filter(entry -> String.valueOf(entry.getFileName()).startsWith(prefix))
          .sorted()
          .toList();
    }
  }
}
