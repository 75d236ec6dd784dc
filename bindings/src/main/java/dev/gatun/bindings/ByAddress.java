package dev.gatun.bindings;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Functions with every pointer given as a {@code long}, the address. A call makes no objects
 * whatever C2 inlines; of those with segments some keep allocating them.
 */
final class ByAddress {
  private ByAddress() {}

  /** Links a function of the generated bindings. */
  static MethodHandle link(MemorySegment function, FunctionDescriptor pointers) {
    MemoryLayout[] arguments =
        pointers.argumentLayouts().stream()
            .map(layout -> layout instanceof AddressLayout ? ValueLayout.JAVA_LONG : layout)
            .toArray(MemoryLayout[]::new);
    FunctionDescriptor longs =
        pointers
            .returnLayout()
            .map(result -> FunctionDescriptor.of(result, arguments))
            .orElseGet(() -> FunctionDescriptor.ofVoid(arguments));
    return Linker.nativeLinker().downcallHandle(function, longs);
  }
}
