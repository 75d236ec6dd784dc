package dev.gatun.app.tracking;

import java.io.IOException;
import java.util.Map;
import java.util.SequencedMap;

/** Someone who keeps the figures of a run for another program. */
public interface Tracker {
  /**
   * Keeps figures of a step.
   *
   * @param values by name; NaN where there is none
   * @throws IOException if that fails and the run should not go on without
   */
  void report(long step, SequencedMap<String, Double> values) throws IOException;

  /** Keeps how often values of tensors fall where, by the tensors' names. */
  default void histograms(long step, Map<String, Histogram> values) throws IOException {}

  /**
   * The run is over.
   *
   * @param completed false where it was interrupted or failed
   */
  void end(boolean completed);
}
