package dev.gatun.optim;

import dev.gatun.backend.Control;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.model.ParameterSet;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;

/** Updates by one of the engine's rules, in one fused pass. */
public final class RuleOptimizer implements RecordableOptimizer {
  private final ParameterSet parameters;
  private final Updates updates;
  private final Updater updater;
  private final boolean penalizes;

  /** As {@link #RuleOptimizer(ParameterSet, UpdateRule, UpdateOptions)}, clipping only. */
  public RuleOptimizer(ParameterSet parameters, UpdateRule rule, double maxNorm) {
    this(parameters, rule, UpdateOptions.DEFAULT.withMaxNorm(maxNorm));
  }

  /**
   * Reserves the rule's moments.
   *
   * @param parameters what is updated; closed after this
   * @param options clipping, groups and where it works
   * @throws OutOfMemoryError if there is no memory for that
   */
  public RuleOptimizer(ParameterSet parameters, UpdateRule rule, UpdateOptions options) {
    this.parameters = Objects.requireNonNull(parameters, "parameters");
    Objects.requireNonNull(rule, "rule");
    updates = new Updates(parameters, options);
    penalizes = options.constraints().penalizes();
    List<Tensor> moments = new ArrayList<>();
    for (String name : rule.moments()) {
      moments.add(updates.moment(name));
    }
    try {
      updater =
          updates
              .worker()
              .updater(
                  rule,
                  new UpdateTensors(
                      updates.values(), updates.gradients(), moments, updates.control()),
                  options.parts(parameters, rule));
    } catch (RuntimeException | Error e) {
      updates.close();
      throw e;
    }
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
      updater.step();
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
  public double penalty() {
    return penalizes ? updates.read(Control.PENALTY) : 0;
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
    updater.close();
  }
}
