package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.Precision;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Numbers of float32 to 16 bits and back, on a context of such a precision. */
final class Rounding {
  /** The source of its kernels. */
  static final String KERNELS = "precision.cu";

  /** Bytes of a rounded number. */
  static final int BYTES = 2;

  private final KernelCall round;
  private final KernelCall widen;
  private final long state;
  private final long inverse;

  private Rounding(CudaContext context, boolean half) {
    KernelLibrary library = KernelLibrary.of(context.device(), KERNELS);
    round = new KernelCall(context, library, half ? "roundHalf" : "roundBrain", 7);
    widen = new KernelCall(context, library, half ? "widenHalf" : "widenBrain", 5);
    LossScale scale = context.lossScale();
    Tensor values = scale == null ? null : scale.state();
    state = addressOrNull(values);
    inverse = scale == null ? 0 : scale.inverse();
  }

  /** Of a context; null where it computes in float32 or TF32, which the device rounds to itself. */
  static @Nullable Rounding of(CudaContext context) {
    Precision precision = context.precision();
    return switch (precision) {
      case FP32, TF32 -> null;
      case FP16, BF16 -> new Rounding(context, precision == Precision.FP16);
    };
  }

  /**
   * Rounds.
   *
   * @param from [rows, columns] of float32, rows {@code width} elements apart
   * @param to [rows, columns] of 16 bits, dense
   * @param gradient whether to multiply by the loss scale first
   */
  void round(long rows, int columns, long from, long width, long to, boolean gradient) {
    round
        .set(0, rows)
        .set(1, columns)
        .set(2, from)
        .set(3, width)
        .set(4, to)
        .set(5, gradient ? state : 0)
        .set(6, inverse)
        .run(rows * columns);
  }

  /** Rounds a vector. */
  void round(long count, long from, long to, boolean gradient) {
    round(count, 1, from, 1, to, gradient);
  }

  /**
   * Back to float32.
   *
   * @param gradient whether to divide by the loss scale then
   * @param add to what is there
   */
  void widen(long count, long from, long to, boolean gradient, boolean add) {
    widen
        .set(0, count)
        .set(1, from)
        .set(2, to)
        .set(3, gradient ? state : 0)
        .set(4, add ? 1 : 0)
        .run(count);
  }
}
