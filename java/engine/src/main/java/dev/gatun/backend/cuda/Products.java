package dev.gatun.backend.cuda;

import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_COMPUTE_32F;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_COMPUTE_32F_FAST_TF32;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_GEMM_DEFAULT;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_OP_N;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUBLAS_OP_T;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUDA_R_16BF;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUDA_R_16F;
import static dev.gatun.bindings.generated.cublas.cublas_h.CUDA_R_32F;

import dev.gatun.backend.Precision;
import dev.gatun.bindings.Cuda;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Matrix products by cuBLAS in the precision of a context: factors are rounded to it, sums and
 * results are float32, and one handle on one stream gives the same bits from run to run. Matrices
 * are row-major and of float32 at device addresses; cuBLAS reads columns first, and so sees the
 * transpose of each.
 */
final class Products {
  private static final MethodHandle GEMM = Cuda.gemmEx();

  /** Read by the call itself, not by the device. */
  private static final long ZERO = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 0).address();

  private static final long ONE = Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, 1).address();

  private static final String CALL = "cublasGemmEx";

  private final long handle;

  /** {@code cudaDataType_t} of the factors. */
  private final int type;

  private final int compute;
  private final @Nullable Rounding rounding;

  /** Whether weights are given rounded. */
  private final boolean weightsRounded;

  private final Scratch left;
  private final Scratch right;
  private final long zero;
  private final long one;

  /** What a product with a gradient is multiplied by. */
  private final long inverse;

  /**
   * Products of a context.
   *
   * @param workspace of rounded factors: of the largest product so far
   * @param weightsRounded whether weights are given as {@link Rounding} makes them, where there is
   *     one; else each product rounds them
   */
  Products(CudaContext context, Workspace workspace, boolean weightsRounded) {
    handle = context.blas().address();
    rounding = Rounding.of(context);
    this.weightsRounded = weightsRounded;
    left = new Scratch(workspace);
    right = new Scratch(workspace);
    Precision precision = context.precision();
    type =
        switch (precision) {
          case FP32, TF32 -> CUDA_R_32F();
          case FP16 -> CUDA_R_16F();
          case BF16 -> CUDA_R_16BF();
        };
    compute = precision == Precision.TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32() : CUBLAS_COMPUTE_32F();
    LossScale scale = context.lossScale();
    zero = scale == null ? ZERO : scale.zero();
    one = scale == null ? ONE : scale.one();
    inverse = scale == null ? ONE : scale.inverse();
  }

  /** y [rows, o] = x [rows, k] weight' [o, k]. Sizes are at least 1. */
  void forward(int rows, int o, int k, long x, long weight, long y) {
    forward(rows, o, k, x, weight, y, o);
  }

  /** As {@link #forward(int, int, int, long, long, long)}; ldy leads from row to row of y. */
  void forward(int rows, int o, int k, long x, long weight, long y, int ldy) {
    long w = weight(o, k, weight);
    long r = rounded(right, rows, k, x, k, false);
    try {
      int status =
          (int)
              GEMM.invokeExact(
                  handle,
                  CUBLAS_OP_T(),
                  CUBLAS_OP_N(),
                  o,
                  rows,
                  k,
                  one,
                  w,
                  type,
                  k,
                  r,
                  type,
                  k,
                  zero,
                  y,
                  CUDA_R_32F(),
                  ldy,
                  compute,
                  CUBLAS_GEMM_DEFAULT());
      Calls.blas(status, CALL);
    } catch (Throwable e) {
      throw Calls.unchecked(e);
    }
  }

  /** dx [rows, k] = dy [rows, o] weight [o, k], added to it if so asked. */
  void inputGradient(int rows, int o, int k, long dy, long weight, long dx, boolean add) {
    inputGradient(rows, o, k, dy, o, weight, dx, add);
  }

  /** The same; ldy leads from row to row of dy. */
  void inputGradient(int rows, int o, int k, long dy, int ldy, long weight, long dx, boolean add) {
    long w = weight(o, k, weight);
    long r = rounded(right, rows, o, dy, ldy, true);
    int ldr = rounding == null ? ldy : o;
    long beta = add ? one : zero;
    try {
      int status =
          (int)
              GEMM.invokeExact(
                  handle,
                  CUBLAS_OP_N(),
                  CUBLAS_OP_N(),
                  k,
                  rows,
                  o,
                  inverse,
                  w,
                  type,
                  k,
                  r,
                  type,
                  ldr,
                  beta,
                  dx,
                  CUDA_R_32F(),
                  k,
                  compute,
                  CUBLAS_GEMM_DEFAULT());
      Calls.blas(status, CALL);
    } catch (Throwable e) {
      throw Calls.unchecked(e);
    }
  }

  /** dWeight [o, k] += dy' [rows, o] x [rows, k]; ldy and ldx lead from row to row. */
  void weightGradient(int rows, int o, int k, long dy, int ldy, long x, int ldx, long dWeight) {
    long l = rounded(left, rows, k, x, ldx, false);
    long r = rounded(right, rows, o, dy, ldy, true);
    int ldl = rounding == null ? ldx : k;
    int ldr = rounding == null ? ldy : o;
    try {
      int status =
          (int)
              GEMM.invokeExact(
                  handle,
                  CUBLAS_OP_N(),
                  CUBLAS_OP_T(),
                  k,
                  o,
                  rows,
                  inverse,
                  l,
                  type,
                  ldl,
                  r,
                  type,
                  ldr,
                  one,
                  dWeight,
                  CUDA_R_32F(),
                  k,
                  compute,
                  CUBLAS_GEMM_DEFAULT());
      Calls.blas(status, CALL);
    } catch (Throwable e) {
      throw Calls.unchecked(e);
    }
  }

  /** The bytes of an element of weights that are given rounded. */
  int weightBytes() {
    return rounding == null ? Float.BYTES : Rounding.BYTES;
  }

  /**
   * Rounds weights [o, k] once for many products; does nothing where none are rounded.
   *
   * @param to [o, k] of {@link #weightBytes} each
   */
  void roundWeights(int o, int k, long weight, long to) {
    if (rounding != null) {
      rounding.round(o, k, weight, k, to, false);
    }
  }

  private long weight(int o, int k, long weight) {
    return weightsRounded ? weight : rounded(left, o, k, weight, k, false);
  }

  /** The address of a factor as cuBLAS gets it: dense if it is rounded, else as it is. */
  private long rounded(
      Scratch scratch, int rows, int columns, long from, int width, boolean gradient) {
    if (rounding == null) {
      return from;
    }
    scratch.atLeast((long) rows * columns * Rounding.BYTES);
    long to = scratch.segment().address();
    rounding.round(rows, columns, from, width, to, gradient);
    return to;
  }
}
