package dev.gatun.backend.cpu;

import dev.gatun.backend.Regularization;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.LayerNorm;

/**
 * A layer normalisation inside a cell, row by row. The gradients of gain and shift are added up for
 * each sequence alone, in the order of its steps, so that they do not depend on the threads.
 */
final class RowNorm {
  private static final float EPSILON = (float) Regularization.EPSILON;

  private final int width;
  private final long gain;

  /** 1 / deviation of each packed row; empty in inference. */
  private final float[] inverse;

  /** [maxBatch, width] each; 0 where it is not wanted. */
  private final long dGain;

  private final long dShift;

  /**
   * Reserves it.
   *
   * @param gain address of the gain [width]
   * @param shifted whether the shift wants a gradient
   */
  RowNorm(PassPlan plan, int width, long gain, boolean shifted) {
    this.width = width;
    this.gain = gain;
    inverse = new float[plan.training() ? plan.maxTime() * plan.maxBatch() : 0];
    dGain = plan.training() ? plan.perSequence(width) : 0;
    dShift = plan.training() && shifted ? plan.perSequence(width) : 0;
  }

  /** Normalises the row at an address in place; in training keeps its deviation. */
  void normalize(int row, long v) {
    float scale = LayerNorm.normalize(width, v, EPSILON, v);
    if (inverse.length > 0) {
      inverse[row] = scale;
    }
  }

  /** y = gain·hat + shift; y may be hat. */
  void scaleShift(long hat, long shift, long y) {
    LayerNorm.scaleShift(width, hat, gain, shift, y);
  }

  /** y += gain·hat. */
  void addScaled(long hat, long y) {
    Elementwise.addProduct(width, hat, gain, y);
  }

  /** dx from dy and the normalised row; dx may be either. */
  void backward(int row, int rank, long dy, long hat, long dx) {
    long of = 4L * rank * width;
    long shift = dShift == 0 ? 0 : dShift + of;
    LayerNorm.backward(width, dy, hat, gain, inverse[row], dGain + of, shift, dx);
  }

  /** Begins the gradients of a sequence. */
  void startBackward(int rank) {
    Elementwise.fill(width, dGain + 4L * rank * width, 0f);
    if (dShift != 0) {
      Elementwise.fill(width, dShift + 4L * rank * width, 0f);
    }
  }

  /** Adds the gradients of all sequences to those of the gain and, not 0, the shift. */
  void collect(Products products, int batch, long gainGradient, long shiftGradient) {
    products.columnSum(batch, width, dGain, width, gainGradient);
    if (shiftGradient != 0) {
      collectShift(products, batch, shiftGradient);
    }
  }

  /** Adds the gradients of the shift alone. */
  void collectShift(Products products, int batch, long shiftGradient) {
    products.columnSum(batch, width, dShift, width, shiftGradient);
  }
}
