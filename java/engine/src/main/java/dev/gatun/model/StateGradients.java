package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.Decay;
import dev.gatun.backend.RecurrentIo.Gradients;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How far a loss reaches back: the norm of dL/dh_t of the top layer of a stack, in each of its
 * directions, at some steps of the last backward. What flows back through the cells is found by
 * running the steps on the one side of t again from the states that the other side leaves, without
 * dropout, as the gradient of an initial state: exact where nothing is dropped.
 */
final class StateGradients implements AutoCloseable {
  private final Backend backend;
  private final RecurrentSpec spec;
  private final RecurrentIo of;
  private final Workspace workspace;
  private final RecurrentIo io;

  /**
   * Where two parts of the steps meet: what each direction hands over from the one to the other.
   */
  private final State met;

  private final Recurrent recurrent;
  private final Tensor hostLengths;
  private final Workspace host = Workspace.host(DType.F64);

  /**
   * Reserves another run of a stack.
   *
   * @param weights laid out for the backend
   * @param of the stack's tensors
   */
  StateGradients(
      Backend backend, RecurrentSpec spec, Tensor weights, RecurrentIo of, MaskKey mask) {
    this.backend = backend;
    this.of = of;
    boolean norm = spec.regularization().layerNorm();
    this.spec = spec.regularized(Regularization.NONE.withLayerNorm(norm)).stacked(spec.layers(), 0);
    workspace = backend.workspace();
    try {
      Tensor x = workspace.real(of.x().shape());
      Tensor y = workspace.real(of.y().shape());
      int n = (int) of.x().dim(1);
      Gradients own =
          new Gradients(
              workspace.real(of.y().shape()),
              state(of.last()),
              null,
              state(of.last()),
              workspace.real(weights.size()));
      Tensor lengths = of.lengths() == null ? null : workspace.tensor(DType.I32, n);
      Decay decay =
          of.decay() == null
              ? null
              : new Decay(workspace.real(of.decay().exponents().shape()), null);
      io = new RecurrentIo(x, lengths, state(of.last()), y, state(of.last()), own, decay);
      met = state(of.last());
      hostLengths = host.tensor(DType.I32, n);
      recurrent = backend.recurrent(this.spec, weights, io, Mode.TRAINING, mask);
    } catch (RuntimeException | Error e) {
      close(null);
      throw e;
    }
  }

  private State state(State like) {
    return new State(
        workspace.real(like.h().shape()),
        like.c() == null ? null : workspace.real(like.c().shape()));
  }

  /**
   * Measures.
   *
   * @param t steps of the last forward and backward
   * @param n its sequences
   * @param points steps to look at, evenly spread, the first and last among them
   * @return for each direction the norm at each of the steps that {@link #step} names
   */
  double[][] norms(int t, int n, int points) {
    recurrent.refresh();
    double[][] norms = new double[spec.directions()][Math.min(points, t)];
    for (int d = 0; d < norms.length; d++) {
      for (int i = 0; i < norms[d].length; i++) {
        norms[d][i] = norm(d, step(i, norms[d].length, t), t, n);
      }
    }
    return norms;
  }

  /** The step of point i of so many, from 0. */
  static int step(int i, int points, int t) {
    return points == 1 ? t - 1 : (int) ((t - 1L) * i / (points - 1));
  }

  private double norm(int direction, int s, int t, int n) {
    Gradients given = Objects.requireNonNull(of.gradients());
    int width = spec.stateSize();
    int all = spec.outputSize();
    try (Workspace read = Workspace.host(DType.F64)) {
      Tensor back = read.tensor(DType.F64, n, width);
      Tensor direct = read.tensor(DType.F64, n, all);
      throughTime(direction, s, t, n, back);
      if (given.dy() != null) {
        backend.copy(given.dy().view((long) s * n * all, n, all), direct);
      }
      double squares = 0;
      for (int row = 0; row < n; row++) {
        for (int k = 0; k < width; k++) {
          long at = (long) row * all + (long) direction * width + k;
          double d = back.get((long) row * width + k) + direct.get(at);
          squares += d * d;
        }
      }
      return Math.sqrt(squares);
    }
  }

