package dev.gatun.app.search;

import java.util.Collections;
import java.util.List;
import java.util.NavigableMap;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * What is known of a trial.
 *
 * @param number from 0
 * @param state how it stands
 * @param codes of its parameters ({@link Space#values} gives the values)
 * @param owner who runs or ran it
 * @param reports value by step
 * @param values of the objectives; empty unless finished
 * @param reason why it failed; else empty
 */
public record TrialRecord(
    int number,
    State state,
    SequencedMap<String, Double> codes,
    String owner,
    NavigableMap<Long, Double> reports,
    List<Double> values,
    String reason) {
  /** How a trial stands. */
  public enum State {
    RUNNING,
    FINISHED,
    PRUNED,
    FAILED;

    /** Whether there is something to learn from: a pruned trial's last report is. */
    boolean measured() {
      return this == FINISHED || this == PRUNED;
    }
  }

  public TrialRecord {
    reports = Collections.unmodifiableNavigableMap(reports);
  }

  static TrialRecord begun(StudyEvent.Suggested event) {
    return new TrialRecord(
        event.trial(), State.RUNNING, event.codes(), event.owner(), new TreeMap<>(), List.of(), "");
  }

  TrialRecord with(long step, double value) {
    NavigableMap<Long, Double> more = new TreeMap<>(reports);
    more.put(step, value);
    return new TrialRecord(number, state, codes, owner, more, values, reason);
  }

  TrialRecord ended(State end, List<Double> results, String why) {
    return new TrialRecord(number, end, codes, owner, reports, results, why);
  }
}
