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
import org.jspecify.annotations.Nullable;

/**
 * What every optimizer shares: the control scalars of {@link Control}, clipping by the global norm,
 * moments laid out as the parameters, and where all of this is. A step of one's own optimizer:
 *
 * <pre>{@code
 * updates.usage().enter();
 * try {
 *   updates.prepare(rate);
 *   updater.step(); // of updates.worker(), on updates.values(), gradients() and control()
 *   updates.finish();
 * } finally {
 *   updates.usage().exit();
 * }
 * }</pre>
 *
 * <p>With {@link Place#HOST} values, gradients, moments and control scalars are in host memory on
 * every backend (F32, on the reference backend F64), so that the rule may be a loop over {@link
 * Tensor#segment} in place of an updater: new value = value - {@link Control#RATE} * f({@link
 * Control#FACTOR} * gradient), none where {@link Control#NON_FINITE} is not -1, and in either case
 * zero gradients after it.
 */
public final class Updates implements AutoCloseable {
  /** No version of the parameters. */
  private static final long NONE = 0;

  private final ParameterSet parameters;
  private final Backend backend;
  private final @Nullable Backend openedHost;
  private final Backend worker;
  private final double maxNorm;

  /** Null where a norm is all that gradients are held within. */
  private final @Nullable ConstraintWork constraints;

  /** Gradients that are not looked at. */
  private final Tensor[] frozen;

  private final Usage usage;
  private final Workspace workspace;
  private final Workspace host = Workspace.host(DType.F64);
  private final Tensor values;
  private final Tensor gradients;
  private final Tensor control;

  /** Where the parameters are: {@link #control}, or a copy of it. */
  private final Tensor backendControl;

  private final @Nullable Workspace copy;
  private final Tensor rate;
  private final Tensor hostControl;
  private final Tensor hostRate;
  private final SequencedMap<String, Tensor> state = new LinkedHashMap<>();

  /** The version of the parameters that {@link #values} holds, where it is a copy. */
  private long held = NONE;

  /** As {@link #Updates(ParameterSet, UpdateOptions)}, clipping only. */
  public Updates(ParameterSet parameters, double maxNorm) {
    this(parameters, UpdateOptions.DEFAULT.withMaxNorm(maxNorm));
  }

  /**
   * Reserves the scalars, and on another place than the parameters' a copy of them and of their
   * gradients.
   *
   * @param parameters what is updated
   * @param options clipping, where, and what is frozen
   * @throws OutOfMemoryError if there is no memory for that
   */
  public Updates(ParameterSet parameters, UpdateOptions options) {
    Objects.requireNonNull(parameters, "parameters");
    this.parameters = parameters;
    maxNorm = options.maxNorm();
    frozen =
        parameters.list().stream()
            .filter(parameter -> options.rate(parameter) == 0)
            .map(Parameter::gradient)
            .toArray(Tensor[]::new);
    backend = parameters.backend();
    usage = new Usage("the optimizer", parameters.usage());
    openedHost = options.place() == Place.HOST ? backend.openHost() : null;
    worker = openedHost == null ? backend : openedHost;
    workspace = worker.workspace();
    copy = openedHost == null ? null : backend.workspace();
    try {
      long size = parameters.values().size();
      values = openedHost == null ? parameters.values() : workspace.real(size);
      gradients = openedHost == null ? parameters.gradients() : workspace.real(size);
      control = workspace.tensor(DType.F64, Control.SIZE);
      backendControl = copy == null ? control : copy.tensor(DType.F64, Control.SIZE);
      rate = control.view(Control.RATE, 1);
      hostControl = host.tensor(DType.F64, Control.SIZE);
      hostRate = host.tensor(DType.F64, 1);
      hostControl.set(Control.NON_FINITE, -1);
      worker.copy(hostControl, control);
      constraints =
          ConstraintWork.needed(options)
              ? new ConstraintWork(
                  parameters, options, worker, workspace, values, gradients, control)
              : null;
    } catch (RuntimeException | Error e) {
      free(null);
      throw e;
    }
    state.put("updates", control.view(Control.UPDATES, 1));
  }

  /**
   * Reserves a zeroed moment laid out as the parameters and adds it to {@link #state}.
   *
   * @throws OutOfMemoryError if there is no memory for it; this has been closed then
   */
  public Tensor moment(String name) {
    Tensor moment;
    try {
      moment = workspace.real(parameters.values().size());
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
    for (Parameter parameter : parameters.list()) {
      state.put(
          name + "." + parameter.name(),
          moment.view(parameter.offset(), parameter.value().shape()));
    }
    return moment;
  }

  /**
   * Sets the rate of the updates to come.
   *
   * @throws IllegalArgumentException if the rate is not finite or negative
   */
  public void rate(double newRate) {
    if (!(newRate >= 0 && newRate <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "the learning rate is " + newRate + " and must be finite and at least 0");
    }
    hostRate.set(0, newRate);
    worker.copy(hostRate, rate);
  }

  /** As {@link #rate} and {@link #prepare()}. */
  public void prepare(double newRate) {
    rate(newRate);
    prepare();
  }

  /**
   * Measures the gradients and counts the update; then the rule is to be applied to {@link #values}
   * and {@link #gradients} by the {@link #worker}, or by hand on the host. Waits for a device's
   * gradients with {@link Place#HOST}.
   */
  public void prepare() {
    for (Tensor gradient : frozen) {
      backend.fill(gradient, 0);
    }
    if (openedHost != null) {
      backend.copy(parameters.gradients(), gradients);
      backend.fill(parameters.gradients(), 0);
      if (held != parameters.version() || parameters.writtenByPlans()) {
        backend.copy(parameters.values(), values);
      }
      held = NONE; // until the device has what the rule makes of them
    }
    if (constraints != null) {
      constraints.prepare();
    } else {
      worker.prepareUpdate(gradients, maxNorm, control);
    }
    if (openedHost != null) {
      backend.copy(control, backendControl);
    }
    backend.adjustLossScale(backendControl);
  }

  /** Whether {@link #prepare()} and {@link #finish} neither copy to the host nor wait for it. */
  public boolean recordable() {
    return openedHost == null;
  }

  /** Ends what {@link #prepare} began, when the rule has been applied: plans see the new values. */
  public void finish() {
    if (constraints != null) {
      constraints.finish();
    }
    if (openedHost != null) {
      backend.copy(values, parameters.values());
    }
    parameters.changed();
    held = parameters.version();
  }

  /** Entered for each step: keeps moments, parameters and backend open. */
  public Usage usage() {
    return usage;
  }

  /** What applies the rule: the parameters' backend or, with {@link Place#HOST}, the CPU's. */
  public Backend worker() {
    return worker;
  }

  /** All values, flat, as the worker reads and writes them between prepare and finish. */
  public Tensor values() {
    return values;
  }

  /** All gradients, flat, as the worker reads and zeroes them between prepare and finish. */
  public Tensor gradients() {
    return gradients;
  }

  /** The scalars, F64 [{@link Control#SIZE}], for the rule. */
  public Tensor control() {
    return control;
  }

  /** Reads a scalar; waits for a device. */
  public double read(int slot) {
    worker.copy(control, hostControl);
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
      free(constraints);
    }
  }

  private void free(@Nullable ConstraintWork made) {
    try (workspace) {
      if (made != null) {
        made.close();
      }
      if (copy != null) {
        copy.close();
      }
    } finally {
      host.close();
      if (openedHost != null) {
        openedHost.close();
      }
    }
  }
}
