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
 * that an optimizer, a norm or a copy is one loop. It owns both.
 */
public final class ParameterSet implements AutoCloseable {
  private final Backend backend;
  private final Usage usage;
  private final Workspace workspace;
  private final Tensor values;
  private final @Nullable Tensor gradients;
  private final List<Parameter> list;
  // Read by sessions on other threads; written by the one thread that trains.
  private volatile long version = 1;

  private ParameterSet(Backend backend, List<Named> layout, boolean frozen) {
    this.backend = backend;
    usage = new Usage("the model", backend.usage());
    long size = layout.stream().mapToLong(Named::size).sum();
    workspace = backend.workspace();
    try {
      values = workspace.real(size);
      gradients = frozen ? null : workspace.real(size);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
    List<Parameter> parameters = new ArrayList<>();
    long at = 0;
    for (Named named : layout) {
      parameters.add(
          new Parameter(
              named.name,
              at,
              values.view(at, named.shape),
              gradients == null ? null : gradients.view(at, named.shape)));
      at += named.size();
    }
    list = List.copyOf(parameters);
  }

  /** Zeroed parameters for a model. */
  static ParameterSet allocate(Backend backend, ModelSpec spec) {
    List<Named> layout = new ArrayList<>();
    for (ModelSpec.Stage stage : spec.stages()) {
      for (ParameterSpec parameter : stage.parameters()) {
        layout.add(new Named(stage.layer().name() + "." + parameter.name(), parameter.shape()));
      }
    }
    return new ParameterSet(backend, layout, false);
  }

  /** A copy of the values as they are now, without gradients, made by another context. */
  ParameterSet frozenCopy(Backend context) {
    List<Named> layout = new ArrayList<>();
    for (Parameter parameter : list) {
      layout.add(new Named(parameter.name(), parameter.value().shape()));
    }
    usage.enter();
    try {
      ParameterSet copy = new ParameterSet(context, layout, true);
      try {
        context.copy(values, copy.values);
      } catch (RuntimeException | Error e) {
        copy.close();
        throw e;
      }
      return copy;
    } finally {
      usage.exit();
    }
  }

  private record Named(String name, @SuppressWarnings("ArrayRecordComponent") long[] shape) {
    long size() {
      return Tensor.sizeOf(shape);
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

  /**
   * A parameter by name.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public Parameter get(String name) {
    for (Parameter parameter : list) {
      if (parameter.name().equals(name)) {
        return parameter;
      }
    }
    throw new IllegalArgumentException(
        "no parameter %s; there are %s"
            .formatted(name, String.join(", ", list.stream().map(Parameter::name).toList())));
  }

  /** The parameter that the element {@code index} of the flat blocks belongs to. */
  public Parameter at(long index) {
    for (Parameter parameter : list) {
      if (index >= parameter.offset() && index - parameter.offset() < parameter.value().size()) {
        return parameter;
      }
    }
    throw new IndexOutOfBoundsException("element " + index + " of " + values.size());
  }

  /** All values, flat. */
  public Tensor values() {
    return values;
  }

  /**
   * All gradients, flat.
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
