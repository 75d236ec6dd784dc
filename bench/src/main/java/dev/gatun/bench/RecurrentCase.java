package dev.gatun.bench;

import dev.gatun.backend.Backend;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.Gradients;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/** A stack on a backend, planned to compute with given numbers. */
public final class RecurrentCase implements AutoCloseable {
  private final int time;
  private final int batch;
  private final Workspace workspace;
  private final Recurrent recurrent;
  private final Tensor y;
  private final Tensor dx;
  private final Tensor dWeights;

  /**
   * Plans a stack.
   *
   * @param backend what computes; stays the caller's
   * @param data its shape and numbers
   * @param mode inference, or training with dx and all weight gradients
   */
  public RecurrentCase(Backend backend, StackData data, Mode mode) {
    RecurrentSpec spec = data.spec();
    time = data.time();
    batch = data.batch();
    workspace = backend.workspace();
    Tensor weights = workspace.real(spec.weightCount()).copyFrom(data.weights());
    Tensor x = workspace.real(time, batch, spec.inputSize()).copyFrom(data.x());
    Tensor dy = workspace.real(time, batch, spec.outputSize()).copyFrom(data.dy());
    y = workspace.real(time, batch, spec.outputSize());
    dx = workspace.real(time, batch, spec.inputSize());
    dWeights = workspace.real(spec.weightCount());
    long states = (long) spec.layers() * spec.directions();
    @Nullable Tensor c =
        spec.cell().hasCellState() ? workspace.real(states, batch, spec.hiddenSize()) : null;
    State last = new State(workspace.real(states, batch, spec.stateSize()), c);
    Gradients gradients =
        mode == Mode.TRAINING ? new Gradients(dy, null, dx, null, dWeights) : null;
    recurrent =
        backend.recurrent(
            spec,
            weights,
            new RecurrentIo(x, null, null, y, last, gradients),
            mode,
            new MaskKey(1, 0, workspace.tensor(DType.I64, 1)));
  }

  /** Forward with weights packed before. */
  public void infer() {
    recurrent.forward(time, batch);
  }

  /** Packs, forward, backward; gradients accumulate. */
  public void train() {
    recurrent.refresh();
    recurrent.forward(time, batch);
    recurrent.backward();
  }

  /** The output [T, N, D*out]. */
  public Tensor y() {
    return y;
  }

  /** The gradient of the input [T, N, C]. */
  public Tensor dx() {
    return dx;
  }

  /** The accumulated gradient of the weights. */
  public Tensor dWeights() {
    return dWeights;
  }

  @Override
  public void close() {
    recurrent.close();
    workspace.close();
  }
}
