package dev.gatun.backend.cpu;

import dev.gatun.backend.MaskKey;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.Gradients;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Philox;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/**
 * Moves between the padded tensors [t, n, width] that a caller sees and the packed rows that passes
 * work on. Where no sequence is shorter than t the two are the same memory and nothing is copied.
 */
final class PackedRows {
  private final FlatOps flat;
  private final Sequences sequences;
  private final RecurrentSpec spec;
  private final RecurrentIo io;
  private final @Nullable Tensor dyTensor;
  private final @Nullable Tensor dxTensor;
  private final long x;
  private final long y;
  private final long dy;
  private final long dx;

  PackedRows(
      FlatOps flat, Sequences sequences, Workspace workspace, RecurrentSpec spec, RecurrentIo io) {
    this.flat = flat;
    this.sequences = sequences;
    this.spec = spec;
    this.io = io;
    Gradients gradients = io.gradients();
    dyTensor = gradients == null ? null : gradients.dy();
    dxTensor = gradients == null ? null : gradients.dx();
    boolean mayBeRagged = io.lengths() != null;
    long rows = io.x().dim(0) * io.x().dim(1);
    x = mayBeRagged ? workspace.real(rows, spec.inputSize()).address() : 0;
    y = mayBeRagged ? workspace.real(rows, spec.outputSize()).address() : 0;
    dy = mayBeRagged && dyTensor != null ? workspace.real(rows, spec.outputSize()).address() : 0;
    dx = mayBeRagged && dxTensor != null ? workspace.real(rows, spec.inputSize()).address() : 0;
  }

  /** The packed input. */
  long packInput() {
    return pack(io.x(), x, spec.inputSize());
  }

  /** Where the top layer writes. */
  long output() {
    return sequences.ragged() ? y : io.y().address();
  }

  /** Brings the output to the caller's tensor, with zeros on padding. */
  void unpackOutput() {
    unpack(y, io.y(), spec.outputSize());
  }

  /** The packed gradient of the output, or 0 where there is none. */
  long packOutputGradient() {
    return dyTensor == null ? 0 : pack(dyTensor, dy, spec.outputSize());
  }

  /** Where the gradient of the input goes, or 0 where it is not wanted. */
  long inputGradient() {
    if (dxTensor == null) {
      return 0;
    }
    return sequences.ragged() ? dx : dxTensor.address();
  }

  /** Brings the gradient of the input to the caller's tensor, with zeros on padding. */
  void unpackInputGradient() {
    if (dxTensor != null) {
      unpack(dx, dxTensor, spec.inputSize());
    }
  }

  private long pack(Tensor from, long to, int width) {
    long padded = from.address();
    if (!sequences.ragged()) {
      return padded;
    }
    for (int step = 0; step < sequences.time(); step++) {
      long row = sequences.offset(step);
      for (int rank = 0; rank < sequences.sizeAt(step); rank++) {
        Elementwise.copy(
            width, padded + 4 * paddedRow(step, rank) * width, to + 4 * (row + rank) * width);
      }
    }
    return to;
  }

  private void unpack(long from, Tensor to, int width) {
    if (!sequences.ragged()) {
      return;
    }
    long padded = to.address();
    for (int step = 0; step < sequences.time(); step++) {
      long row = sequences.offset(step);
      int running = sequences.sizeAt(step);
      for (int rank = 0; rank < sequences.batch(); rank++) {
        long at = padded + 4 * paddedRow(step, rank) * width;
        if (rank < running) {
          Elementwise.copy(width, from + 4 * (row + rank) * width, at);
        } else {
          Elementwise.fill(width, at, 0f);
        }
      }
    }
  }

  private long paddedRow(int step, int rank) {
    return (long) step * sequences.batch() + sequences.sequence(rank);
  }

  /**
   * Drops out packed rows [rows, D*out]. An element keeps the index it has in the padded tensor, so
   * the mask is the same on every backend.
   */
  void dropout(long from, long to, double rate, MaskKey key) {
    int width = spec.outputSize();
    if (!sequences.ragged()) {
      long size = (long) sequences.rows() * width;
      flat.dropout(size, from, to, rate, key);
      return;
    }
    double keep = 1 - rate;
    long counterHigh = key.counterHigh();
    for (int step = 0; step < sequences.time(); step++) {
      long row = sequences.offset(step);
      for (int rank = 0; rank < sequences.sizeAt(step); rank++) {
        long at = 4 * (row + rank) * width;
        long first = paddedRow(step, rank) * width;
        Philox.dropout(width, first, from + at, to + at, keep, key.seed(), counterHigh);
      }
    }
  }
}
