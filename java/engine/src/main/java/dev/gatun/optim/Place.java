package dev.gatun.optim;

/** Where parameters are updated. Where a backend's memory is the host's, both are the same. */
public enum Place {
  /** By the backend that computes the gradients, in its own memory. */
  DEVICE,

  /**
   * By the CPU, in pinned memory of the host, which holds the moments and a float32 copy of the
   * parameters: gradients come down and weights go up in each step, and the device keeps nothing
   * but these. For devices that are short of memory and rules without a kernel; results are equal
   * to rounding, and checkpoints of one go on with the other.
   */
  HOST
}
