// Generated from native-headers; never edited by hand.
package dev.gatun.bindings.generated.openblas;

import java.lang.foreign.*;
import java.lang.invoke.MethodHandle;

public class cblas_h extends cblas_h$shared {
  cblas_h() {}

  static final SymbolLookup SYMBOL_LOOKUP =
      SymbolLookup.loaderLookup().or(Linker.nativeLinker().defaultLookup());

  public static int OPENBLAS_SEQUENTIAL() {
    return (int) 0L;
  }

  public static int OPENBLAS_THREAD() {
    return (int) 1L;
  }

  public static int OPENBLAS_OPENMP() {
    return (int) 2L;
  }

  public static int LAPACK_ROW_MAJOR() {
    return (int) 101L;
  }

  public static int LAPACK_COL_MAJOR() {
    return (int) 102L;
  }

  public static int LAPACK_WORK_MEMORY_ERROR() {
    return (int) -1010L;
  }

  public static int LAPACK_TRANSPOSE_MEMORY_ERROR() {
    return (int) -1011L;
  }

  public static int CblasRowMajor() {
    return (int) 101L;
  }

  public static int CblasColMajor() {
    return (int) 102L;
  }

  public static int CblasNoTrans() {
    return (int) 111L;
  }

  public static int CblasTrans() {
    return (int) 112L;
  }

  public static int CblasConjTrans() {
    return (int) 113L;
  }

  public static int CblasConjNoTrans() {
    return (int) 114L;
  }

  public static int CblasUpper() {
    return (int) 121L;
  }

  public static int CblasLower() {
    return (int) 122L;
  }

  public static int CblasNonUnit() {
    return (int) 131L;
  }

  public static int CblasUnit() {
    return (int) 132L;
  }

  public static int CblasLeft() {
    return (int) 141L;
  }

  public static int CblasRight() {
    return (int) 142L;
  }

  private static class openblas_set_num_threads {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("openblas_set_num_threads");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor openblas_set_num_threads$descriptor() {
    return openblas_set_num_threads.DESC;
  }

  public static MethodHandle openblas_set_num_threads$handle() {
    return openblas_set_num_threads.HANDLE;
  }

  public static MemorySegment openblas_set_num_threads$address() {
    return openblas_set_num_threads.ADDR;
  }

  public static void openblas_set_num_threads(int num_threads) {
    MethodHandle handle$ = openblas_set_num_threads.HANDLE;
    try {
      handle$.invokeExact(num_threads);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("openblas_set_num_threads declares no checked exception", e$);
    }
  }

  private static class openblas_set_num_threads_local {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("openblas_set_num_threads_local");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor openblas_set_num_threads_local$descriptor() {
    return openblas_set_num_threads_local.DESC;
  }

  public static MethodHandle openblas_set_num_threads_local$handle() {
    return openblas_set_num_threads_local.HANDLE;
  }

  public static MemorySegment openblas_set_num_threads_local$address() {
    return openblas_set_num_threads_local.ADDR;
  }

  public static int openblas_set_num_threads_local(int num_threads) {
    MethodHandle handle$ = openblas_set_num_threads_local.HANDLE;
    try {
      return (int) handle$.invokeExact(num_threads);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("openblas_set_num_threads_local declares no checked exception", e$);
    }
  }

  private static class openblas_get_num_threads {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("openblas_get_num_threads");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor openblas_get_num_threads$descriptor() {
    return openblas_get_num_threads.DESC;
  }

  public static MethodHandle openblas_get_num_threads$handle() {
    return openblas_get_num_threads.HANDLE;
  }

  public static MemorySegment openblas_get_num_threads$address() {
    return openblas_get_num_threads.ADDR;
  }

  public static int openblas_get_num_threads() {
    MethodHandle handle$ = openblas_get_num_threads.HANDLE;
    try {
      return (int) handle$.invokeExact();
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("openblas_get_num_threads declares no checked exception", e$);
    }
  }

