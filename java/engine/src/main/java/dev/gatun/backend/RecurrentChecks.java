package dev.gatun.backend;

import static dev.gatun.backend.Checks.atLeast;
import static dev.gatun.backend.Checks.exactly;
import static dev.gatun.backend.Checks.host;
import static dev.gatun.backend.Checks.mask;
import static dev.gatun.backend.Checks.rowsOf;
import static dev.gatun.backend.Checks.wrong;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** As {@link Checks}, of recurrent stacks. */
public final class RecurrentChecks {
  private static final String RECURRENT = "recurrent";

  private final DType real;

  /**
   * Creates the checks of one backend.
   *
   * @param real the type of its parameters, activations and gradients
   */
  public RecurrentChecks(DType real) {
    this.real = real;
  }

  /** Checks {@link Backend#recurrent(RecurrentSpec, Tensor, RecurrentIo, Mode, MaskKey)}. */
  public void plan(RecurrentSpec spec, Tensor weights, RecurrentIo io, Mode mode, MaskKey mask) {
    plan(spec, WeightLayout.packed(spec), weights, io, mode, mask);
  }

  /** As {@link #plan(RecurrentSpec, Tensor, RecurrentIo, Mode, MaskKey)}, of another layout. */
  public void plan(
      RecurrentSpec spec,
      WeightLayout layout,
      Tensor weights,
      RecurrentIo io,
      Mode mode,
      MaskKey mask) {
    block(RECURRENT, "weights", weights, layout);
    tensors(spec, io);
    mask(RECURRENT, mask, spec.layers() - 1);
    if (mode == Mode.TRAINING) {
      gradients(spec, layout, io);
    }
  }

  /** Checks {@link Backend#recurrent(RecurrentWeights, RecurrentIo)}. */
  public void plan(RecurrentSpec spec, RecurrentIo io) {
    tensors(spec, io);
    if (io.gradients() != null) {
      throw new IllegalArgumentException(
          "recurrent: gradients are given, but packed weights are for inference only");
    }
  }

  /** Checks {@link Backend#pack}. */
  public void pack(WeightLayout layout, Tensor weights) {
    block("pack", "weights", weights, layout);
  }

  private void block(String operation, String name, Tensor block, WeightLayout layout) {
    exactly(operation, name, block, real, layout.size());
    if (block.byteOffset() % layout.alignment() != 0) {
      throw wrong(
          operation,
          name,
          block,
          "at a multiple of %d bytes in its memory, not at byte %d"
              .formatted(layout.alignment(), block.byteOffset()));
    }
  }

  private void tensors(RecurrentSpec spec, RecurrentIo io) {
    if (io.x().rank() != 3 || io.x().dim(2) != spec.inputSize() || io.x().dtype() != real) {
      throw wrong(RECURRENT, "x", io.x(), real + " [T, N, " + spec.inputSize() + "]");
    }
    if (io.x().size() == 0) {
      throw wrong(RECURRENT, "x", io.x(), "at least one step and one sequence");
    }
    if (io.x().dim(0) > Integer.MAX_VALUE / io.x().dim(1)) {
      throw new IllegalArgumentException(
          ("recurrent: %d steps of %d sequences are more than the 2^31 - 1 rows of a call: lower"
                  + " the steps or the sequences of a batch")
              .formatted(io.x().dim(0), io.x().dim(1)));
    }
    long rows = io.x().dim(0) * io.x().dim(1);
    rowsOf(RECURRENT, "y", io.y(), real, rows, spec.outputSize());
    Tensor lengths = io.lengths();
    if (lengths != null) {
      atLeast(RECURRENT, "lengths", lengths, DType.I32, io.x().dim(1));
    }
    state("initial", spec, io.initial(), io.x().dim(1));
    state("last", spec, io.last(), io.x().dim(1));
    apart(io.initial(), io.last());
    decay(spec, io.decay(), rows);
  }

