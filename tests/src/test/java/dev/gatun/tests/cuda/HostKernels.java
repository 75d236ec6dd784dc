package dev.gatun.tests.cuda;

import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** CUDA kernels built for the host, on tensors in host memory. */
@SuppressWarnings("restricted") // only ever used in a child JVM that allows it
final class HostKernels {
  private static final int BLOCK = 256;

  private static final FunctionDescriptor LAUNCH =
      FunctionDescriptor.of(
          ValueLayout.JAVA_INT,
          ValueLayout.JAVA_INT,
          ValueLayout.JAVA_INT,
          ValueLayout.JAVA_INT,
          ValueLayout.ADDRESS);

  private final SymbolLookup library;

  /** The names of the kernels that were run. */
  final Set<String> done = new TreeSet<>();

  HostKernels(Path file) {
    library = SymbolLookup.libraryLookup(file, Arena.global());
  }

  /**
   * Runs a kernel, twice from the same memory: with the threads in their order and in reverse.
   *
   * @param arguments tensors, null for a null address, or numbers of the parameters' types
   */
  void run(String kernel, int blocks, @Nullable Object... arguments) throws Throwable {
    done.add(kernel);
    List<MemorySegment> memory = new ArrayList<>();
    for (Object argument : arguments) {
      if (argument instanceof Tensor tensor) {
        memory.add(tensor.segment());
      }
    }
    List<byte[]> before = bytes(memory);
    launch(kernel, blocks, 0, arguments);
    List<byte[]> forwards = bytes(memory);
    for (int i = 0; i < before.size(); i++) {
      memory.get(i).copyFrom(MemorySegment.ofArray(before.get(i)));
    }
    launch(kernel, blocks, 1, arguments);
    for (int i = 0; i < before.size(); i++) {
      long at = memory.get(i).mismatch(MemorySegment.ofArray(forwards.get(i)));
      if (at >= 0) {
        throw new AssertionError(
            "%s depends on the order of threads: byte %d of tensor %d".formatted(kernel, at, i));
      }
    }
  }

  private static List<byte[]> bytes(List<MemorySegment> memory) {
    return memory.stream().map(segment -> segment.toArray(ValueLayout.JAVA_BYTE)).toList();
  }

  private void launch(String kernel, int blocks, int reversed, @Nullable Object... arguments)
      throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, arguments.length);
      MemorySegment pointers = arena.allocate(ValueLayout.ADDRESS, arguments.length);
      for (int i = 0; i < arguments.length; i++) {
        MemorySegment value = values.asSlice((long) i * Long.BYTES, Long.BYTES);
        pointers.setAtIndex(ValueLayout.ADDRESS, i, value);
        set(value, arguments[i]);
      }
      MemorySegment function = library.findOrThrow("launch_" + kernel);
      int status =
          (int)
              Linker.nativeLinker()
                  .downcallHandle(function, LAUNCH)
                  .invokeExact(blocks, BLOCK, reversed, pointers);
      if (status != 0) {
        throw new AssertionError(kernel + ": threads end where others wait at a barrier");
      }
    }
  }

  private static void set(MemorySegment value, @Nullable Object argument) {
    switch (argument) {
      case null -> value.set(ValueLayout.JAVA_LONG, 0, 0L);
      case Tensor tensor -> value.set(ValueLayout.JAVA_LONG, 0, tensor.address());
      case Long number -> value.set(ValueLayout.JAVA_LONG, 0, number);
      case Integer number -> value.set(ValueLayout.JAVA_INT, 0, number);
      case Float number -> value.set(ValueLayout.JAVA_FLOAT, 0, number);
      case Double number -> value.set(ValueLayout.JAVA_DOUBLE, 0, number);
      default -> throw new IllegalArgumentException("no argument of a kernel: " + argument);
    }
  }
}