  private static class openblas_get_num_procs {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("openblas_get_num_procs");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor openblas_get_num_procs$descriptor() {
    return openblas_get_num_procs.DESC;
  }

  public static MethodHandle openblas_get_num_procs$handle() {
    return openblas_get_num_procs.HANDLE;
  }

  public static MemorySegment openblas_get_num_procs$address() {
    return openblas_get_num_procs.ADDR;
  }

  public static int openblas_get_num_procs() {
    MethodHandle handle$ = openblas_get_num_procs.HANDLE;
    try {
      return (int) handle$.invokeExact();
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("openblas_get_num_procs declares no checked exception", e$);
    }
  }

  private static class openblas_get_config {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("openblas_get_config");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor openblas_get_config$descriptor() {
    return openblas_get_config.DESC;
  }

  public static MethodHandle openblas_get_config$handle() {
    return openblas_get_config.HANDLE;
  }

  public static MemorySegment openblas_get_config$address() {
    return openblas_get_config.ADDR;
  }

  public static MemorySegment openblas_get_config() {
    MethodHandle handle$ = openblas_get_config.HANDLE;
    try {
      return (MemorySegment) handle$.invokeExact();
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("openblas_get_config declares no checked exception", e$);
    }
  }

  private static class openblas_get_corename {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("openblas_get_corename");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor openblas_get_corename$descriptor() {
    return openblas_get_corename.DESC;
  }

  public static MethodHandle openblas_get_corename$handle() {
    return openblas_get_corename.HANDLE;
  }

  public static MemorySegment openblas_get_corename$address() {
    return openblas_get_corename.ADDR;
  }

  public static MemorySegment openblas_get_corename() {
    MethodHandle handle$ = openblas_get_corename.HANDLE;
    try {
      return (MemorySegment) handle$.invokeExact();
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("openblas_get_corename declares no checked exception", e$);
    }
  }

  private static class openblas_get_parallel {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("openblas_get_parallel");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor openblas_get_parallel$descriptor() {
    return openblas_get_parallel.DESC;
  }

  public static MethodHandle openblas_get_parallel$handle() {
    return openblas_get_parallel.HANDLE;
  }

  public static MemorySegment openblas_get_parallel$address() {
    return openblas_get_parallel.ADDR;
  }

  public static int openblas_get_parallel() {
    MethodHandle handle$ = openblas_get_parallel.HANDLE;
    try {
      return (int) handle$.invokeExact();
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("openblas_get_parallel declares no checked exception", e$);
    }
  }

  private static class cblas_sdot {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_FLOAT, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_sdot");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_sdot$descriptor() {
    return cblas_sdot.DESC;
  }

  public static MethodHandle cblas_sdot$handle() {
    return cblas_sdot.HANDLE;
  }

  public static MemorySegment cblas_sdot$address() {
    return cblas_sdot.ADDR;
  }

  public static float cblas_sdot(int n, MemorySegment x, int incx, MemorySegment y, int incy) {
    MethodHandle handle$ = cblas_sdot.HANDLE;
    try {
      return (float) handle$.invokeExact(n, x, incx, y, incy);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_sdot declares no checked exception", e$);
    }
  }

  private static class cblas_ddot {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_DOUBLE, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_ddot");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_ddot$descriptor() {
    return cblas_ddot.DESC;
  }

  public static MethodHandle cblas_ddot$handle() {
    return cblas_ddot.HANDLE;
  }

  public static MemorySegment cblas_ddot$address() {
    return cblas_ddot.ADDR;
  }

  public static double cblas_ddot(int n, MemorySegment x, int incx, MemorySegment y, int incy) {
    MethodHandle handle$ = cblas_ddot.HANDLE;
    try {
      return (double) handle$.invokeExact(n, x, incx, y, incy);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_ddot declares no checked exception", e$);
    }
  }

  private static class cblas_sasum {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_FLOAT, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_sasum");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_sasum$descriptor() {
    return cblas_sasum.DESC;
  }

