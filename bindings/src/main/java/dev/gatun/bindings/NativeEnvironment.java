package dev.gatun.bindings;

import dev.gatun.bindings.generated.libc.libc_h;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** The process environment that native libraries read when they load, and what the CPU can do. */
public final class NativeEnvironment {
  private NativeEnvironment() {}

  /**
   * The variables set by the user that steer BLAS and OpenMP libraries: those starting with {@code
   * OPENBLAS_}, {@code GOTO_}, {@code MKL_} or {@code OMP_}, by name.
   */
  public static SortedMap<String, String> variables() {
    SortedMap<String, String> set = new TreeMap<>();
    System.getenv()
        .forEach(
            (name, value) -> {
              if (name.matches("(OPENBLAS|GOTO|MKL|OMP)_.*")) {
                set.put(name, value);
              }
            });
    return set;
  }

  /**
   * Sets a variable in the C library's environment, which is the one native code reads; Java's own
   * view, taken at start, stays. Windows has no {@code setenv}: there nothing happens.
   */
  static void set(String name, String value) {
    if (Platform.CURRENT.isWindows()) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      int status = libc_h.setenv(arena.allocateFrom(name), arena.allocateFrom(value), 1);
      if (status != 0) {
        throw new IllegalStateException("setenv " + name + "=" + value + " failed");
      }
    }
  }

  /** The processor's name by {@code /proc/cpuinfo}, else its architecture by Java. */
  public static String cpuModel() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).trim())
          .orElse(System.getProperty("os.arch", ""));
    } catch (IOException e) {
      return System.getProperty("os.arch", ""); // not Linux
    }
  }

  /** Whether {@code /proc/cpuinfo} lists all of these flags; false where there is no such file. */
  static boolean cpuHas(String... flags) {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> Set.of(line.substring(line.indexOf(':') + 1).trim().split(" +")))
          .map(set -> set.containsAll(Set.of(flags)))
          .orElse(false);
    } catch (NoSuchFileException e) {
      return false; // not Linux
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
