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
public final class Sgd implements Optimizer {
  private final SgdRule rule;
  private final ParameterSet parameters;
  private final Updates updates;
  private final @Nullable Tensor momentum;

  /**
   * Reserves the velocity, if there is momentum.
   *
   * @param parameters what is updated; closed after this
   * @param rule momentum and penalty
   * @param maxNorm the largest norm of all gradients together, or positive infinity for no clipping
   */
  public Sgd(ParameterSet parameters, SgdRule rule, double maxNorm) {
    this.parameters = Objects.requireNonNull(parameters, "parameters");
    this.rule = Objects.requireNonNull(rule, "rule");
    updates = new Updates(parameters, maxNorm);
    momentum = rule.momentum() > 0 ? updates.moment("momentum") : null;
  }

  @Override
  public ParameterSet parameters() {
    return parameters;
  }

  @Override
  public void step(double rate) {
    updates.usage().enter();
    try {
      updates.prepare(rate);
      parameters
          .backend()
          .sgd(rule, parameters.values(), parameters.gradients(), momentum, updates.control());
      parameters.changed();
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