  public static MethodHandle cblas_sasum$handle() {
    return cblas_sasum.HANDLE;
  }

  public static MemorySegment cblas_sasum$address() {
    return cblas_sasum.ADDR;
  }

  public static float cblas_sasum(int n, MemorySegment x, int incx) {
    MethodHandle handle$ = cblas_sasum.HANDLE;
    try {
      return (float) handle$.invokeExact(n, x, incx);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_sasum declares no checked exception", e$);
    }
  }

  private static class cblas_snrm2 {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_FLOAT, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_snrm2");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_snrm2$descriptor() {
    return cblas_snrm2.DESC;
  }

  public static MethodHandle cblas_snrm2$handle() {
    return cblas_snrm2.HANDLE;
  }

  public static MemorySegment cblas_snrm2$address() {
    return cblas_snrm2.ADDR;
  }

  public static float cblas_snrm2(int n, MemorySegment x, int incx) {
    MethodHandle handle$ = cblas_snrm2.HANDLE;
    try {
      return (float) handle$.invokeExact(n, x, incx);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_snrm2 declares no checked exception", e$);
    }
  }

  private static class cblas_dnrm2 {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_DOUBLE, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_dnrm2");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_dnrm2$descriptor() {
    return cblas_dnrm2.DESC;
  }

  public static MethodHandle cblas_dnrm2$handle() {
    return cblas_dnrm2.HANDLE;
  }

  public static MemorySegment cblas_dnrm2$address() {
    return cblas_dnrm2.ADDR;
  }

  public static double cblas_dnrm2(int n, MemorySegment x, int incx) {
    MethodHandle handle$ = cblas_dnrm2.HANDLE;
    try {
      return (double) handle$.invokeExact(n, x, incx);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_dnrm2 declares no checked exception", e$);
    }
  }

  private static class cblas_saxpy {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_saxpy");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_saxpy$descriptor() {
    return cblas_saxpy.DESC;
  }

  public static MethodHandle cblas_saxpy$handle() {
    return cblas_saxpy.HANDLE;
  }

  public static MemorySegment cblas_saxpy$address() {
    return cblas_saxpy.ADDR;
  }

  public static void cblas_saxpy(int n, float alpha, MemorySegment x, int incx, MemorySegment y, int incy) {
    MethodHandle handle$ = cblas_saxpy.HANDLE;
    try {
      handle$.invokeExact(n, alpha, x, incx, y, incy);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_saxpy declares no checked exception", e$);
    }
  }

  private static class cblas_daxpy {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_DOUBLE, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_daxpy");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_daxpy$descriptor() {
    return cblas_daxpy.DESC;
  }

  public static MethodHandle cblas_daxpy$handle() {
    return cblas_daxpy.HANDLE;
  }

  public static MemorySegment cblas_daxpy$address() {
    return cblas_daxpy.ADDR;
  }

  public static void cblas_daxpy(int n, double alpha, MemorySegment x, int incx, MemorySegment y, int incy) {
    MethodHandle handle$ = cblas_daxpy.HANDLE;
    try {
      handle$.invokeExact(n, alpha, x, incx, y, incy);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_daxpy declares no checked exception", e$);
    }
  }

  private static class cblas_scopy {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_scopy");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_scopy$descriptor() {
    return cblas_scopy.DESC;
  }

  public static MethodHandle cblas_scopy$handle() {
    return cblas_scopy.HANDLE;
  }

  public static MemorySegment cblas_scopy$address() {
    return cblas_scopy.ADDR;
  }

  public static void cblas_scopy(int n, MemorySegment x, int incx, MemorySegment y, int incy) {
    MethodHandle handle$ = cblas_scopy.HANDLE;
    try {
      handle$.invokeExact(n, x, incx, y, incy);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_scopy declares no checked exception", e$);
    }
  }

  private static class cblas_sscal {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_sscal");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_sscal$descriptor() {
    return cblas_sscal.DESC;
  }

