package dev.gatun.tests.guard;

import dev.gatun.bindings.NativeMemory;
import dev.gatun.bindings.generated.libc.libc_h;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Memory that ends where a page begins that may not be touched: reading past it kills the JVM. */
final class GuardedMemory implements AutoCloseable {
  private static final long PAGE = 4096;

  private final List<MemorySegment> maps = new ArrayList<>();

  /** The address of zeroed bytes whose last one is the last before the guard. */
  long allocate(long bytes) {
    long length = (bytes + PAGE - 1) / PAGE * PAGE + PAGE;
    int access = libc_h.PROT_READ() | libc_h.PROT_WRITE();
    int kind = libc_h.MAP_PRIVATE() | libc_h.MAP_ANONYMOUS();
    MemorySegment map = libc_h.mmap(MemorySegment.NULL, length, access, kind, -1, 0);
    if (map.address() == -1) {
      throw new AssertionError("mmap of " + length + " bytes failed");
    }
    MemorySegment guard = MemorySegment.ofAddress(map.address() + length - PAGE);
    if (libc_h.mprotect(guard, PAGE, libc_h.PROT_NONE()) != 0) {
      throw new AssertionError("mprotect failed");
    }
    maps.add(NativeMemory.ALL.asSlice(map.address(), length));
    return guard.address() - bytes;
  }

  @Override
  public void close() {
    for (MemorySegment map : maps) {
      libc_h.munmap(map, map.byteSize());
    }
  }
}
