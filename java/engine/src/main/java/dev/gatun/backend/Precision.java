package dev.gatun.backend;

/**
 * What matrix products and cuDNN's recurrent stacks compute in. Parameters, gradients, moments and
 * the activations between operations are float32 in all of them, sums are taken in float32, and
 * losses, norms, cells of our own and reductions never use less.
 */
public enum Precision {
  /** Factors as they are: 24 significant bits. */
  FP32("fp32", 24),

  /** Factors rounded by the device to 11 significant bits, with the range of float32. */
  TF32("tf32", 11),

  /**
   * Factors rounded to half precision: 11 significant bits, up to 65,504 and down to 6e-8.
   * Gradients are multiplied by {@link Backend#lossScale} while they are.
   */
  FP16("fp16", 11),

  /** Factors rounded to bfloat16: 8 significant bits, with the range of float32. */
  BF16("bf16", 8);

  private final String label;
  private final int bits;

  Precision(String label, int bits) {
    this.label = label;
    this.bits = bits;
  }

  /** Its name on the command line and in files. */
  public String label() {
    return label;
  }

  /** The largest relative error of a factor within its range. */
  public double roundoff() {
    return Math.scalb(1.0, -bits);
  }
}
