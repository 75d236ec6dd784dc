package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
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
 * How far a loss reaches back: the norm of dL/dh_t of the top layer of a stack that runs in one
 * direction, at some steps of the last backward. What flows back through the cells is found by
 * running the steps behind t again from their state, without dropout, as the gradient of an initial
 * state: exact where nothing is dropped.
 */
final class StateGradients implements AutoCloseable {
  private final Backend backend;
  private final RecurrentSpec spec;
  private final RecurrentIo of;
  private final Workspace workspace;
  private final RecurrentIo io;
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
      io = new RecurrentIo(x, lengths, state(of.last()), y, state(of.last()), own);
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
   * @return the norm at each of the steps that {@link #step} names
   */
  double[] norms(int t, int n, int points) {
    recurrent.refresh();
    double[] norms = new double[Math.min(points, t)];
    for (int i = 0; i < norms.length; i++) {
      norms[i] = norm(step(i, norms.length, t), t, n);
    }
    return norms;
  }

  /** The step of point i of so many, from 0. */
  static int step(int i, int points, int t) {
    return points == 1 ? t - 1 : (int) ((t - 1L) * i / (points - 1));
  }

  private double norm(int s, int t, int n) {
    Gradients given = Objects.requireNonNull(of.gradients());
    long width = spec.stateSize();
    try (Workspace read = Workspace.host(DType.F64)) {
      Tensor back = read.tensor(DType.F64, n, width);
      Tensor direct = read.tensor(DType.F64, n, width);
      throughTime(s, t, n, back);
      if (given.dy() != null) {
        backend.copy(given.dy().view((long) s * n * width, n, width), direct);
      }
      double squares = 0;
      for (long i = 0; i < n * width; i++) {
        double d = back.get(i) + direct.get(i);
        squares += d * d;
      }
      return Math.sqrt(squares);
    }
  }

  /** What comes to h of step s from the steps behind it. */
  private void throughTime(int s, int t, int n, Tensor back) {
    Gradients given = Objects.requireNonNull(of.gradients());
    Gradients own = Objects.requireNonNull(io.gradients());
    long width = spec.stateSize();
    long row = (long) spec.layers() - 1;
    if (s < t - 1) {
      State start = Objects.requireNonNull(io.initial());
      copy(Objects.requireNonNull(of.initial()), start);
      run(0, s + 1, n);
      copy(io.last(), start);
      copyRows(given.dy(), own.dy(), s + 1, t - s - 1, (long) n * width);
      copyOrClear(given.dLast(), Objects.requireNonNull(own.dLast()));
      run(s + 1, t - s - 1, n);
      recurrent.backward();
      Tensor dh = Objects.requireNonNull(own.dInitial()).h();
      backend.copy(dh.view(row * n * width, n, width), back);
    } else if (given.dLast() != null) {
      backend.copy(given.dLast().h().view(row * n * width, n, width), back);
    }
  }

  /** Runs some steps of the stack's input from the state that was put in. */
  private void run(int from, int steps, int n) {
    copyRows(of.x(), io.x(), from, steps, (long) n * of.x().dim(2));
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

  private void copy(State from, State to) {
    backend.copy(from.h(), to.h());
    if (from.c() != null) {
      backend.copy(from.c(), Objects.requireNonNull(to.c()));
    }
  }

  private void copyOrClear(@Nullable State from, State to) {
    if (from != null) {
      copy(from, to);
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
