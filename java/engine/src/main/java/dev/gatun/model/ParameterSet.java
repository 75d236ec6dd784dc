package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All parameters of a model in one flat block, and their gradients in another laid out equally, so
 * that an optimizer, a norm or a copy is one loop. It owns both. Where a layer's {@link
 * Layer#layout} leaves gaps, the blocks have elements that belong to no parameter: they are zero in
 * both, and an optimizer must leave them so.
 */
public final class ParameterSet implements AutoCloseable {
  private final Backend backend;
  private final Usage usage;
  private final Workspace workspace;
  private final Tensor values;
  private final @Nullable Tensor gradients;
  private final Arrangement arrangement;
  private final List<Parameter> list;
  private final Tensor statisticValues;
  private final List<Parameter> statistics;
  // Read by sessions on other threads; written by the one thread that trains.
  private volatile long version = 1;
  private volatile boolean writtenByPlans;

  private ParameterSet(Backend backend, Arrangement arrangement, boolean frozen) {
    this.backend = backend;
    this.arrangement = arrangement;
    usage = new Usage("the model", backend.usage());
    long size = arrangement.size;
    workspace = backend.workspace();
    try {
      values = workspace.real(size);
      gradients = frozen ? null : workspace.real(size);
      statisticValues = workspace.real(arrangement.statisticSize);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
    List<Parameter> parameters = new ArrayList<>();
    for (Named named : arrangement.parameters) {
      parameters.add(
          new Parameter(
              named.name,
              named.offset,
              values.view(named.offset, named.shape),
              gradients == null ? null : gradients.view(named.offset, named.shape)));
    }
    list = List.copyOf(parameters);
    statistics =
        arrangement.statistics.stream()
            .map(
                named ->
                    new Parameter(
                        named.name,
                        named.offset,
                        statisticValues.view(named.offset, named.shape),
                        null))
            .toList();
  }

  /** Zeroed parameters for a model. */
  static ParameterSet allocate(Backend backend, ModelSpec spec) {
    return new ParameterSet(backend, Arrangement.of(backend, spec), false);
  }

  /** A copy of the values as they are now, without gradients, made by another context. */
  ParameterSet frozenCopy(Backend context) {
    usage.enter();
    try {
      ParameterSet copy = new ParameterSet(context, arrangement, true);
      try {
        context.copy(values, copy.values);
        context.copy(statisticValues, copy.statisticValues);
      } catch (RuntimeException | Error e) {
        copy.close();
        throw e;
      }
      return copy;
    } finally {
      usage.exit();
    }
  }

  private record Named(
      String name, long offset, @SuppressWarnings("ArrayRecordComponent") long[] shape) {}

  /** A layer's part of the flat blocks. */
  private record Part(String layer, long from, long size) {}

  /** Where everything lies, in elements. */
  private record Arrangement(
      List<Named> parameters,
      List<Part> parts,
      long size,
      List<Named> statistics,
      long statisticSize) {
    static Arrangement of(Backend backend, ModelSpec spec) {
      List<Named> parameters = new ArrayList<>();
      List<Part> parts = new ArrayList<>();
      List<Named> statistics = new ArrayList<>();
      long end = 0;
      long statisticEnd = 0;
      for (ModelSpec.Stage stage : spec.stages()) {
        String layer = stage.layer().name();
        ParameterLayout layout = stage.layer().layout(stage.input(), backend);
        long apart = Math.max(1, layout.alignment() / backend.real().bytes());
        long from = (end + apart - 1) / apart * apart;
        for (int i = 0; i < stage.parameters().size(); i++) {
          ParameterSpec parameter = stage.parameters().get(i);
          parameters.add(
              new Named(
                  layer + "." + parameter.name(),
                  from + layout.offsets().get(i),
                  parameter.shape()));
        }
        for (ParameterSpec statistic : stage.layer().statistics(stage.input())) {
          String full = layer + "." + statistic.name();
          statistics.add(new Named(full, statisticEnd, statistic.shape()));
          statisticEnd += statistic.size();
        }
        parts.add(new Part(layer, from, layout.size()));
        end = from + layout.size();
      }
      return new Arrangement(
          List.copyOf(parameters), List.copyOf(parts), end, List.copyOf(statistics), statisticEnd);
    }
  }

  /** Whether every value is a finite number. Waits for a device. */
  public boolean finite() {
    try (Workspace device = backend.workspace();
        Workspace host = Workspace.host(DType.F64)) {
      Tensor control = device.tensor(DType.F64, Control.SIZE);
      Tensor read = host.tensor(DType.F64, Control.SIZE);
      backend.prepareUpdate(values, Double.POSITIVE_INFINITY, control);
      backend.copy(control, read);
      return read.get(Control.NON_FINITE) < 0;
    }
  }

  /** The context that works on these parameters. */
  public Backend backend() {
    return backend;
  }

  /**
   * What keeps the parameters and their backend open: an optimizer of one's own enters it for each
   * step.
   */
  public Usage usage() {
    return usage;
  }

  /**
   * What a plan enters. Frozen weights stay as long as a session has them; a count that many
   * threads share would cost each of their steps.
   */
  Usage usageBy(Backend context) {
    return gradients == null ? context.usage() : usage;
  }

  /** Every parameter, in the order of the flat blocks. */
  public List<Parameter> list() {
    return list;
  }

  /** What layers keep beside their parameters ({@link Layer#statistics}), without gradients. */
  public List<Parameter> statistics() {
    return statistics;
  }

  /**
   * A parameter or statistic by name.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public Parameter get(String name) {
    for (Parameter parameter : list) {
      if (parameter.name().equals(name)) {
        return parameter;
      }
    }
    for (Parameter statistic : statistics) {
      if (statistic.name().equals(name)) {
        return statistic;
      }
    }
    throw new IllegalArgumentException(
        "no parameter %s; there are %s"
            .formatted(name, String.join(", ", list.stream().map(Parameter::name).toList())));
  }

  /** What the layer of that number plans with. */
  LayerParameters layer(int index) {
    Part part = arrangement.parts.get(index);
    return new LayerParameters(this, part.layer, part.from, part.size);
  }

  /**
   * The parameter that the element {@code index} of the flat blocks belongs to.
   *
   * @throws IndexOutOfBoundsException if it belongs to none
   */
  public Parameter at(long index) {
    for (Parameter parameter : list) {
      if (index >= parameter.offset() && index - parameter.offset() < parameter.value().size()) {
        return parameter;
      }
    }
    throw new IndexOutOfBoundsException(
        "element %d of %d belongs to no parameter".formatted(index, values.size()));
  }

  /** All values, flat, zeros between some of them. */
  public Tensor values() {
    return values;
  }

  /**
   * All gradients, flat, zeros where {@link #values} has them.
   *
   * @throws IllegalStateException if these are a session's frozen weights
   */
  public Tensor gradients() {
    if (gradients == null) {
      throw new IllegalStateException("frozen parameters have no gradients");
    }
    return gradients;
  }

  /** Counts changes of the values: plans read them again when it has moved. */
  public long version() {
    return version;
  }

  /** Says that a plan writes values in its forward, each time without a new version. */
  void writeInPlans() {
    writtenByPlans = true;
  }

  /** Whether plans write values themselves, so that a copy of a version may not be what it was. */
  public boolean writtenByPlans() {
    return writtenByPlans;
  }

  /** To be called after writing values other than through an optimizer or a load. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
  public void changed() {
    version++;
  }

  /**
   * Frees values and gradients.
   *
   * @throws IllegalStateException if a plan or an optimizer is at work with them
   */
  @Override
  public void close() {
    if (usage.close()) {
      workspace.close();
    }
  }
}
