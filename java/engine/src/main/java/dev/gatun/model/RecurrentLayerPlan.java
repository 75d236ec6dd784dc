package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Gates;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.Decay;
import dev.gatun.backend.RecurrentIo.Gradients;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.model.RecurrentLayer.Readout;
import dev.gatun.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A recurrent stack in a plan, with carried state where it runs in one direction. */
final class RecurrentLayerPlan implements LayerPlan {
  private final Backend backend;
  private final RecurrentSpec spec;
  private final boolean lastOnly;

  /** The first of the layers and directions whose states it gives, and how many. */
  private final int firstRow;

  private final int rows;
  private final Tensor output;
  private final @Nullable Tensor outputGradient;
  private final @Nullable State initial;
  private final State last;
  private final @Nullable State lastGradient;
  private final RecurrentIo io;
  private final LayerParameters parameters;
  private final MaskKey mask;
  private final PlannedRecurrent recurrent;

  /** Made when first asked for. */
  private @Nullable StateGradients flow;

  private final Map<String, Tensor> state;
  // With lastOnly, [n][row]: where h of what it gives lies among n sequences.
  private final Tensor[][] givenState;
  private final Tensor[][] givenGradient;

  RecurrentLayerPlan(
      RecurrentSpec spec, Readout readout, PlanContext context, @Nullable Decay decay) {
    this.spec = spec;
    lastOnly = readout != Readout.STEPS;
    rows = (readout == Readout.LAST ? 1 : spec.layers()) * spec.directions();
    firstRow = spec.layers() * spec.directions() - rows;
    backend = context.backend();
    output = context.newOutput();
    outputGradient = context.newOutputGradient();
    last = RecurrentLayer.state(spec, context);
    initial = spec.bidirectional() ? null : RecurrentLayer.state(spec, context);
    lastGradient = lastOnly && context.spec().trains() ? RecurrentLayer.state(spec, context) : null;
    state = initial == null ? Map.of() : named(last);
    int n = context.spec().maxBatch();
    givenState = lastOnly ? givenRows(last.h(), n) : new Tensor[0][];
    givenGradient = lastGradient != null ? givenRows(lastGradient.h(), n) : new Tensor[0][];
    Tensor y =
        lastOnly
            ? context.workspace().real(context.spec().maxTime(), n, spec.outputSize())
            : output;
    Gradients gradients =
        context.spec().trains()
            ? new Gradients(
                lastOnly ? null : outputGradient,
                lastGradient,
                context.inputGradient(),
                null,
                context.parameters().gradients())
            : null;
    io = new RecurrentIo(context.input(), context.lengths(), initial, y, last, gradients, decay);
    parameters = context.parameters();
    mask = context.mask();
    recurrent = new PlannedRecurrent(spec, io, context);
  }

  private static Map<String, Tensor> named(State state) {
    Map<String, Tensor> map = new LinkedHashMap<>();
    map.put("h", state.h());
    if (state.c() != null) {
      map.put("c", state.c());
    }
    return map;
  }

  /** Views made once: where rows start depends on n. */
  private Tensor[][] givenRows(Tensor h, int maxBatch) {
    long width = spec.stateSize();
    long first = firstRow;
    Tensor[][] views = new Tensor[maxBatch + 1][rows];
    for (int n = 1; n <= maxBatch; n++) {
      for (int row = 0; row < rows; row++) {
        views[n][row] = h.view((first + row) * n * width, n, width);
      }
    }
    return views;
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public @Nullable Tensor outputGradient() {
    return outputGradient;
  }

  @Override
  public void forward(int t, int n) {
    if (initial != null) {
      backend.copy(last.h(), initial.h());
      if (initial.c() != null) {
        backend.copy(Objects.requireNonNull(last.c()), initial.c());
      }
    }
    recurrent.forward(t, n);
    if (lastOnly) {
      int width = spec.stateSize();
      for (int d = 0; d < rows; d++) {
        backend.copyColumns(n, givenState[n][d], 0, output, d * width, width);
      }
    }
  }

  @Override
  public void backward(int t, int n) {
    if (lastGradient != null) {
      if (firstRow > 0) {
        // The rows of lower layers, which lie elsewhere for another n, must be zero.
        backend.fill(lastGradient.h(), 0);
      }
      int width = spec.stateSize();
      Tensor dy = Objects.requireNonNull(outputGradient);
      for (int d = 0; d < rows; d++) {
        backend.copyColumns(n, dy, d * width, givenGradient[n][d], 0, width);
      }
    }
    recurrent.backward();
  }

  @Override
  public double[][] stateGradients(int t, int n, int points) {
    if (io.gradients() == null) {
      return new double[0][];
    }
    StateGradients made = flow;
    if (made == null) {
      made = new StateGradients(backend, spec, parameters.values(), io, mask);
      flow = made;
    }
    return made.norms(t, n, points);
  }

  @Override
  public Map<String, Tensor> state() {
    return state;
  }

  @Override
  public List<Gates> gates() {
    return recurrent.gates();
  }

  @Override
  public void refresh() {
    recurrent.refresh();
  }

  @Override
  public long bytes() {
    return recurrent.bytes();
  }

  @Override
  public void close() {
    if (flow != null) {
      flow.close();
    }
    recurrent.close();
  }
}