  private void decay(RecurrentSpec spec, RecurrentIo.@Nullable Decay decay, long rows) {
    if (decay == null) {
      return;
    }
    if (spec.bidirectional()) {
      throw new IllegalArgumentException(
          "recurrent: states that decay run in one direction, and this stack runs in both");
    }
    rowsOf(RECURRENT, "decay.exponents", decay.exponents(), real, rows, spec.stateSize());
    if (decay.gradient() != null) {
      rowsOf(RECURRENT, "decay.gradient", decay.gradient(), real, rows, spec.stateSize());
    }
  }

  private void gradients(RecurrentSpec spec, WeightLayout layout, RecurrentIo io) {
    RecurrentIo.Gradients gradients = io.gradients();
    if (gradients == null) {
      throw new IllegalArgumentException("recurrent: a plan for training needs gradients");
    }
    long rows = io.x().dim(0) * io.x().dim(1);
    Tensor dy = gradients.dy();
    if (dy != null) {
      rowsOf(RECURRENT, "dy", dy, real, rows, spec.outputSize());
    }
    Tensor dx = gradients.dx();
    if (dx != null) {
      rowsOf(RECURRENT, "dx", dx, real, rows, spec.inputSize());
    }
    state("dLast", spec, gradients.dLast(), io.x().dim(1));
    state("dInitial", spec, gradients.dInitial(), io.x().dim(1));
    block(RECURRENT, "dWeights", gradients.dWeights(), layout);
  }

  private void state(
      String name, RecurrentSpec spec, RecurrentIo.@Nullable State state, long sequences) {
    if (state == null) {
      return;
    }
    long rows = sequences * spec.layers() * spec.directions();
    rowsOf(RECURRENT, name + ".h", state.h(), real, rows, spec.stateSize());
    Tensor c = state.c();
    if (spec.cell().hasCellState() && c == null) {
      throw new IllegalArgumentException("recurrent: " + name + ".c is missing: an LSTM has one");
    }
    if (!spec.cell().hasCellState() && c != null) {
      throw wrong(RECURRENT, name + ".c", c, "null: a " + spec.cell() + " has no c");
    }
    if (c != null) {
      rowsOf(RECURRENT, name + ".c", c, real, rows, spec.hiddenSize());
    }
  }

  private static void apart(RecurrentIo.@Nullable State initial, RecurrentIo.State last) {
    if (initial == null) {
      return;
    }
    Tensor c0 = initial.c();
    Tensor cn = last.c();
    boolean overlap =
        overlap(initial.h(), last.h())
            || (c0 != null && (overlap(c0, last.h()) || (cn != null && overlap(c0, cn))))
            || (cn != null && overlap(initial.h(), cn));
    if (overlap) {
      throw new IllegalArgumentException(
          "recurrent: initial and last overlap: backward needs the initial state unchanged");
    }
  }

  private static boolean overlap(Tensor a, Tensor b) {
    return a.memory().equals(b.memory())
        && a.byteOffset() < b.byteOffset() + b.size() * b.dtype().bytes()
        && b.byteOffset() < a.byteOffset() + a.size() * a.dtype().bytes();
  }

  /**
   * Checks the sizes of one {@link Recurrent#forward}, and the lengths if they are in host memory.
   *
   * @param io the plan's tensors
   * @param t steps
   * @param n sequences
   */
  public static void forward(RecurrentIo io, int t, int n) {
    if (t < 1 || t > io.x().dim(0)) {
      throw new IllegalArgumentException(
          "forward: t %d must be 1 to the plan's %d".formatted(t, io.x().dim(0)));
    }
    if (n < 1 || n > io.x().dim(1)) {
      throw new IllegalArgumentException(
          "forward: n %d must be 1 to the plan's %d".formatted(n, io.x().dim(1)));
    }
    Tensor lengths = io.lengths();
    if (lengths == null || !host(lengths)) {
      return;
    }
    for (int i = 0; i < n; i++) {
      long length = lengths.getLong(i);
      if (length < 0 || length > t) {
        throw new IllegalArgumentException(
            "forward: length %d of sequence %d is outside 0 to t, %d".formatted(length, i, t));
      }
    }
  }
}
