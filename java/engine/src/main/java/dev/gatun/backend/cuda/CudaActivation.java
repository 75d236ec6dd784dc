package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.RowActivation;

/** An activation of rows: an element for each thread, of softmax a row for each block. */
final class CudaActivation implements RowActivation {
  private final Work work;
  private final ActivationIo io;
  private final int code;
  private final boolean byRows;
  private final KernelCall forward;
  private final KernelCall backward;

  CudaActivation(CudaContext context, Work work, Activation activation, ActivationIo io) {
    this.work = work;
    this.io = io;
    code = ActivationCode.of(activation);
    byRows = activation == Activation.SOFTMAX;
    KernelLibrary library = KernelLibrary.of(context.device(), "activations.cu");
    forward = new KernelCall(context, library, byRows ? "softmax" : "activation", 5);
    String back = byRows ? "softmaxBackward" : "activationBackward";
    backward = new KernelCall(context, library, back, 6);
  }

  @Override
  public void forward(int rows) {
    io.check(rows);
    try (Work _ = work.enter()) {
      forward.set(0, (long) rows).set(1, io.width()).set(2, code);
      forward.set(3, address(io.x())).set(4, address(io.y()));
      run(forward, rows);
    }
  }

  @Override
  public void backward(int rows) {
    io.check(rows);
    long dy = address(io.gradientIn());
    long dx = address(io.gradientOut());
    try (Work _ = work.enter()) {
      backward.set(0, (long) rows).set(1, io.width()).set(2, code);
      backward.set(3, address(io.y())).set(4, dy).set(5, dx);
      run(backward, rows);
    }
  }

  private void run(KernelCall kernel, int rows) {
    if (byRows && rows > 0) {
      kernel.run(rows, 1, KernelCall.BLOCK);
    } else {
      kernel.run((long) rows * io.width());
    }
  }
}
