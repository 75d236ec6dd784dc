package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Streaming inference: keeps the state, takes one step or a few, gives the output. A step allocates
 * nothing. For one thread at a time, another gets an {@link IllegalStateException}; any number of
 * sessions run on different threads over one copy of a model's parameters, as they were when the
 * session was made or last refreshed.
 */
public final class Session implements AutoCloseable {
  private final Model model;
  private final Backend backend;
  private final PlanSpec spec;
  private final Usage usage;
  private final Workspace host = Workspace.host(DType.F32);
  private final Tensor[] inputs;
  private final MemorySegment inputValues;
  private final Tensor output;
  private final MemorySegment outputValues;
  private boolean stepped;
  private FrozenWeights weights;
  private Plan plan;
  private Tensor[] planInputs;

  /** Null: calls are not graphs. */
  private @Nullable SessionGraphs graphs;

  Session(Model model, int maxTime, int batch, WeightType type) {
    ModelSpec layers = model.spec();
    if (!layers.streams()) {
      throw new IllegalArgumentException(
          "a session goes forward in time and the model has a layer that looks ahead in time"
              + " (bidirectional) or at all of it (pooling)");
    }
    this.model = model;
    spec = PlanSpec.inference(maxTime, batch).equalLengths().withWeights(type);
    Tensor input =
        host.tensor(layers.input().dtype(DType.F32), layers.input().shape(maxTime, batch));
    inputs = prefixes(input, layers.input());
    inputValues = input.segment();
    output = host.real(layers.output().shape(maxTime, batch));
    outputValues = output.segment();
    backend = forked(model, host);
    usage = new Usage("the session", backend.usage());
    FrozenWeights acquired = null;
    try {
      acquired = model.acquire(backend, type);
      weights = acquired;
      plan = newPlan(acquired);
      planInputs = prefixes(plan.input(), layers.input());
    } catch (RuntimeException | Error e) {
      if (acquired != null) {
        model.release(acquired);
      }
      backend.close();
      host.close();
      throw e;
    }
  }

  private static Backend forked(Model model, Workspace host) {
    try {
      return model.backend().fork();
    } catch (RuntimeException | Error e) {
      host.close();
      throw e;
    }
  }

  private Plan newPlan(FrozenWeights from) {
    return new Plan(model, from, backend, spec);
  }

  /**
   * Has each call be one CUDA graph, recorded when a number of steps comes for the second time,
   * with the same results; or no longer.
   *
   * @return this
   * @throws IllegalArgumentException if the backend has no graphs: only a GPU has
   */
  public Session graphs(boolean on) {
    usage.enterAlone();
    try {
      if (on && !backend.hasGraphs()) {
        throw new IllegalArgumentException(
            "the backend %s has no graphs, only a GPU does".formatted(backend.name()));
      }
      closeGraphs();
      graphs = on ? new SessionGraphs(backend, spec.maxTime()) : null;
      return this;
    } finally {
      usage.exit();
    }
  }

  private void closeGraphs() {
    if (graphs != null) {
      graphs.close();
    }
  }

  /** The first t steps of a buffer for every t. */
  private Tensor[] prefixes(Tensor buffer, Signal signal) {
    Tensor[] views = new Tensor[spec.maxTime() + 1];
    for (int t = 1; t <= spec.maxTime(); t++) {
      views[t] = buffer.view(0, signal.shape(t, spec.maxBatch()));
    }
    return views;
  }

  /**
   * Feeds one step of a token to a session of one sequence.
   *
   * @return the output, as {@link #output}
   */
  public Tensor step(int token) {
    usage.enterAlone();
    try {
      checkInput(1, 1, true);
      inputValues.set(ValueLayout.JAVA_INT, 0, token);
      return run(1);
    } finally {
      usage.exit();
    }
  }

  /**
   * Feeds one step of features.
   *
   * @param features [batch, C], flat
   * @return the output, as {@link #output}
   */
  public Tensor step(float[] features) {
    return run(1, features);
  }

  /**
   * Feeds t steps of token ids.
   *
   * @param tokens [t, batch], flat
   * @return the output, as {@link #output}
   */
  public Tensor run(int t, int[] tokens) {
    Objects.requireNonNull(tokens, "tokens");
    usage.enterAlone();
    try {
      checkInput(t, tokens.length, true);
      MemorySegment.copy(tokens, 0, inputValues, ValueLayout.JAVA_INT, 0, tokens.length);
      return run(t);
    } finally {
      usage.exit();
    }
  }

  /**
   * Feeds t steps of features.
   *
   * @param features [t, batch, C], flat
   * @return the output, as {@link #output}
   */
  public Tensor run(int t, float[] features) {
    Objects.requireNonNull(features, "features");
    usage.enterAlone();
    try {
      checkInput(t, features.length, false);
      MemorySegment.copy(features, 0, inputValues, ValueLayout.JAVA_FLOAT, 0, features.length);
      return run(t);
    } finally {
      usage.exit();
    }
  }

