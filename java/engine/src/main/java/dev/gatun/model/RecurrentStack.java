package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Recurrent layers of different sizes, kinds or options on one another, or with the sum of both
 * directions in place of the two side by side. Parameters have PyTorch's names, the layer's number
 * in each; masks are those of a {@link RecurrentLayer} with as many layers. Runs layer by layer, so
 * where all layers are equal a {@link RecurrentLayer} is faster. Carried states are called {@code
 * h_l0} and {@code c_l0}, {@code h_l1} and so on, each [1, N, P or H].
 *
 * @param name the layer's name
 * @param layers from the lowest, each one layer high; their names do not matter
 * @param dropouts the probabilities of zeroing an output of each layer that feeds another, 0 to
 *     below 1: one for all, or one for each layer but the top one
 * @param merge what becomes of the outputs of two directions
 * @param lastOnly true: gives the last state h of the top layer, at each sequence's own end; false:
 *     its output at every step
 */
public record RecurrentStack(
    String name, List<RecurrentLayer> layers, List<Double> dropouts, Merge merge, boolean lastOnly)
    implements Recurrence {

  /** What becomes of the outputs of two directions, layer for layer. */
  public enum Merge {
    /** Side by side: twice as wide. */
    CONCAT,
    /** Added up: as wide as one. */
    SUM
  }

  /** Checks that the layers are there and each is one layer. */
  public RecurrentStack {
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(merge, "merge");
    layers = List.copyOf(layers);
    if (layers.isEmpty()) {
      throw new IllegalArgumentException(name + ": a stack needs at least one layer");
    }
    for (RecurrentLayer layer : layers) {
      if (layer.stack().layers() != 1 || layer.lastOnly()) {
        throw new IllegalArgumentException(
            "%s: give each layer of the stack by itself, one layer high and with all its steps"
                .formatted(name));
      }
    }
    dropouts = List.copyOf(dropouts);
    for (double dropout : dropouts) {
      if (!(dropout >= 0 && dropout < 1)) {
        throw new IllegalArgumentException(
            "%s: dropout %s must be in [0, 1)".formatted(name, dropout));
      }
      if (dropout > 0 && layers.size() == 1) {
        throw new IllegalArgumentException(
            "%s: dropout %s works between recurrent layers and there is only one"
                .formatted(name, dropout));
      }
    }
    if (dropouts.size() != 1 && dropouts.size() != layers.size() - 1) {
      throw new IllegalArgumentException(
          "%s: %d rates of dropout for %d layers; give 1 or %d"
              .formatted(name, dropouts.size(), layers.size(), layers.size() - 1));
    }
    if (merge == Merge.SUM && layers.stream().noneMatch(layer -> layer.stack().bidirectional())) {
      throw new IllegalArgumentException(
          name + ": a sum of directions needs a layer in both directions");
    }
  }

  /** With one rate of dropout between all layers. */
  public RecurrentStack(
      String name, List<RecurrentLayer> layers, double dropout, Merge merge, boolean lastOnly) {
    this(name, layers, List.of(dropout), merge, lastOnly);
  }

  /**
   * Layers on one another, output at every step.
   *
   * @param layers from the lowest
   */
  public static RecurrentStack of(String name, RecurrentLayer... layers) {
    return new RecurrentStack(name, Arrays.asList(layers), 0, Merge.CONCAT, false);
  }

  /**
   * One layer of each size.
   *
   * @param hiddenSizes H of each layer, from the lowest
   */
  public static RecurrentStack of(String name, Cell cell, int... hiddenSizes) {
    return of(
        name,
        Arrays.stream(hiddenSizes)
            .mapToObj(size -> RecurrentLayer.of(name, cell, size))
            .toArray(RecurrentLayer[]::new));
  }

  /** LSTM layers of these sizes, called {@code lstm}. */
  public static RecurrentStack lstm(int... hiddenSizes) {
    return of("lstm", Cell.LSTM, hiddenSizes);
  }

  /** GRU layers of these sizes, reset after, called {@code gru}. */
  public static RecurrentStack gru(int... hiddenSizes) {
    return of("gru", Cell.GRU, hiddenSizes);
  }

  /** Simple layers of these sizes, tanh, called {@code rnn}. */
  public static RecurrentStack tanh(int... hiddenSizes) {
    return of("rnn", Cell.TANH, hiddenSizes);
  }

  /** The same under another name. */
  @Override
  public RecurrentStack named(String newName) {
    return new RecurrentStack(newName, layers, dropouts, merge, lastOnly);
  }

  /** The same with dropout between its layers. */
  public RecurrentStack dropout(double rate) {
    return new RecurrentStack(name, layers, rate, merge, lastOnly);
  }

  /** The same with dropout of each layer's output but the top one's. */
  public RecurrentStack dropouts(Double... rates) {
    return new RecurrentStack(name, layers, List.of(rates), merge, lastOnly);
  }

  /** The same in both directions, side by side. */
  @Override
  public RecurrentStack bothDirections() {
    List<RecurrentLayer> both = layers.stream().map(RecurrentLayer::bothDirections).toList();
    return new RecurrentStack(name, both, dropouts, merge, lastOnly);
  }

  /** The same in both directions, whose outputs are added up layer for layer. */
  public RecurrentStack summed() {
    return new RecurrentStack(name, bothDirections().layers, dropouts, Merge.SUM, lastOnly);
  }

  /** The same giving the last state only. */
  @Override
  public RecurrentStack lastState() {
    return new RecurrentStack(name, layers, dropouts, merge, true);
  }

  @Override
  public List<RecurrentSpec> stacks() {
    return layers.stream().map(RecurrentLayer::stack).toList();
  }

  /**
   * What it runs, one after another.
   *
   * @param layer a recurrent layer, or what lies between two
   * @param number of the recurrent layer, that of the one below for what lies between
   * @param input what comes in
   */
  record Part(Layer layer, int number, Signal input) {
    Signal output() {
      return layer.output(input);
    }

    /** Where its parameters lie in the stack's, after those that end there. */
    Place place(long end, Backend backend) {
      ParameterLayout layout = layer.layout(input, backend);
      long apart = Math.max(1, layout.alignment() / backend.real().bytes());
      return new Place(Math.ceilDiv(end, apart) * apart, layout);
    }

    /** What it binds to, at a place among the parameters of what it is a part of. */
    PlanContext context(PlanContext whole, Place place, Tensor x, @Nullable Tensor dx) {
      return new PlanContext(
          whole.backend(),
          whole.workspace(),
          whole.spec(),
          input,
          output(),
          x,
          dx,
          whole.lengths(),
          whole.parameters().part(layer.name(), place.from, place.layout.size()),
          whole.mask().withLayer(whole.mask().layer() + number),
          whole.shared());
    }

    long parameterCount() {
      return layer.parameters(input).stream().mapToLong(ParameterSpec::size).sum();
    }
  }

  /** A part's first element among the stack's parameters, and how they lie from there on. */
  record Place(long from, ParameterLayout layout) {
    long end() {
      return from + layout.size();
    }
  }

  /** Recurrent layers, sums of directions and dropout in order. */
  List<Part> parts(Signal input) {
    List<Part> parts = new ArrayList<>();
    Signal signal = input;
    for (int i = 0; i < layers.size(); i++) {
      boolean top = i == layers.size() - 1;
      RecurrentLayer layer = layers.get(i).named(name + "." + i);
      signal = add(parts, top && lastOnly ? layer.lastState() : layer, i, signal);
      if (merge == Merge.SUM && layer.stack().bidirectional()) {
        signal = add(parts, new DirectionSum(layer.name() + " sum"), i, signal);
      }
      double dropout = top ? 0 : dropouts.get(dropouts.size() == 1 ? 0 : i);
      if (dropout > 0) {
        signal = add(parts, new Dropout(layer.name() + " dropout", dropout), i, signal);
      }
    }
    return parts;
  }

  private static Signal add(List<Part> parts, Layer layer, int number, Signal input) {
    Part part = new Part(layer, number, input);
    parts.add(part);
    return part.output();
  }

  @Override
  public Signal output(Signal input) {
    return parts(input).getLast().output();
  }

  @Override
  public List<ParameterSpec> parameters(Signal input) {
    List<ParameterSpec> all = new ArrayList<>();
    for (Part part : parts(input)) {
      for (ParameterSpec spec : part.layer.parameters(part.input)) {
        String numbered = spec.name().replaceFirst("_l0(?=_reverse$|$)", "_l" + part.number);
        all.add(new ParameterSpec(numbered, spec.shape(), spec.initializer()));
      }
    }
    return all;
  }

  @Override
  public ParameterLayout layout(Signal input, Backend backend) {
    return layout(parts(input), backend);
  }

  /** Parts one after another, each where the backend wants it. */
  static ParameterLayout layout(List<Part> parts, Backend backend) {
    List<Long> offsets = new ArrayList<>();
    long end = 0;
    int alignment = 1;
    for (Part part : parts) {
      Place place = part.place(end, backend);
      place.layout.offsets().forEach(offset -> offsets.add(place.from + offset));
      end = place.end();
      alignment = Math.max(alignment, place.layout.alignment());
    }
    return new ParameterLayout(offsets, end, alignment);
  }

  @Override
  public boolean streams() {
    return layers.stream().allMatch(RecurrentLayer::streams);
  }

  @Override
  public long scratchBytes(Signal input, PlanSpec plan, DType real) {
    long bytes = 0;
    List<Part> parts = parts(input);
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      bytes += part.layer.scratchBytes(part.input, plan, real);
      if (i < parts.size() - 1) {
        long rows = part.output().rows(plan.maxTime(), plan.maxBatch());
        bytes += rows * part.output().width() * real.bytes() * (plan.trains() ? 2 : 1);
      }
    }
    return bytes;
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new RecurrentStackPlan(parts(context.inputSignal()), context);
  }
}