  /** What comes to h of step s from the steps that its direction reads after it. */
  private void throughTime(int direction, int s, int t, int n, Tensor back) {
    Gradients given = Objects.requireNonNull(of.gradients());
    Gradients own = Objects.requireNonNull(io.gradients());
    boolean forward = direction == 0;
    int cut = forward ? s + 1 : s;
    int from = forward ? cut : 0;
    int steps = forward ? t - cut : cut;
    int top = (spec.layers() - 1) * spec.directions() + direction;
    if (steps > 0) {
      meet(cut, t, n, forward);
      copyRows(given.dy(), own.dy(), from, steps, (long) n * spec.outputSize());
      State last = Objects.requireNonNull(own.dLast());
      clear(last);
      if (given.dLast() != null) {
        copy(given.dLast(), last, top, n);
      }
      recurrent.backward();
      Tensor dh = Objects.requireNonNull(own.dInitial()).h();
      backend.copy(row(dh, top, n), back);
    } else if (given.dLast() != null) {
      backend.copy(row(given.dLast().h(), top, n), back);
    }
  }

  /**
   * Runs both parts of the steps, the one whose gradients are wanted last. In two directions each
   * part of a layer needs what the other leaves, and what the layer below gave there: with each
   * round one layer more has it.
   *
   * @param cut steps of the first part
   * @param forward whether the second part is the last to run
   */
  private void meet(int cut, int t, int n, boolean forward) {
    clear(met);
    int rounds = spec.bidirectional() ? spec.layers() : 1;
    for (int round = 0; round < rounds; round++) {
      part(forward ? 0 : 1, cut, t, n);
      part(forward ? 1 : 0, cut, t, n);
    }
  }

  /**
   * Runs a part. What reads into it from the other part starts from what that left; what it leaves
   * to the other part is kept.
   *
   * @param which 0: the steps before the cut, which reading forwards begins with; 1: those behind
   */
  private void part(int which, int cut, int t, int n) {
    State start = Objects.requireNonNull(io.initial());
    int directions = spec.directions();
    for (int row = 0; row < spec.layers() * directions; row++) {
      if (row % directions != which) {
        copy(met, start, row, n);
      } else if (of.initial() != null) {
        copy(of.initial(), start, row, n);
      } else {
        clear(start, row, n);
      }
    }
    int from = which == 0 ? 0 : cut;
    run(from, which == 0 ? cut : t - cut, n);
    for (int row = 0; row < spec.layers() * directions; row++) {
      if (row % directions == which) {
        copy(io.last(), met, row, n);
      }
    }
  }

  /** Runs some steps of the stack's input from the state that was put in. */
  private void run(int from, int steps, int n) {
    copyRows(of.x(), io.x(), from, steps, (long) n * of.x().dim(2));
    if (of.decay() != null && io.decay() != null) {
      Tensor z = of.decay().exponents();
      copyRows(z, io.decay().exponents(), from, steps, (long) n * spec.stateSize());
    }
    Tensor lengths = io.lengths();
    if (lengths != null) {
      backend.copy(Objects.requireNonNull(of.lengths()), hostLengths);
      for (int i = 0; i < n; i++) {
        hostLengths.setLong(i, Math.clamp(hostLengths.getLong(i) - from, 0, steps));
      }
      backend.copy(hostLengths, lengths);
    }
    recurrent.forward(steps, n);
  }

  /** The rows of some steps to the start of another tensor. */
  private void copyRows(
      @Nullable Tensor source, @Nullable Tensor to, int from, int steps, long row) {
    Tensor target = Objects.requireNonNull(to);
    if (source == null) {
      backend.fill(target, 0);
    } else {
      backend.copy(source.view(from * row, steps * row), target.view(0, steps * row));
    }
  }

  /** A layer's and direction's of n sequences. */
  private static Tensor row(Tensor states, int row, int n) {
    long width = states.dim(-1);
    return states.view((long) row * n * width, n, width);
  }

  private void copy(State from, State to, int row, int n) {
    backend.copy(row(from.h(), row, n), row(to.h(), row, n));
    if (from.c() != null) {
      backend.copy(row(from.c(), row, n), row(Objects.requireNonNull(to.c()), row, n));
    }
  }

  private void clear(State state, int row, int n) {
    backend.fill(row(state.h(), row, n), 0);
    if (state.c() != null) {
      backend.fill(row(state.c(), row, n), 0);
    }
  }

  private void clear(State state) {
    backend.fill(state.h(), 0);
    if (state.c() != null) {
      backend.fill(state.c(), 0);
    }
  }

  @Override
  public void close() {
    close(recurrent);
  }

  private void close(@Nullable Recurrent made) {
    if (made != null) {
      made.close();
    }
    workspace.close();
    host.close();
  }
}
