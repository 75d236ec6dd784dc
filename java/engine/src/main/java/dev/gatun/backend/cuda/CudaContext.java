package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.bindings.generated.cublas.cublas_h;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A stream of a device, with the handles of cuDNN and cuBLAS that work on it. Everything is done in
 * the order in which it was asked for; the host waits only in {@link #synchronize}.
 */
final class CudaContext implements AutoCloseable {
  private final Device device;
  private final String synchronizing;
  private final MemorySegment stream;
  private final MemorySegment dnn;
  private final MemorySegment blas;
  private final Precision precision;
  private final @Nullable LossScale lossScale;
  private final @Nullable CudnnDropout dropout;

  private boolean closed;
  private boolean recording;

  /** Opens a stream of its own. */
  CudaContext(Device device, Precision precision, DropoutMasks masks) {
    this.device = device;
    dropout = masks == DropoutMasks.CUDNN ? new CudnnDropout(this) : null;
    this.precision = precision;
    synchronizing = "cudaStreamSynchronize on " + device.name();
    device.makeCurrent();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.runtime(
          cudart_h.cudaStreamCreateWithFlags(pointer, cudart_h.cudaStreamNonBlocking()),
          "cudaStreamCreateWithFlags");
      stream = pointer.get(ValueLayout.ADDRESS, 0);
      dnn = openDnn(pointer);
      blas = openBlas(pointer);
    }
    lossScale = precision == Precision.FP16 ? openLossScale() : null;
  }

  /** Scalars of products lie on the device then: the inverse of the scale changes there. */
  private LossScale openLossScale() {
    LossScale scale = null;
    try {
      scale = new LossScale(this);
      Calls.blas(
          cublas_h.cublasSetPointerMode_v2(blas, cublas_h.CUBLAS_POINTER_MODE_DEVICE()),
          "cublasSetPointerMode");
      return scale;
    } catch (RuntimeException | Error e) {
      close();
      if (scale != null) {
        scale.close();
      }
      throw e;
    }
  }

  /** Unwinds what was opened before it when it fails. */
  private MemorySegment openDnn(MemorySegment pointer) {
    MemorySegment handle = MemorySegment.NULL;
    try {
      Calls.dnn(cudnn_h.cudnnCreate(pointer), "cudnnCreate");
      handle = pointer.get(ValueLayout.ADDRESS, 0);
      Calls.dnn(cudnn_h.cudnnSetStream(handle, stream), "cudnnSetStream");
      return handle;
    } catch (RuntimeException e) {
      if (handle.address() != 0) {
        cudnn_h.cudnnDestroy(handle);
      }
      cudart_h.cudaStreamDestroy(stream);
      throw e;
    }
  }

  private MemorySegment openBlas(MemorySegment pointer) {
    MemorySegment handle = MemorySegment.NULL;
    try {
      Calls.blas(cublas_h.cublasCreate_v2(pointer), "cublasCreate");
      handle = pointer.get(ValueLayout.ADDRESS, 0);
      Calls.blas(cublas_h.cublasSetStream_v2(handle, stream), "cublasSetStream");
      return handle;
    } catch (RuntimeException e) {
      if (handle.address() != 0) {
        cublas_h.cublasDestroy_v2(handle);
      }
      cudnn_h.cudnnDestroy(dnn);
      cudart_h.cudaStreamDestroy(stream);
      throw e;
    }
  }

  Device device() {
    return device;
  }

  /** What products are computed in. */
  Precision precision() {
    return precision;
  }

  /** What gradients are multiplied by; null where none are. */
  @Nullable LossScale lossScale() {
    return lossScale;
  }

  /** What draws the masks between layers; null: we do. */
  @Nullable CudnnDropout dropout() {
    return dropout;
  }

  /** As {@link dev.gatun.backend.Backend#state}. */
  SequencedMap<String, Tensor> state() {
    SequencedMap<String, Tensor> state = new LinkedHashMap<>();
    if (lossScale != null) {
      state.put("loss_scale", lossScale.state());
    }
    Tensor generator = dropout == null ? null : dropout.states();
    if (generator != null) {
      state.put("cudnn_dropout", generator);
    }
    return state;
  }

  /** {@code cudaStream_t}. */
  MemorySegment stream() {
    return stream;
  }

  /** {@code cudnnHandle_t}. */
  MemorySegment dnn() {
    return dnn;
  }

  /** {@code cublasHandle_t}. */
  MemorySegment blas() {
    return blas;
  }

  /**
   * To be called by each public operation before it calls a library: the thread may have worked
   * with another device since.
   */
  void enter() {
    device.makeCurrent();
  }

  /** Says that what the stream is asked for from now on is captured, or no longer. */
  void recording(boolean value) {
    recording = value;
  }

  /** Whether what the stream is asked for is captured and not done. */
  boolean isRecording() {
    return recording;
  }

  /**
   * To be called before what a graph cannot hold.
   *
   * @param what for the message, as "a copy from the host"
   */
  void refuseInRecording(String what) {
    if (recording) {
      throw new DeviceException(
          "a recording for "
              + device.name()
              + " cannot hold "
              + what
              + ": do that before it, and run the work once by itself before it is recorded");
    }
  }

  /**
   * Waits for everything asked of this stream, on any thread; errors of kernels come out here.
   * After {@link #close} there is nothing to wait for.
   */
  synchronized void synchronize() {
    if (!closed) {
      refuseInRecording("waiting for the device");
      Calls.runtime(cudart_h.cudaStreamSynchronize(stream), synchronizing);
    }
  }

  /** Waits, then frees the handles, the stream and the loss scale. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      device.makeCurrentToFree();
      cudart_h.cudaStreamSynchronize(stream);
      cublas_h.cublasDestroy_v2(blas);
      cudnn_h.cudnnDestroy(dnn);
      cudart_h.cudaStreamDestroy(stream);
      if (lossScale != null) {
        lossScale.close();
      }
      if (dropout != null) {
        dropout.close();
      }
    }
  }
}