  public static MethodHandle cblas_sscal$handle() {
    return cblas_sscal.HANDLE;
  }

  public static MemorySegment cblas_sscal$address() {
    return cblas_sscal.ADDR;
  }

  public static void cblas_sscal(int n, float alpha, MemorySegment x, int incx) {
    MethodHandle handle$ = cblas_sscal.HANDLE;
    try {
      handle$.invokeExact(n, alpha, x, incx);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_sscal declares no checked exception", e$);
    }
  }

  private static class cblas_dscal {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_DOUBLE, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_dscal");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_dscal$descriptor() {
    return cblas_dscal.DESC;
  }

  public static MethodHandle cblas_dscal$handle() {
    return cblas_dscal.HANDLE;
  }

  public static MemorySegment cblas_dscal$address() {
    return cblas_dscal.ADDR;
  }

  public static void cblas_dscal(int n, double alpha, MemorySegment x, int incx) {
    MethodHandle handle$ = cblas_dscal.HANDLE;
    try {
      handle$.invokeExact(n, alpha, x, incx);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_dscal declares no checked exception", e$);
    }
  }

  private static class cblas_sgemv {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_sgemv");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_sgemv$descriptor() {
    return cblas_sgemv.DESC;
  }

  public static MethodHandle cblas_sgemv$handle() {
    return cblas_sgemv.HANDLE;
  }

  public static MemorySegment cblas_sgemv$address() {
    return cblas_sgemv.ADDR;
  }

  public static void cblas_sgemv(int order, int trans, int m, int n, float alpha, MemorySegment a, int lda, MemorySegment x, int incx, float beta, MemorySegment y, int incy) {
    MethodHandle handle$ = cblas_sgemv.HANDLE;
    try {
      handle$.invokeExact(order, trans, m, n, alpha, a, lda, x, incx, beta, y, incy);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_sgemv declares no checked exception", e$);
    }
  }

  private static class cblas_dgemv {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_DOUBLE, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_DOUBLE, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_dgemv");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_dgemv$descriptor() {
    return cblas_dgemv.DESC;
  }

  public static MethodHandle cblas_dgemv$handle() {
    return cblas_dgemv.HANDLE;
  }

  public static MemorySegment cblas_dgemv$address() {
    return cblas_dgemv.ADDR;
  }

  public static void cblas_dgemv(int order, int trans, int m, int n, double alpha, MemorySegment a, int lda, MemorySegment x, int incx, double beta, MemorySegment y, int incy) {
    MethodHandle handle$ = cblas_dgemv.HANDLE;
    try {
      handle$.invokeExact(order, trans, m, n, alpha, a, lda, x, incx, beta, y, incy);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_dgemv declares no checked exception", e$);
    }
  }

  private static class cblas_sger {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_sger");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_sger$descriptor() {
    return cblas_sger.DESC;
  }

  public static MethodHandle cblas_sger$handle() {
    return cblas_sger.HANDLE;
  }

  public static MemorySegment cblas_sger$address() {
    return cblas_sger.ADDR;
  }

  public static void cblas_sger(int order, int m, int n, float alpha, MemorySegment x, int incx, MemorySegment y, int incy, MemorySegment a, int lda) {
    MethodHandle handle$ = cblas_sger.HANDLE;
    try {
      handle$.invokeExact(order, m, n, alpha, x, incx, y, incy, a, lda);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_sger declares no checked exception", e$);
    }
  }

  private static class cblas_sgemm {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_sgemm");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_sgemm$descriptor() {
    return cblas_sgemm.DESC;
  }

  public static MethodHandle cblas_sgemm$handle() {
    return cblas_sgemm.HANDLE;
  }

  public static MemorySegment cblas_sgemm$address() {
    return cblas_sgemm.ADDR;
  }

