package dev.gatun.backend.reference;

import dev.gatun.backend.Gates;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentChecks;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stack run sequence by sequence, step by step. */
final class ReferenceRecurrent implements Recurrent {
  private final RecurrentSpec spec;
  private final Tensor weightTensor;
  private final RecurrentIo io;
  private final RecurrentIo.@Nullable Gradients gradients;
  private final boolean dropping;

  /** Whether the weights are packed, never to be read again. */
  private final boolean shared;

  private final MaskKey[] masks;
  private final long[] maskCounters;
  private final CellMasks cellMasks;

  /** The weights as of the last refresh, and as the cells see them. */
  private final double[] plainWeights;

  private final double[] weights;
  private final double[] weightGradients;
  private final ReferenceCell[][] cells;

  /** The saved steps of [layer][direction][time][sequence]. */
  private final Step[][][][] steps;

  /** The initial states of [layer * D + direction][sequence]. */
  private final double[][][] h0;

  private final double[][][] c0;

  /** The output of each layer before dropout, [t, n, D*(P or H)]. */
  private final double[][] outputs;

  /** dL/d of the present layer's output and input. */
  private double[] dOutput;

  private double[] dInput;
  private final double[] dh;
  private final double[] dc;
  private final double[] dx;
  private int t;
  private int n;
  private boolean ready;
  private boolean closed;

  /** Plans a stack; without a mask its weights are {@link ReferenceWeights}. */
  ReferenceRecurrent(
      RecurrentSpec spec, Tensor weights, RecurrentIo io, Mode mode, @Nullable MaskKey mask) {
    this.spec = spec;
    this.weightTensor = weights;
    this.io = io;
    this.gradients = mode == Mode.TRAINING ? io.gradients() : null;
    this.shared = mask == null;
    this.dropping = mode == Mode.TRAINING && spec.dropout() > 0;
    int maxT = Math.toIntExact(io.x().dim(0));
    int maxN = Math.toIntExact(io.x().dim(1));
    int count = Math.toIntExact(spec.weightCount());
    this.plainWeights = new double[count];
    this.weights = new double[count];
    this.weightGradients = new double[count];
    cells = new ReferenceCell[spec.layers()][spec.directions()];
    steps = new Step[spec.layers()][spec.directions()][maxT][maxN];
    h0 = new double[spec.layers() * spec.directions()][maxN][spec.stateSize()];
    c0 = new double[spec.layers() * spec.directions()][maxN][spec.hiddenSize()];
    outputs = new double[spec.layers()][Math.toIntExact((long) maxT * maxN * spec.outputSize())];
    int widest = Math.max(spec.inputSize(), spec.outputSize());
    dOutput = new double[Math.toIntExact((long) maxT * maxN * widest)];
    dInput = new double[dOutput.length];
    dh = new double[spec.stateSize()];
    dc = new double[spec.hiddenSize()];
    dx = new double[widest];
    masks = new MaskKey[mask == null ? 0 : spec.layers()];
    maskCounters = new long[spec.layers()];
    for (int layer = 0; layer < spec.layers(); layer++) {
      if (mask != null) {
        masks[layer] = mask.withLayer(mask.layer() + layer);
      }
      for (int d = 0; d < spec.directions(); d++) {
        cells[layer][d] =
            ReferenceCell.of(new LayerWeights(spec, layer, d, this.weights, weightGradients));
        for (Step[] row : steps[layer][d]) {
          final int l = layer;
          Arrays.setAll(row, i -> new Step(spec, l));
        }
      }
    }
    cellMasks = new CellMasks(spec, mode, masks);
    readWeights();
  }

  @Override
  public void refresh() {
    if (shared) {
      throw new IllegalStateException("shared weights stay as they were when they were packed");
    }
    readWeights();
  }

  private void readWeights() {
    for (int i = 0; i < plainWeights.length; i++) {
      plainWeights[i] = weightTensor.get(i);
    }
  }

  @Override
  public void forward(int t, int n) {
    checkOpen();
    ready = false;
    RecurrentChecks.forward(io, t, n);
    this.t = t;
    this.n = n;
    cellMasks.begin(n);
    cellMasks.connections(plainWeights, weights);
    for (int layer = 0; layer < spec.layers(); layer++) {
      if (dropping) {
        maskCounters[layer] = masks[layer].counterHigh();
      }
      Arrays.fill(outputs[layer], 0); // padding is zero
      for (int d = 0; d < spec.directions(); d++) {
        for (int sequence = 0; sequence < n; sequence++) {
          runSequence(layer, d, sequence);
        }
      }
    }
    double[] y = outputs[spec.layers() - 1];
    for (int i = 0; i < t * n * spec.outputSize(); i++) {
      io.y().set(i, y[i]);
    }
    ready = gradients != null;
  }

