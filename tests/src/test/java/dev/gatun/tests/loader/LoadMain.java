package dev.gatun.tests.loader;

import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.LibraryStatus;
import dev.gatun.bindings.LibraryUnavailableException;
import dev.gatun.bindings.NativeEnvironment;
import dev.gatun.bindings.OpenBlas;
import dev.gatun.bindings.generated.openblas.cblas_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Run in a JVM of its own, because a process loads a library once: looks for OpenBLAS, or for CUDA
 * when told to, and prints what it found as {@code key=value} lines.
 */
final class LoadMain {
  private LoadMain() {}

  public static void main(String[] arguments) {
    if (Arrays.asList(arguments).contains("cuda")) {
      Cuda.Probe probe = Cuda.probe();
      probe.libraries().forEach(LoadMain::print);
      print("devices", probe.devices());
      print("no device", probe.reason());
      return;
    }
    LibraryStatus status = OpenBlas.status();
    print(status);
    print("same again", status.equals(OpenBlas.status()));
    print("variables", NativeEnvironment.variables());
    print("warnings", String.join(" | ", OpenBlas.warnings()));
    try {
      OpenBlas.require();
      print("core", OpenBlas.core());
      print("config", OpenBlas.config());
      print("threads", cblas_h.openblas_get_num_threads());
      print("product", product());
    } catch (LibraryUnavailableException e) {
      print("thrown", e.getMessage());
    }
  }

  /** [1 2; 3 4] times itself, row by row. */
  private static String product() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment a = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4);
      MemorySegment c = arena.allocate(a.byteSize(), Float.BYTES);
      int rows = cblas_h.CblasRowMajor();
      int no = cblas_h.CblasNoTrans();
      cblas_h.cblas_sgemm(rows, no, no, 2, 2, 2, 1, a, 2, a, 2, 0, c, 2);
      return Arrays.toString(c.toArray(ValueLayout.JAVA_FLOAT));
    }
  }

  private static void print(LibraryStatus status) {
    print(status.name() + " available", status.available());
    print(status.name() + " path", status.path());
    print(status.name() + " version", status.version());
    print(status.name() + " reason", status.reason());
    print(status.name() + " searched", status.searched());
  }

  private static void print(String key, @Nullable Object value) {
    System.out.println(key + "=" + value);
  }
}
