package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/** Copies between host and device and within the device; float32 and float64 convert. */
final class Transfers implements AutoCloseable {
  private final CudaContext context;
  private final Staging staging;
  private final String copying;
  private final KernelCall toDouble;
  private final KernelCall toFloat;

  Transfers(CudaContext context, KernelLibrary library) {
    this.context = context;
    copying = "cudaMemcpyAsync on " + context.device().name();
    toDouble = new KernelCall(context, library, "toDouble", 3);
    toFloat = new KernelCall(context, library, "toFloat", 3);
    staging = new Staging(context);
  }

  /** Copies all elements; waits for the device only when they go to the host. */
  void copy(Tensor from, Tensor to) {
    boolean fromHost = from.memory() instanceof HostMemory;
    boolean toHost = to.memory() instanceof HostMemory;
    if (fromHost != toHost) {
      context.refuseInRecording(fromHost ? "a copy from the host" : "a copy to the host");
    }
    if (fromHost && toHost) {
      copyOnHost(from, to);
    } else if (fromHost) {
      upload(from, to);
    } else if (toHost) {
      download(from, to);
    } else {
      copyOnDevice(from, to);
    }
  }

  private static long bytes(Tensor tensor) {
    return tensor.size() * tensor.dtype().bytes();
  }

  private static void copyOnHost(Tensor from, Tensor to) {
    if (from.dtype() == to.dtype()) {
      to.segment().copyFrom(from.segment());
      return;
    }
    for (long i = 0; i < from.size(); i++) {
      to.set(i, from.get(i));
    }
  }

  private void upload(Tensor from, Tensor to) {
    CudaContext other = otherOwner(to);
    if (other != null) {
      other.synchronize(); // it may still read what is to be overwritten
    }
    if (from.dtype() == to.dtype()) {
      if (pinned(from)) {
        direct(from.address(), bytes(to), address(to), cudart_h.cudaMemcpyHostToDevice());
      } else {
        staging.upload(from.address(), bytes(to), address(to));
      }
      DeviceMemory.uploaded(from, to);
    } else {
      try (Workspace host = Workspace.host(to.dtype())) {
        Tensor converted = host.real(to.size());
        copyOnHost(from, converted);
        staging.upload(converted.address(), bytes(to), address(to));
        DeviceMemory.uploaded(converted, to);
      }
    }
    if (other != null) {
      context.synchronize(); // the other context may read it without asking this one
    }
  }

  private void download(Tensor from, Tensor to) {
    CudaContext other = otherOwner(from);
    if (other != null) {
      other.synchronize();
    }
    if (from.dtype() == to.dtype() && pinned(to)) {
      direct(address(from), bytes(from), to.address(), cudart_h.cudaMemcpyDeviceToHost());
      context.synchronize();
      return;
    }
    if (from.dtype() == to.dtype()) {
      staging.download(address(from), bytes(from), to.address());
      return;
    }
    try (Workspace host = Workspace.host(from.dtype())) {
      Tensor raw = host.real(from.size());
      staging.download(address(from), bytes(from), raw.address());
      copyOnHost(raw, to);
    }
  }

  private void copyOnDevice(Tensor from, Tensor to) {
    CudaContext source = otherOwner(from);
    CudaContext target = otherOwner(to);
    if (source != null) {
      source.synchronize();
    }
    if (target != null) {
      target.synchronize();
    }
    DeviceMemory.overwritten(to);
    long bytes = bytes(from);
    if (from.dtype() != to.dtype()) {
      KernelCall conversion = to.dtype() == DType.F64 ? toDouble : toFloat;
      conversion.set(0, from.size()).set(1, address(from)).set(2, address(to)).run(from.size());
    } else if (bytes > 0) {
      direct(address(from), bytes, address(to), cudart_h.cudaMemcpyDeviceToDevice());
    }
    if (source != null || target != null) {
      context.synchronize(); // the owners go on without asking this context
    }
  }

  private static boolean pinned(Tensor host) {
    return ((HostMemory) host.memory()).isPinned();
  }

  /** Returns when the copy has been asked for. */
  private void direct(long from, long bytes, long to, int kind) {
    StreamMemory.copy(context, from, bytes, to, kind, copying);
  }

  /** Another context whose stream works with the tensor's memory; null: none. */
  private @Nullable CudaContext otherOwner(Tensor tensor) {
    CudaContext owner = DeviceMemory.owner(tensor);
    return owner == context ? null : owner;
  }

  /** To be called when the stream has been waited for. */
  @Override
  public void close() {
    staging.close();
  }
}
