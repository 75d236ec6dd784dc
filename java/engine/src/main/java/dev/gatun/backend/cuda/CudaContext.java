package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cublas.cublas_h;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

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

  private boolean closed;

  /** Opens a stream of its own. */
  CudaContext(Device device) {
    this.device = device;
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

  /**
   * Waits for everything asked of this stream, on any thread; errors of kernels come out here.
   * After {@link #close} there is nothing to wait for.
   */
  synchronized void synchronize() {
    if (!closed) {
      Calls.runtime(cudart_h.cudaStreamSynchronize(stream), synchronizing);
    }
  }

  /** Waits, then frees the handles and the stream. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      device.makeCurrentToFree();
      cudart_h.cudaStreamSynchronize(stream);
      cublas_h.cublasDestroy_v2(blas);
      cudnn_h.cudnnDestroy(dnn);
      cudart_h.cudaStreamDestroy(stream);
    }
  }
}
