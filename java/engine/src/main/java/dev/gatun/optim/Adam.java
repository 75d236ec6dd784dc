package dev.gatun.optim;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Control;
import dev.gatun.model.ParameterSet;
import dev.gatun.tensor.Tensor;
import java.util.Collections;
import java.util.Objects;
import java.util.SequencedMap;

/** Adam or AdamW, as {@link AdamRule} says. */
public final class Adam implements RecordableOptimizer {
  private final AdamRule rule;
  private final ParameterSet parameters;
  private final Updates updates;
  private final Tensor m;
  private final Tensor v;

  /** As {@link #Adam(ParameterSet, AdamRule, double, Place)}, on the parameters' backend. */
  public Adam(ParameterSet parameters, AdamRule rule, double maxNorm) {
    this(parameters, rule, maxNorm, Place.DEVICE);
  }

  /**
   * Reserves two moments.
   *
   * @param parameters what is updated; closed after this
   * @param rule decays and penalty
   * @param maxNorm the largest norm of all gradients together, or positive infinity for no clipping
   * @param place where moments are and the rule is applied
   * @throws OutOfMemoryError if there is no memory for that
   */
  public Adam(ParameterSet parameters, AdamRule rule, double maxNorm, Place place) {
    this.parameters = Objects.requireNonNull(parameters, "parameters");
    this.rule = Objects.requireNonNull(rule, "rule");
    updates = new Updates(parameters, maxNorm, place);
    m = updates.moment("m");
    v = updates.moment("v");
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
      updates.worker().adam(rule, updates.values(), updates.gradients(), m, v, updates.control());
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
