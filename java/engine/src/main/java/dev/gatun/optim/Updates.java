package dev.gatun.optim;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.model.Parameter;
import dev.gatun.model.ParameterSet;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SequencedMap;

/**
 * What every optimizer shares: the control scalars of {@link Control}, clipping by the global norm,
 * and moments laid out as the parameters.
 */
public final class Updates implements AutoCloseable {
  private final ParameterSet parameters;
  private final Backend backend;
  private final double maxNorm;
  private final Usage usage;
  private final Workspace workspace;
  private final Workspace host = Workspace.host(DType.F64);
  private final Tensor control;
  private final Tensor rate;
  private final Tensor hostControl;
  private final Tensor hostRate;
  private final SequencedMap<String, Tensor> state = new LinkedHashMap<>();

  /**
   * Reserves the scalars.
   *
   * @param parameters what is updated
   * @param maxNorm the largest norm of all gradients together, or positive infinity for no clipping
   */
  public Updates(ParameterSet parameters, double maxNorm) {
    Objects.requireNonNull(parameters, "parameters");
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException(
          "the norm to clip at, " + maxNorm + ", must be above 0 (infinity: no clipping)");
    }
    this.parameters = parameters;
    this.maxNorm = maxNorm;
    backend = parameters.backend();
    usage = new Usage("the optimizer", parameters.usage());
    workspace = backend.workspace();
    control = workspace.tensor(DType.F64, Control.SIZE);
    rate = control.view(Control.RATE, 1);
    hostControl = host.tensor(DType.F64, Control.SIZE);
    hostRate = host.tensor(DType.F64, 1);
    hostControl.set(Control.NON_FINITE, -1);
    backend.copy(hostControl, control);
    state.put("updates", control.view(Control.UPDATES, 1));
  }

  /** Reserves a zeroed moment laid out as the parameters and adds it to {@link #state}. */
  public Tensor moment(String name) {
    Tensor moment = workspace.real(parameters.values().size());
    for (Parameter parameter : parameters.list()) {
      state.put(
          name + "." + parameter.name(),
          moment.view(parameter.offset(), parameter.value().shape()));
    }
    return moment;
  }

  /**
   * Sets the rate, measures the gradients and counts the update; then the rule is to be applied.
   *
   * @throws IllegalArgumentException if the rate is not finite or negative
   */
  public void prepare(double newRate) {
    if (!(newRate >= 0 && newRate <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "the learning rate is " + newRate + " and must be finite and at least 0");
    }
    hostRate.set(0, newRate);
    backend.copy(hostRate, rate);
    backend.prepareUpdate(parameters.gradients(), maxNorm, control);
    backend.adjustLossScale(control);
  }

  /** Entered for each step: keeps moments, parameters and backend open. */
  public Usage usage() {
    return usage;
  }

  /** The scalars, F64 [{@link Control#SIZE}], for the rule. */
  public Tensor control() {
    return control;
  }

  /** Reads a scalar; waits for a device. */
  public double read(int slot) {
    backend.copy(control, hostControl);
    return hostControl.get(slot);
  }

  /** The number of updates and every moment by parameter. */
  public SequencedMap<String, Tensor> state() {
    return state;
  }

  /**
   * Frees scalars and moments.
   *
   * @throws IllegalStateException if a step runs on another thread
   */
  @Override
  public void close() {
    if (usage.close()) {
      workspace.close();
      host.close();
    }
  }
}
