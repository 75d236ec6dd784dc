package dev.gatun.backend.cuda;

import dev.gatun.backend.Precision;
import dev.gatun.bindings.generated.cudnn.cudnn_h;

/** How cuDNN is told of a precision. Sums are always float32. */
final class DnnType {
  private DnnType() {}

  /** {@code cudnnDataType_t} of sequences, states and weights. */
  static int of(Precision precision) {
    return switch (precision) {
      case FP32, TF32 -> cudnn_h.CUDNN_DATA_FLOAT();
      case FP16 -> cudnn_h.CUDNN_DATA_HALF();
      case BF16 -> cudnn_h.CUDNN_DATA_BFLOAT16();
    };
  }

  /** {@code cudnnMathType_t}: the default of float is TF32. */
  static int math(Precision precision) {
    return switch (precision) {
      case FP32 -> cudnn_h.CUDNN_FMA_MATH();
      case TF32 -> cudnn_h.CUDNN_DEFAULT_MATH();
      case FP16, BF16 -> cudnn_h.CUDNN_TENSOR_OP_MATH();
    };
  }

  /** The bytes of an element. */
  static int bytes(Precision precision) {
    return switch (precision) {
      case FP32, TF32 -> Float.BYTES;
      case FP16, BF16 -> Rounding.BYTES;
    };
  }
}
