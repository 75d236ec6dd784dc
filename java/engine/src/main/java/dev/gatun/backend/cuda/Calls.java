package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.bindings.generated.cublas.cublas_h;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.bindings.generated.nvrtc.nvrtc_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Turns the status of a CUDA library's call into an exception that names the call. */
final class Calls {
  /** Bytes asked for of cuDNN's last message. */
  private static final int MESSAGE = 1024;

  /** {@code code / 1000} of all NOT_SUPPORTED statuses. */
  private static final int NOT_SUPPORTED = cudnn_h.CUDNN_STATUS_NOT_SUPPORTED() / 1000;

  private Calls() {}

  /** What a call by method handle threw, to be thrown. */
  static RuntimeException unchecked(Throwable e) {
    if (e instanceof Error error) {
      throw error;
    }
    return e instanceof RuntimeException unchecked
        ? unchecked
        : new IllegalStateException("a C function throws no checked exception", e);
  }

  /** A {@code cudaError_t}. */
  static void runtime(int status, String call) {
    if (status != cudart_h.cudaSuccess()) {
      cudart_h.cudaGetLastError(); // what does not stick must not fail the next call too
      throw new DeviceException(
          "%s: %s (%s, %d)"
              .formatted(
                  call,
                  cudart_h.cudaGetErrorString(status).getString(0),
                  cudart_h.cudaGetErrorName(status).getString(0),
                  status));
    }
  }

  /** A {@code cudnnStatus_t}. */
  static void dnn(int status, String call) {
    if (status != 0) {
      throw new DeviceException(call + ": " + dnnReason(status), status);
    }
  }

  /** Whether a {@code cudnnStatus_t} is one of those that say "not supported". */
  static boolean unsupported(int status) {
    return status / 1000 == NOT_SUPPORTED;
  }

  /** A status in words, with cuDNN's own account of it where there is one. */
  static String dnnReason(int status) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment message = arena.allocate(MESSAGE);
      cudnn_h.cudnnGetLastErrorString(message, MESSAGE);
      String last = message.getString(0).strip();
      return "%s (%d)%s"
          .formatted(
              cudnn_h.cudnnGetErrorString(status).getString(0),
              status,
              last.isEmpty() ? "" : ", " + last);
    }
  }

  /** A {@code cublasStatus_t}. */
  static void blas(int status, String call) {
    if (status != 0) {
      throw new DeviceException(
          "%s: %s (%d)"
              .formatted(call, cublas_h.cublasGetStatusString(status).getString(0), status));
    }
  }

  /** An {@code nvrtcResult}. */
  static void compiler(int status, String call) {
    if (status != 0) {
      throw new DeviceException(
          "%s: %s (%d)".formatted(call, nvrtc_h.nvrtcGetErrorString(status).getString(0), status));
    }
  }
}