  public static void cblas_sgemm(int order, int transA, int transB, int m, int n, int k, float alpha, MemorySegment a, int lda, MemorySegment b, int ldb, float beta, MemorySegment c, int ldc) {
    MethodHandle handle$ = cblas_sgemm.HANDLE;
    try {
      handle$.invokeExact(order, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_sgemm declares no checked exception", e$);
    }
  }

  private static class cblas_dgemm {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_DOUBLE, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_DOUBLE, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_dgemm");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_dgemm$descriptor() {
    return cblas_dgemm.DESC;
  }

  public static MethodHandle cblas_dgemm$handle() {
    return cblas_dgemm.HANDLE;
  }

  public static MemorySegment cblas_dgemm$address() {
    return cblas_dgemm.ADDR;
  }

  public static void cblas_dgemm(int order, int transA, int transB, int m, int n, int k, double alpha, MemorySegment a, int lda, MemorySegment b, int ldb, double beta, MemorySegment c, int ldc) {
    MethodHandle handle$ = cblas_dgemm.HANDLE;
    try {
      handle$.invokeExact(order, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_dgemm declares no checked exception", e$);
    }
  }

  private static class cblas_ssyrk {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.ofVoid(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_FLOAT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("cblas_ssyrk");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor cblas_ssyrk$descriptor() {
    return cblas_ssyrk.DESC;
  }

  public static MethodHandle cblas_ssyrk$handle() {
    return cblas_ssyrk.HANDLE;
  }

  public static MemorySegment cblas_ssyrk$address() {
    return cblas_ssyrk.ADDR;
  }

  public static void cblas_ssyrk(int order, int uplo, int trans, int n, int k, float alpha, MemorySegment a, int lda, float beta, MemorySegment c, int ldc) {
    MethodHandle handle$ = cblas_ssyrk.HANDLE;
    try {
      handle$.invokeExact(order, uplo, trans, n, k, alpha, a, lda, beta, c, ldc);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("cblas_ssyrk declares no checked exception", e$);
    }
  }

  private static class LAPACKE_sgeqrf {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("LAPACKE_sgeqrf");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor LAPACKE_sgeqrf$descriptor() {
    return LAPACKE_sgeqrf.DESC;
  }

  public static MethodHandle LAPACKE_sgeqrf$handle() {
    return LAPACKE_sgeqrf.HANDLE;
  }

  public static MemorySegment LAPACKE_sgeqrf$address() {
    return LAPACKE_sgeqrf.ADDR;
  }

  public static int LAPACKE_sgeqrf(int matrix_layout, int m, int n, MemorySegment a, int lda, MemorySegment tau) {
    MethodHandle handle$ = LAPACKE_sgeqrf.HANDLE;
    try {
      return (int) handle$.invokeExact(matrix_layout, m, n, a, lda, tau);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("LAPACKE_sgeqrf declares no checked exception", e$);
    }
  }

  private static class LAPACKE_dgeqrf {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("LAPACKE_dgeqrf");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor LAPACKE_dgeqrf$descriptor() {
    return LAPACKE_dgeqrf.DESC;
  }

  public static MethodHandle LAPACKE_dgeqrf$handle() {
    return LAPACKE_dgeqrf.HANDLE;
  }

  public static MemorySegment LAPACKE_dgeqrf$address() {
    return LAPACKE_dgeqrf.ADDR;
  }

  public static int LAPACKE_dgeqrf(int matrix_layout, int m, int n, MemorySegment a, int lda, MemorySegment tau) {
    MethodHandle handle$ = LAPACKE_dgeqrf.HANDLE;
    try {
      return (int) handle$.invokeExact(matrix_layout, m, n, a, lda, tau);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("LAPACKE_dgeqrf declares no checked exception", e$);
    }
  }

  private static class LAPACKE_sorgqr {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("LAPACKE_sorgqr");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor LAPACKE_sorgqr$descriptor() {
    return LAPACKE_sorgqr.DESC;
  }

  public static MethodHandle LAPACKE_sorgqr$handle() {
    return LAPACKE_sorgqr.HANDLE;
  }

  public static MemorySegment LAPACKE_sorgqr$address() {
    return LAPACKE_sorgqr.ADDR;
  }

  public static int LAPACKE_sorgqr(int matrix_layout, int m, int n, int k, MemorySegment a, int lda, MemorySegment tau) {
    MethodHandle handle$ = LAPACKE_sorgqr.HANDLE;
    try {
      return (int) handle$.invokeExact(matrix_layout, m, n, k, a, lda, tau);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("LAPACKE_sorgqr declares no checked exception", e$);
    }
  }

  private static class LAPACKE_dorgqr {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("LAPACKE_dorgqr");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor LAPACKE_dorgqr$descriptor() {
    return LAPACKE_dorgqr.DESC;
  }

  public static MethodHandle LAPACKE_dorgqr$handle() {
    return LAPACKE_dorgqr.HANDLE;
  }

  public static MemorySegment LAPACKE_dorgqr$address() {
    return LAPACKE_dorgqr.ADDR;
  }

  public static int LAPACKE_dorgqr(int matrix_layout, int m, int n, int k, MemorySegment a, int lda, MemorySegment tau) {
    MethodHandle handle$ = LAPACKE_dorgqr.HANDLE;
    try {
      return (int) handle$.invokeExact(matrix_layout, m, n, k, a, lda, tau);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("LAPACKE_dorgqr declares no checked exception", e$);
    }
  }

  private static class LAPACKE_sgesdd {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_CHAR, cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("LAPACKE_sgesdd");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor LAPACKE_sgesdd$descriptor() {
    return LAPACKE_sgesdd.DESC;
  }

  public static MethodHandle LAPACKE_sgesdd$handle() {
    return LAPACKE_sgesdd.HANDLE;
  }

  public static MemorySegment LAPACKE_sgesdd$address() {
    return LAPACKE_sgesdd.ADDR;
  }

  public static int LAPACKE_sgesdd(int matrix_layout, byte jobz, int m, int n, MemorySegment a, int lda, MemorySegment s, MemorySegment u, int ldu, MemorySegment vt, int ldvt) {
    MethodHandle handle$ = LAPACKE_sgesdd.HANDLE;
    try {
      return (int) handle$.invokeExact(matrix_layout, jobz, m, n, a, lda, s, u, ldu, vt, ldvt);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("LAPACKE_sgesdd declares no checked exception", e$);
    }
  }

  private static class LAPACKE_ssyevd {
    static final FunctionDescriptor DESC =
        FunctionDescriptor.of(cblas_h.C_INT, cblas_h.C_INT, cblas_h.C_CHAR, cblas_h.C_CHAR, cblas_h.C_INT, cblas_h.C_POINTER, cblas_h.C_INT, cblas_h.C_POINTER);
    static final MemorySegment ADDR = SYMBOL_LOOKUP.findOrThrow("LAPACKE_ssyevd");
    static final MethodHandle HANDLE = Linker.nativeLinker().downcallHandle(ADDR, DESC);
  }

  public static FunctionDescriptor LAPACKE_ssyevd$descriptor() {
    return LAPACKE_ssyevd.DESC;
  }

  public static MethodHandle LAPACKE_ssyevd$handle() {
    return LAPACKE_ssyevd.HANDLE;
  }

  public static MemorySegment LAPACKE_ssyevd$address() {
    return LAPACKE_ssyevd.ADDR;
  }

  public static int LAPACKE_ssyevd(int matrix_layout, byte jobz, byte uplo, int n, MemorySegment a, int lda, MemorySegment w) {
    MethodHandle handle$ = LAPACKE_ssyevd.HANDLE;
    try {
      return (int) handle$.invokeExact(matrix_layout, jobz, uplo, n, a, lda, w);
    } catch (Error | RuntimeException e$) {
      throw e$;
    } catch (Throwable e$) {
      throw new AssertionError("LAPACKE_ssyevd declares no checked exception", e$);
    }
  }

}
