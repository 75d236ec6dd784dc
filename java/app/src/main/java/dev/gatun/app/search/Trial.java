package dev.gatun.app.search;

import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** A trial that runs: its values, and where it reports how it is doing. */
public final class Trial {
  private final Study study;
  private final int number;
  private final SequencedMap<String, Object> values;

  Trial(Study study, int number, SequencedMap<String, Object> values) {
    this.study = study;
    this.number = number;
    this.values = java.util.Collections.unmodifiableSequencedMap(values);
  }

  /** From 0, in the order in which trials began. */
  public int number() {
    return number;
  }

  /** Every parameter that is there: {@link Double}, {@link Long} or an option. */
  public SequencedMap<String, Object> values() {
    return values;
  }

  /** Whether a parameter is there. */
  public boolean has(String name) {
    return values.containsKey(name);
  }

  /**
   * A parameter's value.
   *
   * @throws IllegalArgumentException when it is not there
   */
  public Object value(String name) {
    @Nullable Object value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "trial " + number + " has no " + name + "; it has " + values.keySet());
    }
    return value;
  }

  /** The value of a number. */
  public double real(String name) {
    return ((Number) value(name)).doubleValue();
  }

  /** The value of a whole number. */
  public int integer(String name) {
    return Math.toIntExact(((Number) value(name)).longValue());
  }

  /** The text of an option. */
  public String text(String name) {
    return value(name).toString();
  }

  /**
   * Tells how it is doing.
   *
   * @param step at least 0; a second report of a step takes the first one's place
   * @param value of the objective, as of now
   */
  public void report(long step, double value) {
    study.report(this, step, value);
  }

  /** Whether the study's pruner would stop it after its last report. */
  public boolean shouldPrune() {
    return study.shouldPrune(this);
  }
}
