package dev.gatun.backend.cuda;

import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_OP_N;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_OP_T;

import dev.gatun.bindings.Cuda;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Matrix products by cuBLAS in float32: its default mode keeps every bit of it (TF32 would have to
 * be asked for), and one handle on one stream gives the same bits from run to run. Matrices are
 * row-major at device addresses; cuBLAS reads columns first, and so sees the transpose of each.
 */
final class Products {
  private static final MethodHandle SGEMM = Cuda.sgemm();

  /** Read by the call itself, not by the device. */
  private static final long ZERO = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 0).address();

  private static final long ONE = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 1).address();

  private static final String CALL = "cublasSgemm";

  private final long handle;

  Products(CudaContext context) {
    handle = context.blas().address();
  }

  /** y [rows, o] = x [rows, k] weight' [o, k]. Sizes are at least 1. */
  void forward(int rows, int o, int k, long x, long weight, long y) {
    forward(rows, o, k, x, weight, y, o);
  }

  /** As {@link #forward(int, int, int, long, long, long)}; ldy leads from row to row of y. */
  void forward(int rows, int o, int k, long x, long weight, long y, int ldy) {
    try {
      int status =
          (int)
              SGEMM.invokeExact(
                  handle,
                  CUBLAS_OP_T(),
                  CUBLAS_OP_N(),
                  o,
                  rows,
                  k,
                  ONE,
                  weight,
                  k,
                  x,
                  k,
                  ZERO,
                  y,
                  ldy);
      Calls.blas(status, CALL);
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  /** dx [rows, k] = dy [rows, o] weight [o, k], added to it if so asked. */
  void inputGradient(int rows, int o, int k, long dy, long weight, long dx, boolean add) {
    inputGradient(rows, o, k, dy, o, weight, dx, add);
  }

  /** The same; ldy leads from row to row of dy. */
  void inputGradient(int rows, int o, int k, long dy, int ldy, long weight, long dx, boolean add) {
    long beta = add ? ONE : ZERO;
    try {
      int status =
          (int)
              SGEMM.invokeExact(
                  handle,
                  CUBLAS_OP_N(),
                  CUBLAS_OP_N(),
                  k,
                  rows,
                  o,
                  ONE,
                  weight,
                  k,
                  dy,
                  ldy,
                  beta,
                  dx,
                  k);
      Calls.blas(status, CALL);
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  /** dWeight [o, k] += dy' [rows, o] x [rows, k]; ldy and ldx lead from row to row. */
  void weightGradient(int rows, int o, int k, long dy, int ldy, long x, int ldx, long dWeight) {
    try {
      int status =
          (int)
              SGEMM.invokeExact(
                  handle,
                  CUBLAS_OP_N(),
                  CUBLAS_OP_T(),
                  k,
                  o,
                  rows,
                  ONE,
                  x,
                  ldx,
                  dy,
                  ldy,
                  ONE,
                  dWeight,
                  k);
      Calls.blas(status, CALL);
    } catch (Throwable e) {
      throw unchecked(e);
    }
  }

  private static RuntimeException unchecked(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException unchecked
        ? unchecked
        : new IllegalStateException("a C function throws no checked exception", e);
  }
}
