package dev.gatun.optim;

import dev.gatun.backend.Control;
import dev.gatun.backend.SgdRule;
import dev.gatun.model.ParameterSet;
import dev.gatun.tensor.Tensor;
import java.util.Collections;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** Stochastic gradient descent, with momentum where {@link SgdRule} says so. */
public final class Sgd implements RecordableOptimizer {
  private final SgdRule rule;
  private final ParameterSet parameters;
  private final Updates updates;
  private final @Nullable Tensor momentum;

  /** As {@link #Sgd(ParameterSet, SgdRule, double, Place)}, on the parameters' backend. */
  public Sgd(ParameterSet parameters, SgdRule rule, double maxNorm) {
    this(parameters, rule, maxNorm, Place.DEVICE);
  }

  /**
   * Reserves the velocity, if there is momentum.
   *
   * @param parameters what is updated; closed after this
   * @param rule momentum and penalty
   * @param maxNorm the largest norm of all gradients together, or positive infinity for no clipping
   * @param place where moments are and the rule is applied
   * @throws OutOfMemoryError if there is no memory for that
   */
  public Sgd(ParameterSet parameters, SgdRule rule, double maxNorm, Place place) {
    this.parameters = Objects.requireNonNull(parameters, "parameters");
    this.rule = Objects.requireNonNull(rule, "rule");
    updates = new Updates(parameters, maxNorm, place);
    momentum = rule.momentum() > 0 ? updates.moment("momentum") : null;
  }

  @Override
  public ParameterSet parameters() {
    return parameters;
  }

  @Override
  public boolean recordable() {
    return updates.recordable();
  }

  @Override
  public void rate(double rate) {
    updates.usage().enter();
    try {
      updates.rate(rate);
    } finally {
      updates.usage().exit();
    }
  }

  @Override
  public void update() {
    updates.usage().enter();
    try {
      updates.prepare();
      updates
          .worker()
          .sgd(rule, updates.values(), updates.gradients(), momentum, updates.control());
      updates.finish();
    } finally {
      updates.usage().exit();
    }
  }

  @Override
  public double norm() {
    return updates.read(Control.NORM);
  }

  @Override
  public long nonFinite() {
    return (long) updates.read(Control.NON_FINITE);
  }

  @Override
  public long updates() {
    return (long) updates.read(Control.UPDATES);
  }

  @Override
  public SequencedMap<String, Tensor> state() {
    return Collections.unmodifiableSequencedMap(updates.state());
  }

  @Override
  public void close() {
    updates.close();
  }
}
