package dev.gatun.bindings;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The operating system and processor, under the names the carrier jars use. */
record Platform(String system, String processor) {
  static final Platform CURRENT =
      new Platform(
          system(System.getProperty("os.name", "")), processor(System.getProperty("os.arch", "")));

  private static String system(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    if (lower.startsWith("mac")) {
      return "macosx";
    }
    return lower.startsWith("windows") ? "windows" : lower;
  }

  private static String processor(String arch) {
    return switch (arch) {
      case "amd64", "x86_64" -> "x86_64";
      case "aarch64", "arm64" -> "arm64";
      default -> arch;
    };
  }

  /** Such as {@code linux-x86_64}. */
  String classifier() {
    return system + "-" + processor;
  }

  boolean isWindows() {
    return system.equals("windows");
  }

  /** Where this system keeps a user's caches, with {@code XDG_CACHE_HOME} first on Linux. */
  Path userCache() {
    Path home = Path.of(System.getProperty("user.home", "."));
    return switch (system) {
      case "macosx" -> home.resolve("Library").resolve("Caches");
      case "windows" -> variable("LOCALAPPDATA", home.resolve("AppData").resolve("Local"));
      default -> variable("XDG_CACHE_HOME", home.resolve(".cache"));
    };
  }

  private static Path variable(String name, Path otherwise) {
    @Nullable String value = System.getenv(name);
    // A relative one is invalid by the XDG Base Directory Specification, and to be ignored: it
    // would
    // be another folder for each current one.
    return value == null || !Path.of(value).isAbsolute() ? otherwise : Path.of(value);
  }

  /** File names a system's own OpenBLAS goes by, most specific first. */
  List<String> openBlasNames() {
    return switch (system) {
      case "macosx" -> List.of("libopenblas.0.dylib", "libopenblas.dylib");
      case "windows" -> List.of("libopenblas.dll", "openblas.dll");
      default -> List.of("libopenblas.so.0", "libopenblas.so");
    };
  }
}