  private Tensor run(int t) {
    backend.copy(inputs[t], planInputs[t]);
    if (graphs == null || !graphs.run(plan, t, spec.maxBatch())) {
      plan.forward(t, spec.maxBatch());
    }
    backend.copy(plan.output(), output);
    stepped = true;
    return output;
  }

  private void checkInput(int t, int length, boolean tokens) {
    Signal signal = model.spec().input();
    if (tokens != signal.isTokens()) {
      throw new IllegalArgumentException("the model takes " + signal);
    }
    if (t < 1 || t > spec.maxTime()) {
      throw new IllegalArgumentException(
          "%d steps: the session takes 1 to %d".formatted(t, spec.maxTime()));
    }
    if (length != inputs[t].size()) {
      throw new IllegalArgumentException(
          "%d values: %d steps of %d sequences of %s are %d"
              .formatted(length, t, spec.maxBatch(), signal, inputs[t].size()));
    }
  }

  /**
   * The output of the last call in host memory, F32, [t, batch, ·] at its start, or [batch, ·] for
   * a model that gives one row per sequence; overwritten by the next.
   *
   * @throws IllegalStateException before the first step, or if the session has been closed
   */
  public Tensor output() {
    usage.check();
    if (!stepped) {
      throw new IllegalStateException("there is no output before the first step");
    }
    return output;
  }

  /**
   * Copies the start of {@link #output} into an array, allocating nothing.
   *
   * @throws IllegalArgumentException if the array is longer than the output
   * @throws IllegalStateException as {@link #output}
   */
  public void readOutput(float[] into) {
    Objects.requireNonNull(into, "into");
    long size = output().size();
    if (into.length > size) {
      throw new IllegalArgumentException(
          "an array of %d for an output of %d values".formatted(into.length, size));
    }
    MemorySegment.copy(outputValues, ValueLayout.JAVA_FLOAT, 0, into, 0, into.length);
  }

  /** Starts again from zero states. */
  public void reset() {
    usage.enterAlone();
    try {
      plan.resetState();
    } finally {
      usage.exit();
    }
  }

  /** A copy of the carried states, to be {@link #restore}d here or in a session of equal shape. */
  public State snapshot() {
    List<double[]> values = new ArrayList<>();
    usage.enterAlone();
    try (Workspace staging = Workspace.host(backend.real())) {
      for (Tensor tensor : plan.state().values()) {
        Tensor copy = staging.real(tensor.shape());
        backend.copy(tensor, copy);
        values.add(copy.toDoubles());
      }
    } finally {
      usage.exit();
    }
    return new State(values);
  }

  /**
   * Goes back to copied states.
   *
   * @throws IllegalArgumentException if they are of a model of another shape
   */
  public void restore(State state) {
    Objects.requireNonNull(state, "state");
    usage.enterAlone();
    try {
      restoreAlone(state);
    } finally {
      usage.exit();
    }
  }

  private void restoreAlone(State state) {
    List<Tensor> tensors = List.copyOf(plan.state().values());
    List<Long> sizes = tensors.stream().map(Tensor::size).toList();
    List<Long> given = state.values.stream().map(v -> (long) v.length).toList();
    if (!sizes.equals(given)) {
      throw new IllegalArgumentException(
          "states of sizes %s do not fit this session's %s".formatted(given, sizes));
    }
    try (Workspace staging = Workspace.host(backend.real())) {
      for (int i = 0; i < tensors.size(); i++) {
        Tensor copy = staging.real(tensors.get(i).shape()).copyFrom(state.values.get(i));
        backend.copy(copy, tensors.get(i));
      }
    }
    plan.restoredState(spec.maxBatch());
  }

  /** Takes the model's parameters as they are now; states are kept. Not while they are updated. */
  public void refresh() {
    usage.enterAlone();
    try {
      replacePlan();
    } finally {
      usage.exit();
    }
  }

  private void replacePlan() {
    State state = snapshot();
    FrozenWeights fresh = model.acquire(backend, spec.weights());
    Plan replacement;
    try {
      replacement = newPlan(fresh);
    } catch (RuntimeException | Error e) {
      model.release(fresh);
      throw e;
    }
    if (graphs != null) {
      graphs.close();
      graphs = new SessionGraphs(backend, spec.maxTime());
    }
    plan.close();
    model.release(weights);
    plan = replacement;
    weights = fresh;
    planInputs = prefixes(plan.input(), model.spec().input());
    restoreAlone(state);
  }

  /** The bytes this session holds, the shared weights apart. */
  public long bytes() {
    return plan.bytes() + host.bytes();
  }

  /** The bytes of the weights, which sessions of the same type and version share. */
  public long sharedBytes() {
    return weights.bytes();
  }

  /**
   * Frees what the session holds, and the shared weights if no other has them.
   *
   * @throws IllegalStateException if a call runs on another thread
   */
  @Override
  public void close() {
    if (usage.close()) {
      closeGraphs();
      plan.close();
      model.release(weights);
      backend.close();
      host.close();
    }
  }

  /** Carried states, copied to the heap: of any age, for any number of restores. */
  public static final class State {
    private final List<double[]> values;

    private State(List<double[]> values) {
      this.values = values;
    }
  }
}
