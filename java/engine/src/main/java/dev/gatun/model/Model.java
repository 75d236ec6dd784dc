package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import dev.gatun.persist.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * A stack of layers with its parameters. It owns the parameters, not the backend; plans and
 * sessions made from it are closed by whoever asked for them, before the model. One thread trains;
 * sessions run on others.
 */
public final class Model implements AutoCloseable {
  private final ModelSpec spec;
  private final Backend backend;
  private final long seed;
  private final ParameterSet parameters;

  /** What a session made now gets, if another already has it. */
  private final Map<WeightType, FrozenWeights> latest = new EnumMap<>(WeightType.class);

  Model(ModelSpec spec, Backend backend, long seed, ParameterSet parameters) {
    this.spec = spec;
    this.backend = backend;
    this.seed = seed;
    this.parameters = parameters;
  }

  /** Its layers and signals. */
  public ModelSpec spec() {
    return spec;
  }

  /** The context that holds its parameters. */
  public Backend backend() {
    return backend;
  }

  /** The seed of initial values and dropout masks. */
  public long seed() {
    return seed;
  }

  /** Its parameters and their gradients. */
  public ParameterSet parameters() {
    return parameters;
  }

  /**
   * Reserves everything to run the model; the output is read, or its gradient set, by hand.
   *
   * @throws IllegalStateException if the model or its backend has been closed
   */
  public Plan plan(PlanSpec plan) {
    Objects.requireNonNull(plan, "plan");
    return new Plan(this, plan, null);
  }

  /**
   * Reserves everything to run the model and a loss.
   *
   * @throws IllegalArgumentException if the loss cannot take the model's output
   * @throws IllegalStateException if the model or its backend has been closed
   */
  public Plan plan(PlanSpec plan, Loss loss) {
    Objects.requireNonNull(plan, "plan");
    Objects.requireNonNull(loss, "loss");
    return new Plan(this, plan, loss);
  }

  /** A streaming session of one sequence, step by step. */
  public Session session() {
    return session(1, 1);
  }

  /**
   * A streaming session, to be used by any one thread. It runs on the parameters as they are now,
   * until its {@link Session#refresh}; sessions made from the same parameters share one copy. Make
   * it while nobody updates the parameters.
   *
   * @param maxTime the most steps of a call
   * @param batch the number of sequences, always the same
   * @throws IllegalArgumentException if a layer looks ahead in time
   * @throws IllegalStateException if the model or its backend has been closed
   */
  public Session session(int maxTime, int batch) {
    return session(maxTime, batch, WeightType.FLOAT32);
  }

  /**
   * A streaming session as {@link #session(int, int)} with the matrices of recurrent layers
   * rounded. Sessions of the same type share one copy.
   */
  public Session session(int maxTime, int batch, WeightType weights) {
    Objects.requireNonNull(weights, "weights");
    return new Session(this, maxTime, batch, weights);
  }

  /**
   * Writes the parameters by name as a safetensors file, atomically.
   *
   * @param file created or replaced
   * @throws IOException if it cannot be written
   */
  public void save(Path file) throws IOException {
    Objects.requireNonNull(file, "file");
    ParameterFile.save(parameters, file);
  }

  /**
   * Overwrites all parameters from a safetensors file, a checkpoint or one of PyTorch's with the
   * same names. Nothing changes unless all fit.
   *
   * @throws dev.gatun.persist.FormatException if the file is broken, or a name is missing or
   *     unknown, or a shape differs, or a weight is not finite
   * @throws IOException if it cannot be read
   */
  public void load(Path file) throws IOException {
    Objects.requireNonNull(file, "file");
    try (SafetensorsReader reader = new SafetensorsReader(file)) {
      load(reader);
    }
  }

  /**
   * As {@link #load(Path)}, from a file that is open: what is read from it before and after is of
   * the same file, even if its name gets another meanwhile.
   */
  public void load(SafetensorsReader file) throws IOException {
    Objects.requireNonNull(file, "file");
    ParameterFile.load(parameters, file);
  }

  /** The current weights for one more session, copied if no other session has them. */
  synchronized FrozenWeights acquire(Backend context, WeightType type) {
    parameters.usage().check();
    FrozenWeights known = latest.get(type);
    if (known == null || !known.isCurrent(parameters)) {
      known = new FrozenWeights(parameters, context, type);
      latest.put(type, known);
    }
    known.enter();
    return known;
  }

  /** One session less; the last one frees the copy. */
  synchronized void release(FrozenWeights weights) {
    if (weights.leave()) {
      latest.values().remove(weights);
    }
  }

  /**
   * Frees the parameters; sessions keep their copies.
   *
   * @throws IllegalStateException if a plan or an optimizer is at work with them
   */
  @Override
  public void close() {
    parameters.close();
  }
}
