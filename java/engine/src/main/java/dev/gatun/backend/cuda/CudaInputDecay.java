package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.InputDecay;
import dev.gatun.backend.InputDecayIo;

/** The decay of missing inputs: an input of a row for each thread. */
final class CudaInputDecay implements InputDecay {
  private final Work work;
  private final RowKernels sums;
  private final InputDecayIo io;
  private final KernelCall forward;
  private final KernelCall backward;

  CudaInputDecay(CudaContext context, Work work, RowKernels sums, InputDecayIo io) {
    this.work = work;
    this.sums = sums;
    this.io = io;
    KernelLibrary library = KernelLibrary.of(context.device(), "decay.cu");
    forward = new KernelCall(context, library, "inputDecay", 6);
    backward = new KernelCall(context, library, "inputDecayBackward", 8);
  }

  @Override
  public void forward(int rows) {
    io.check(rows);
    try (Work _ = work.enter()) {
      set(forward, rows).set(5, address(io.y()));
      forward.run((long) rows * io.inputs());
    }
  }

  @Override
  public void backward(int rows) {
    InputDecayIo.Gradients d = io.given();
    io.check(rows);
    try (Work _ = work.enter()) {
      set(backward, rows).set(5, address(d.dy())).set(6, address(d.scratch()));
      backward.set(7, addressOrNull(d.dx())).run((long) rows * io.inputs());
      if (rows > 0) {
        sums.columnSums(rows, 2 * io.inputs(), d.scratch(), d.dDecay());
      }
    }
  }

  private KernelCall set(KernelCall call, int rows) {
    call.set(0, (long) rows).set(1, (long) io.inputs()).set(2, address(io.x()));
    return call.set(3, address(io.mean())).set(4, address(io.decay()));
  }
}
