package dev.gatun.train;

import java.util.SequencedMap;

/** Measures a model at each report, with the averaged weights where there are some. */
@FunctionalInterface
public interface Measures {
  /**
   * Measures.
   *
   * @return values by name, always the same names
   */
  SequencedMap<String, Double> measure();
}
