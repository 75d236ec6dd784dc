package dev.gatun.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The OpenBLAS that a peer has brought into this process. Peers set their own threads and leave
 * those of OpenBLAS at one for each core; its Java bindings do not tell the core. JavaCPP loads the
 * library twice, with and without LAPACK, and the system's linker chooses which of them a peer
 * calls: both are set, and both must say the same.
 */
@SuppressWarnings("restricted") // three functions without arguments or with an int
final class LoadedOpenBlas {
  private static final long LONGEST_NAME = 100;

  private final List<SymbolLookup> copies;

  private LoadedOpenBlas(List<Path> files) {
    // Loaded already: this takes another reference to each, for good.
    copies = files.stream().map(f -> SymbolLookup.libraryLookup(f, Arena.global())).toList();
  }

  /**
   * Finds it.
   *
   * @throws IllegalStateException if none is loaded
   */
  static LoadedOpenBlas find() {
    List<Path> files;
    try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
      files =
          maps.filter(line -> line.contains("/libopenblas"))
              .map(line -> Path.of(line.substring(line.indexOf('/'))))
              .distinct()
              .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("the libraries of this process cannot be listed", e);
    }
    if (files.isEmpty()) {
      throw new IllegalStateException("no OpenBLAS is loaded");
    }
    return new LoadedOpenBlas(files);
  }

  /** The kernels it has chosen. */
  String core() {
    return same(copies.stream().map(LoadedOpenBlas::core).distinct().toList());
  }

  private static String core(SymbolLookup copy) {
    MethodHandle name =
        handle(copy, "openblas_get_corename", FunctionDescriptor.of(ValueLayout.ADDRESS));
    try {
      return ((MemorySegment) name.invokeExact()).reinterpret(LONGEST_NAME).getString(0);
    } catch (Throwable e) {
      throw new IllegalStateException("OpenBLAS does not tell its core", e);
    }
  }

  /**
   * Sets the threads of its products.
   *
   * @throws IllegalStateException if it takes another number
   */
  void setThreads(int threads) {
    int set = same(copies.stream().map(copy -> setThreads(copy, threads)).distinct().toList());
    if (set != threads) {
      throw new IllegalStateException("OpenBLAS runs on " + set + " threads, not " + threads);
    }
  }

  private static int setThreads(SymbolLookup copy, int threads) {
    FunctionDescriptor setter = FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT);
    FunctionDescriptor getter = FunctionDescriptor.of(ValueLayout.JAVA_INT);
    MethodHandle set = handle(copy, "openblas_set_num_threads", setter);
    MethodHandle get = handle(copy, "openblas_get_num_threads", getter);
    try {
      set.invokeExact(threads);
      return (int) get.invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException("OpenBLAS does not take a number of threads", e);
    }
  }

  private static <T> T same(List<T> values) {
    if (values.size() != 1) {
      throw new IllegalStateException("copies of OpenBLAS differ: " + values);
    }
    return values.getFirst();
  }

  private static MethodHandle handle(SymbolLookup copy, String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(copy.findOrThrow(name), type);
  }
}
