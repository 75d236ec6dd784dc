package dev.gatun.app.search;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * What happens to a study. Its events, in their order, are all that it is: replaying them gives it
 * back. Numbers are exact, and may be NaN or infinite only in {@link Reported}.
 */
public sealed interface StudyEvent {
  /**
   * The first event of every study.
   *
   * @param space {@link Space#toString}
   * @param goals one for each objective
   * @param seed of everything drawn
   */
  record Created(String space, List<Goal> goals, long seed) implements StudyEvent {
    public Created {
      goals = List.copyOf(goals);
    }
  }

  /** An event of one trial. */
  sealed interface OfTrial extends StudyEvent {
    /** The trial's number, from 0 without gaps. */
    int trial();
  }

  /**
   * A trial begins.
   *
   * @param trial its number
   * @param codes of its parameters ({@link Domain}): numbers, or indices of options
   * @param owner who runs it, as the study was told: tells whose trials a dead process left
   */
  record Suggested(int trial, SequencedMap<String, Double> codes, String owner) implements OfTrial {
    public Suggested {
      codes = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(codes));
    }
  }

  /**
   * A running trial has come this far.
   *
   * @param step at least 0
   * @param value of the first objective
   */
  record Reported(int trial, long step, double value) implements OfTrial {}

  /** A trial was stopped early. */
  record Pruned(int trial) implements OfTrial {}

  /**
   * A trial has its result.
   *
   * @param values one for each objective, none NaN
   */
  record Finished(int trial, List<Double> values) implements OfTrial {
    public Finished {
      values = List.copyOf(values);
    }
  }

  /**
   * A trial has none.
   *
   * @param reason one line
   */
  record Failed(int trial, String reason) implements OfTrial {}
}
