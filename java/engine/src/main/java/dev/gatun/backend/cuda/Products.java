package dev.gatun.backend.cuda;

import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_OP_N;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_OP_T;
import static dev.gatun.bindings.generated.cublas.cublas_h.cublasSgemm_v2;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Matrix products by cuBLAS in float32: its default mode keeps every bit of it (TF32 would have to
 * be asked for), and one handle on one stream gives the same bits from run to run. Matrices are
 * row-major at device addresses; cuBLAS reads columns first, and so sees the transpose of each.
 */
final class Products {
  private final MemorySegment handle;
  private final MemorySegment zero;
  private final MemorySegment one;

  Products(CudaContext context) {
    handle = context.blas();
    // Garbage with this object; read by the call itself, not by the device.
    Arena arena = Arena.ofAuto();
    zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0f);
    one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1f);
  }

  private static MemorySegment at(long address) {
    return MemorySegment.ofAddress(address);
  }

  /** y [rows, o] = x [rows, k] weight' [o, k]. Sizes are at least 1. */
  void forward(int rows, int o, int k, long x, long weight, long y) {
    forward(rows, o, k, x, weight, y, o);
  }

  /** As {@link #forward(int, int, int, long, long, long)}; ldy leads from row to row of y. */
  void forward(int rows, int o, int k, long x, long weight, long y, int ldy) {
    Calls.blas(
        cublasSgemm_v2(
            handle,
            CUBLAS_OP_T(),
            CUBLAS_OP_N(),
            o,
            rows,
            k,
            one,
            at(weight),
            k,
            at(x),
            k,
            zero,
            at(y),
            ldy),
        "cublasSgemm");
  }

  /** dx [rows, k] = dy [rows, o] weight [o, k], added to it if so asked. */
  void inputGradient(int rows, int o, int k, long dy, long weight, long dx, boolean add) {
    inputGradient(rows, o, k, dy, o, weight, dx, add);
  }

  /** The same; ldy leads from row to row of dy. */
  void inputGradient(int rows, int o, int k, long dy, int ldy, long weight, long dx, boolean add) {
    MemorySegment beta = add ? one : zero;
    Calls.blas(
        cublasSgemm_v2(
            handle,
            CUBLAS_OP_N(),
            CUBLAS_OP_N(),
            k,
            rows,
            o,
            one,
            at(weight),
            k,
            at(dy),
            ldy,
            beta,
            at(dx),
            k),
        "cublasSgemm");
  }

  /** dWeight [o, k] += dy' [rows, o] x [rows, k]; ldy and ldx lead from row to row. */
  void weightGradient(int rows, int o, int k, long dy, int ldy, long x, int ldx, long dWeight) {
    Calls.blas(
        cublasSgemm_v2(
            handle,
            CUBLAS_OP_N(),
            CUBLAS_OP_T(),
            k,
            o,
            rows,
            one,
            at(x),
            ldx,
            at(dy),
            ldy,
            one,
            at(dWeight),
            k),
        "cublasSgemm");
  }
}
