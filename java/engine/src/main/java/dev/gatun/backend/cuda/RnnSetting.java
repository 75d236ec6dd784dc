package dev.gatun.backend.cuda;

import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.tensor.Workspace;

/**
 * What the parts of a stack share.
 *
 * @param context runs it
 * @param workspace holds its memory
 * @param kernels for what cuDNN does not do
 * @param lengths of the present batch
 * @param work cuDNN's scratch: one call at a time uses it
 * @param io the stack's tensors, of which parts use the states
 * @param mode inference or training
 * @param strict whether what cuDNN does not support is an error, and no other algorithm takes over
 */
record RnnSetting(
    CudaContext context,
    Workspace workspace,
    RnnKernels kernels,
    SequenceLengths lengths,
    Scratch work,
    RecurrentIo io,
    Mode mode,
    boolean strict) {

  boolean trains() {
    return mode == Mode.TRAINING;
  }

  int maxTime() {
    return Math.toIntExact(io.x().dim(0));
  }

  int maxBatch() {
    return Math.toIntExact(io.x().dim(1));
  }
}
