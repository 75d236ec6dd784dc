package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;

import dev.gatun.backend.Feedback;
import dev.gatun.backend.FeedbackIo;

/** Scheduled sampling, a row for each block. */
final class CudaFeedback implements Feedback {
  private final Work work;
  private final FeedbackIo io;
  private final KernelCall kernel;

  CudaFeedback(CudaContext context, Work work, FeedbackIo io) {
    this.work = work;
    this.io = io;
    KernelLibrary library = KernelLibrary.of(context.device(), "feedback.cu");
    kernel = new KernelCall(context, library, "feedback", 10);
  }

  @Override
  public void run(int t, int n) {
    io.check(t, n);
    try (Work _ = work.enter()) {
      kernel.set(0, (long) t * n).set(1, (long) n).set(2, io.width());
      kernel.set(3, address(io.logits())).set(4, address(io.given())).set(5, address(io.mixed()));
      kernel.set(6, address(io.probability())).set(7, io.key().seed()).set(8, io.key().layer());
      kernel.set(9, address(io.key().step()));
      kernel.run(t * n, 1, KernelCall.BLOCK);
    }
  }
}