  private void runSequence(int layer, int d, int sequence) {
    int state = layer * spec.directions() + d;
    double[] h = h0[state][sequence];
    double[] c = c0[state][sequence];
    readState(io.initial(), state, sequence, h, c);
    int length = length(sequence);
    for (int s = 0; s < length; s++) {
      int time = d == 0 ? s : length - 1 - s;
      Step step = steps[layer][d][time][sequence];
      readInput(layer, time, sequence, step.x);
      cellMasks.fill(step, layer, d, time, sequence);
      step.hBefore = layer == 0 ? faded(step, time, sequence, h) : h;
      step.cBefore = c;
      cells[layer][d].run(step);
      h = step.h;
      c = step.c;
      System.arraycopy(h, 0, outputs[layer], outputIndex(time, sequence, d), h.length);
    }
    writeState(io.last(), state, sequence, h, c);
  }

  /** What a step sees of the h before it: less of it where states decay. */
  private double[] faded(Step step, int time, int sequence, double[] h) {
    RecurrentIo.Decay decay = io.decay();
    if (decay == null) {
      return h;
    }
    for (int i = 0; i < h.length; i++) {
      step.hFaded[i] = Math.exp(-exponent(decay, time, sequence, i)) * h[i];
    }
    return step.hFaded;
  }

  /** Back from dL/d of the faded h, in place. */
  private void fadedBack(RecurrentIo.Decay decay, Step step, int time, int sequence) {
    Tensor to = decay.gradient();
    for (int i = 0; i < dh.length; i++) {
      if (to != null) {
        to.set((long) (time * n + sequence) * dh.length + i, -dh[i] * step.hFaded[i]);
      }
      dh[i] *= Math.exp(-exponent(decay, time, sequence, i));
    }
  }

  private double exponent(RecurrentIo.Decay decay, int time, int sequence, int i) {
    return decay.exponents().get((long) (time * n + sequence) * spec.stateSize() + i);
  }

  /** The input of a layer at one step: x, or the output below after dropout. */
  private void readInput(int layer, int time, int sequence, double[] to) {
    int from = (time * n + sequence) * to.length;
    for (int i = 0; i < to.length; i++) {
      double value =
          layer == 0
              ? io.x().get(from + i)
              : drop(layer - 1, from + i, outputs[layer - 1][from + i]);
      to[i] = cellMasks.input(layer, sequence, i) * value;
    }
  }

  /** Element {@code e} of a layer's output, or its gradient, after dropout. */
  private double drop(int layer, long e, double value) {
    if (!dropping) {
      return value;
    }
    boolean kept = Mask.keeps(masks[layer].seed(), maskCounters[layer], e, spec.dropout());
    return kept ? value / (1 - spec.dropout()) : 0;
  }

  @Override
  public void backward() {
    checkOpen();
    if (gradients == null) {
      throw new IllegalStateException(
          "this plan is for inference: backward needs one for training");
    }
    if (!ready) {
      throw new IllegalStateException("backward needs a forward before it, once for each");
    }
    ready = false;
    Arrays.fill(weightGradients, 0);
    clearDecayGradient();
    readAll(gradients.dy(), dOutput, t * n * spec.outputSize());
    for (int layer = spec.layers() - 1; layer >= 0; layer--) {
      Arrays.fill(dInput, 0);
      for (int d = 0; d < spec.directions(); d++) {
        for (int sequence = 0; sequence < n; sequence++) {
          backSequence(gradients, layer, d, sequence);
        }
      }
      for (int i = 0; layer > 0 && i < t * n * spec.outputSize(); i++) {
        dInput[i] = drop(layer - 1, i, dInput[i]);
      }
      double[] swap = dOutput;
      dOutput = dInput;
      dInput = swap;
    }
    Tensor dxTensor = gradients.dx();
    for (int i = 0; dxTensor != null && i < t * n * spec.inputSize(); i++) {
      dxTensor.set(i, dOutput[i]); // the swap made layer 0's dInput the present dOutput
    }
    cellMasks.connections(weightGradients);
    Tensor dWeights = gradients.dWeights();
    for (int i = 0; i < weightGradients.length; i++) {
      dWeights.set(i, dWeights.get(i) + weightGradients[i]);
    }
  }

