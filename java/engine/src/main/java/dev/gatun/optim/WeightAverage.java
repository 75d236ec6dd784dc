package dev.gatun.optim;

import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightOperations;
import dev.gatun.model.Parameter;
import dev.gatun.model.ParameterSet;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * A mean of a model's weights over the steps of a run, beside the weights that learn. {@link #swap}
 * puts it in their place, to be measured or saved, and back.
 */
public final class WeightAverage implements AutoCloseable {
  private final ParameterSet parameters;
  private final Averaging how;
  private final Backend backend;
  private final Usage usage;
  private final Workspace workspace;
  private final WeightOperations weights;
  private final Tensor average;
  private final Tensor aside;
  private final SequencedMap<String, Tensor> named = new LinkedHashMap<>();
  private long taken;
  private boolean inPlace;

  /**
   * Starts at the weights as they are.
   *
   * @param parameters what is averaged; closed after this
   */
  public WeightAverage(ParameterSet parameters, Averaging how) {
    this.parameters = Objects.requireNonNull(parameters, "parameters");
    this.how = Objects.requireNonNull(how, "how");
    backend = parameters.backend();
    usage = new Usage("the average of weights", parameters.usage());
    workspace = backend.workspace();
    try {
      average = workspace.real(parameters.values().size());
      aside = workspace.real(parameters.values().size());
      backend.copy(parameters.values(), average);
      weights = backend.weights();
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
    for (Parameter parameter : parameters.list()) {
      named.put(parameter.name(), average.view(parameter.offset(), parameter.value().shape()));
    }
  }

  /**
   * Takes the weights in, if the step is one of those that count. Waits for nothing.
   *
   * @param step the update just done, from 1
   */
  public void update(long step) {
    if (how.takes(step)) {
      usage.enter();
      try {
        weights.average(parameters.values(), average, how.weight(taken));
        taken++;
      } finally {
        usage.exit();
      }
    }
  }

  /** Exchanges weights and average, once there is one. What is swapped is to be swapped back. */
  public void swap() {
    if (taken == 0) {
      return;
    }
    usage.enter();
    try {
      backend.copy(parameters.values(), aside);
      backend.copy(average, parameters.values());
      backend.copy(aside, average);
      parameters.changed();
      inPlace = !inPlace;
    } finally {
      usage.exit();
    }
  }

  /** Whether the average is where the weights should be. */
  public boolean inPlace() {
    return inPlace;
  }

  /** How many times weights have been taken in. */
  public long taken() {
    return taken;
  }

  /** The average of each parameter by name, in the backend's memory. */
  public SequencedMap<String, Tensor> values() {
    return named;
  }

  /** Goes on from {@link #values} that were written, or from the weights as they are. */
  public void restore(long count) {
    taken = count;
    if (count == 0) {
      backend.copy(parameters.values(), average);
    }
  }

  @Override
  public void close() {
    if (usage.close()) {
      weights.close();
      workspace.close();
    }
  }
}
