package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentIo.Decay;
import dev.gatun.kernels.Activations;
import dev.gatun.kernels.Elementwise;
import dev.gatun.tensor.Tensor;

/** The decay of h before each step of a pass: {@link Decay}. Factors are computed where used. */
final class StateDecay {
  private final Decay decay;
  private final Sequences sequences;
  private final boolean training;
  private final int out;

  /** What is left of h: [rows, out] in training, else [maxBatch, out]. */
  private final long faded;

  /** [maxBatch, out]: the factors of a step. */
  private final long factors;

  StateDecay(PassPlan plan, Decay decay) {
    this.decay = decay;
    sequences = plan.sequences();
    training = plan.training();
    out = plan.spec().stateSize();
    faded = training ? plan.perRow(out) : plan.perSequence(out);
    factors = plan.perSequence(out);
  }

  /** What is left of h, packed by row, in training. */
  long faded() {
    return faded;
  }

  /** Puts what is left of h in place of the h before. */
  void place(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      rows.hBefore[i] = rows.hPrevious[i];
      rows.hPrevious[i] = faded + 4L * out * (training ? rows.row[i] : rows.rank[i]);
    }
  }

  /** Before a step, rows from first to end-1. */
  void forward(Rows rows, int first, int end) {
    for (int i = first; i < end; i++) {
      Elementwise.product(out, factors(rows, i), rows.hBefore[i], rows.hPrevious[i]);
    }
  }

  /** After a step's backward: from dL/d of what was left to dL/dh and dL/dz. */
  void backward(Rows rows, int first, int end) {
    Tensor gradient = decay.gradient();
    for (int i = first; i < end; i++) {
      if (gradient != null) {
        long to = at(gradient, rows, i);
        Elementwise.product(out, rows.dh[i], rows.hPrevious[i], to);
        Elementwise.scale(out, -1f, to);
      }
      Elementwise.multiply(out, factors(rows, i), rows.dh[i]);
    }
  }

  /** dL/dz of what backward does not reach. */
  void clearGradient() {
    Tensor gradient = decay.gradient();
    if (gradient != null && sequences.ragged()) {
      Elementwise.fill((long) sequences.time() * sequences.batch() * out, gradient.address(), 0f);
    }
  }

  private long factors(Rows rows, int i) {
    long to = factors + 4L * rows.rank[i] * out;
    Elementwise.copy(out, at(decay.exponents(), rows, i), to);
    Elementwise.scale(out, -1f, to);
    Activations.exp(out, to, to);
    return to;
  }

  private long at(Tensor tensor, Rows rows, int i) {
    long row = (long) rows.time[i] * sequences.batch() + sequences.sequence(rows.rank[i]);
    return tensor.address() + 4 * row * out;
  }
}