  private void clearDecayGradient() {
    Tensor gradient = io.decay() == null ? null : io.decay().gradient();
    for (int i = 0; gradient != null && i < t * n * spec.stateSize(); i++) {
      gradient.set(i, 0);
    }
  }

  private void backSequence(RecurrentIo.Gradients to, int layer, int d, int sequence) {
    int state = layer * spec.directions() + d;
    readState(to.dLast(), state, sequence, dh, dc);
    int length = length(sequence);
    for (int s = length - 1; s >= 0; s--) {
      int time = d == 0 ? s : length - 1 - s;
      int output = outputIndex(time, sequence, d);
      for (int i = 0; i < dh.length; i++) {
        dh[i] += dOutput[output + i];
      }
      Arrays.fill(dx, 0);
      Step step = steps[layer][d][time][sequence];
      cells[layer][d].runBack(step, dh, dc, dx);
      if (layer == 0 && io.decay() != null) {
        fadedBack(io.decay(), step, time, sequence);
      }
      int width = spec.inputSize(layer);
      for (int i = 0; i < width; i++) {
        dInput[(time * n + sequence) * width + i] += cellMasks.input(layer, sequence, i) * dx[i];
      }
    }
    writeState(to.dInitial(), state, sequence, dh, dc);
  }

  @Override
  public List<Gates> gates() {
    List<Gates> all = new ArrayList<>();
    for (int layer = 0; layer < spec.layers(); layer++) {
      for (int d = 0; d < spec.directions(); d++) {
        for (int sequence = 0; sequence < n; sequence++) {
          all.add(gates(layer, d, sequence));
        }
      }
    }
    return all;
  }

  private Gates gates(int layer, int d, int sequence) {
    int length = length(sequence);
    double[][] values = new double[length][];
    double[][] c = new double[spec.cell().hasCellState() ? length : 0][];
    double[][] h = new double[length][];
    for (int time = 0; time < length; time++) {
      Step step = steps[layer][d][time][sequence];
      values[time] = step.gates.clone();
      h[time] = step.h.clone();
      if (c.length > 0) {
        c[time] = step.c.clone();
      }
    }
    return new Gates(spec.cell(), layer, d, sequence, values, c, h);
  }

  private int outputIndex(int time, int sequence, int d) {
    return (time * n + sequence) * spec.outputSize() + d * spec.stateSize();
  }

  private int length(int sequence) {
    Tensor lengths = io.lengths();
    return lengths == null ? t : (int) lengths.getLong(sequence);
  }

  private void readState(
      RecurrentIo.@Nullable State from, int state, int sequence, double[] h, double[] c) {
    readRow(from == null ? null : from.h(), state * n + sequence, h);
    readRow(from == null ? null : from.c(), state * n + sequence, c);
  }

  private static void readRow(@Nullable Tensor from, int row, double[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] = from == null ? 0 : from.get((long) row * to.length + i);
    }
  }

  private static void readAll(@Nullable Tensor from, double[] to, int count) {
    for (int i = 0; i < count; i++) {
      to[i] = from == null ? 0 : from.get(i);
    }
  }

  private void writeState(
      RecurrentIo.@Nullable State to, int state, int sequence, double[] h, double[] c) {
    if (to == null) {
      return;
    }
    writeRow(h, to.h(), state * n + sequence);
    Tensor toC = to.c();
    if (toC != null) {
      writeRow(c, toC, state * n + sequence);
    }
  }

  private static void writeRow(double[] from, Tensor to, int row) {
    for (int i = 0; i < from.length; i++) {
      to.set((long) row * from.length + i, from[i]);
    }
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("this recurrent plan has been closed");
    }
  }

  @Override
  public long bytes() {
    long bytes = (long) Double.BYTES * 3 * weights.length;
    for (Step[][][] layer : steps) {
      bytes += (long) layer.length * layer[0].length * layer[0][0].length * layer[0][0][0].bytes();
    }
    long states = (long) h0.length * h0[0].length * (spec.stateSize() + spec.hiddenSize());
    long rows = (long) outputs.length * outputs[0].length + dOutput.length + dInput.length;
    return bytes + Double.BYTES * (states + rows);
  }

  @Override
  public void close() {
    closed = true;
  }
}
