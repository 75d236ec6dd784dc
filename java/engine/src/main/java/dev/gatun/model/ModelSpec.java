package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** A checked stack of layers over an input: everything about a model but its memory. */
public final class ModelSpec {
  /** Names that a checkpoint keeps for itself. */
  private static final Set<String> RESERVED = Set.of("optimizer", "state", "context", "raw");

  /**
   * A layer at its place.
   *
   * @param layer the layer
   * @param input what comes in
   * @param output what it gives
   * @param parameters what it needs
   */
  public record Stage(Layer layer, Signal input, Signal output, List<ParameterSpec> parameters) {
    /** The number of values of its parameters. */
    public long parameterCount() {
      return parameters.stream().mapToLong(ParameterSpec::size).sum();
    }
  }

  private final Signal input;
  private final List<Stage> stages;
  private final boolean streams;

  private ModelSpec(Signal input, List<Stage> stages) {
    this.input = input;
    this.stages = stages;
    streams = stages.stream().allMatch(stage -> stage.layer().streams());
  }

  /**
   * Checks that each layer takes what the one before gives.
   *
   * @param input what the model is given: {@link Signal#tokens} or {@link Signal#features}
   * @param layers from input to output
   * @throws IllegalArgumentException if two do not fit, or names repeat
   */
  public static ModelSpec of(Signal input, Layer... layers) {
    // Not List.of: it does not name what is null.
    return of(input, Arrays.asList(Objects.requireNonNull(layers, "layers")));
  }

  /** As {@link #of(Signal, Layer...)}. */
  public static ModelSpec of(Signal input, List<? extends Layer> layers) {
    Objects.requireNonNull(input, "input");
    Objects.requireNonNull(layers, "layers");
    if (layers.isEmpty()) {
      throw new IllegalArgumentException("a model needs at least one layer");
    }
    List<Stage> stages = new ArrayList<>();
    Set<String> names = new HashSet<>();
    Signal signal = input;
    for (Layer layer : layers) {
      Objects.requireNonNull(layer, () -> "layer " + stages.size());
      checkName(Objects.requireNonNull(layer.name(), "a layer's name"), names);
      Signal output = layer.output(signal);
      layer.check(signal, List.copyOf(stages));
      stages.add(new Stage(layer, signal, output, List.copyOf(layer.parameters(signal))));
      signal = output;
    }
    return new ModelSpec(input, List.copyOf(stages));
  }

  private static void checkName(String name, Set<String> before) {
    if (name.isBlank() || name.contains(".") || RESERVED.contains(name)) {
      throw new IllegalArgumentException(
          "'%s' cannot name a layer: not empty, without dots, and none of %s"
              .formatted(name, RESERVED));
    }
    if (!before.add(name)) {
      throw new IllegalArgumentException(
          "two layers are called %s: give one another name".formatted(name));
    }
  }

  /** What the model is given. */
  public Signal input() {
    return input;
  }

  /** What the model gives. */
  public Signal output() {
    return stages.getLast().output();
  }

  /** The layers from input to output. */
  public List<Stage> stages() {
    return stages;
  }

  /** The number of values of all parameters. */
  public long parameterCount() {
    return stages.stream().mapToLong(Stage::parameterCount).sum();
  }

  /** Whether sequences may come in pieces, state being carried. */
  public boolean streams() {
    return streams;
  }

  /** Whether the last layer is a decoder, which is shown the targets before each step. */
  public boolean decodes() {
    return stages.getLast().layer() instanceof SequenceToSequence;
  }

  /**
   * Shapes, parameters and memory, without allocating any.
   *
   * @param plan the largest batch
   * @param real the backend's type
   * @param moments parameter-sized buffers of the optimizer: Adam 2, SGD with momentum 1
   */
  public Summary summary(PlanSpec plan, DType real, int moments) {
    return Summary.of(this, plan, real, moments);
  }

  /**
   * Allocates parameters and gives them their initial values: the same for the same seed on every
   * backend, rounded to float32.
   *
   * @param backend where they live; stays the caller's
   * @param seed of initial values and dropout masks
   * @throws IllegalStateException if the backend has been closed
   */
  public Model build(Backend backend, long seed) {
    Objects.requireNonNull(backend, "backend");
    ParameterSet parameters = ParameterSet.allocate(backend, this);
    try {
      initialize(parameters, backend, seed);
      return new Model(this, backend, seed, parameters);
    } catch (RuntimeException | Error e) {
      parameters.close();
      throw e;
    }
  }

  private void initialize(ParameterSet parameters, Backend backend, long seed) {
    List<ParameterSpec> specs =
        stages.stream().flatMap(stage -> stage.parameters().stream()).toList();
    List<ParameterSpec> statistics =
        stages.stream().flatMap(stage -> stage.layer().statistics(stage.input()).stream()).toList();
    initialize(specs, parameters.list(), backend, seed);
    initialize(statistics, parameters.statistics(), backend, seed);
    parameters.changed();
  }

  private static void initialize(
      List<ParameterSpec> specs, List<Parameter> parameters, Backend backend, long seed) {
    for (int i = 0; i < specs.size(); i++) {
      try (Workspace host = Workspace.host(DType.F32)) {
        Tensor values = host.real(specs.get(i).shape());
        specs.get(i).initializer().fill(values, new RandomStream(seed, i));
        backend.copy(values, parameters.get(i).value());
      }
    }
  }

  /** One line per layer, as {@code lstm: features [T, N, 64] -> features [T, N, 128]}. */
  @Override
  public String toString() {
    StringBuilder out = new StringBuilder();
    for (Stage stage : stages) {
      out.append("%s: %s -> %s%n".formatted(stage.layer().name(), stage.input(), stage.output()));
    }
    return out.toString();
  }
}
