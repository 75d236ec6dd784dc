// Generated from native-headers; never edited by hand.
package dev.gatun.bindings.generated.libc;

import java.lang.foreign.*;
import java.lang.invoke.MethodHandle;

public class libc_h extends libc_h$shared {
  libc_h() {}

  static final SymbolLookup SYMBOL_LOOKUP =
      SymbolLookup.loaderLookup().or(Linker.nativeLinker().defaultLookup());

  public static int PROT_NONE() {
    return (int) 0L;
  }

  public static int PROT_READ() {
    return (int) 1L;
  }

  public static int PROT_WRITE() {
    return (int) 2L;
  }

  public static int MAP_PRIVATE() {
    return (int) 2L;
  }

  public static int MAP_ANONYMOUS() {
    return (int) 32L;
  }

  private static class setenv {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(libc_h.C_INT, libc_h.C_POINTER, libc_h.C_POINTER, libc_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("setenv");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor setenv$descriptor() {
    return setenv.DESC;
  }

  public static MethodHandle setenv$handle() {
    return setenv.HANDLE;
  }

  public static MemorySegment setenv$address() {
    return setenv.ADDR;
  }

  public static int setenv(MemorySegment name, MemorySegment value, int overwrite) {
    MethodHandle handle$ = setenv.HANDLE;
    try {
      return (int) handle$.invokeExact(name, value, overwrite);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("setenv declares no checked exception", e$);
    }
  }

  private static class getenv {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(libc_h.C_POINTER, libc_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("getenv");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor getenv$descriptor() {
    return getenv.DESC;
  }

  public static MethodHandle getenv$handle() {
    return getenv.HANDLE;
  }

  public static MemorySegment getenv$address() {
    return getenv.ADDR;
  }

  public static MemorySegment getenv(MemorySegment name) {
    MethodHandle handle$ = getenv.HANDLE;
    try {
      return (MemorySegment) handle$.invokeExact(name);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("getenv declares no checked exception", e$);
    }
  }

  private static class dladdr {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(libc_h.C_INT, libc_h.C_POINTER, libc_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("dladdr");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor dladdr$descriptor() {
    return dladdr.DESC;
  }

  public static MethodHandle dladdr$handle() {
    return dladdr.HANDLE;
  }

  public static MemorySegment dladdr$address() {
    return dladdr.ADDR;
  }

  public static int dladdr(MemorySegment addr, MemorySegment info) {
    MethodHandle handle$ = dladdr.HANDLE;
    try {
      return (int) handle$.invokeExact(addr, info);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("dladdr declares no checked exception", e$);
    }
  }

  private static class mmap {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(libc_h.C_POINTER, libc_h.C_POINTER, libc_h.C_LONG_LONG, libc_h.C_INT, libc_h.C_INT, libc_h.C_INT, libc_h.C_LONG_LONG);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("mmap");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor mmap$descriptor() {
    return mmap.DESC;
  }

  public static MethodHandle mmap$handle() {
    return mmap.HANDLE;
  }

  public static MemorySegment mmap$address() {
    return mmap.ADDR;
  }

  public static MemorySegment mmap(MemorySegment addr, long length, int prot, int flags, int fd, long offset) {
    MethodHandle handle$ = mmap.HANDLE;
    try {
      return (MemorySegment) handle$.invokeExact(addr, length, prot, flags, fd, offset);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("mmap declares no checked exception", e$);
    }
  }

  private static class mprotect {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(libc_h.C_INT, libc_h.C_POINTER, libc_h.C_LONG_LONG, libc_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("mprotect");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor mprotect$descriptor() {
    return mprotect.DESC;
  }

  public static MethodHandle mprotect$handle() {
    return mprotect.HANDLE;
  }

  public static MemorySegment mprotect$address() {
    return mprotect.ADDR;
  }

  public static int mprotect(MemorySegment addr, long len, int prot) {
    MethodHandle handle$ = mprotect.HANDLE;
    try {
      return (int) handle$.invokeExact(addr, len, prot);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("mprotect declares no checked exception", e$);
    }
  }

  private static class munmap {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(libc_h.C_INT, libc_h.C_POINTER, libc_h.C_LONG_LONG);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("munmap");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor munmap$descriptor() {
    return munmap.DESC;
  }

  public static MethodHandle munmap$handle() {
    return munmap.HANDLE;
  }

  public static MemorySegment munmap$address() {
    return munmap.ADDR;
  }

  public static int munmap(MemorySegment addr, long length) {
    MethodHandle handle$ = munmap.HANDLE;
    try {
      return (int) handle$.invokeExact(addr, length);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("munmap declares no checked exception", e$);
    }
  }

}
