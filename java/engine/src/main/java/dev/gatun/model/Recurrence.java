package dev.gatun.model;

import dev.gatun.backend.RecurrentSpec;
import java.util.List;

/**
 * Recurrent layers on one another: all alike ({@link RecurrentLayer}, which runs as one) or each of
 * its own size, kind or options ({@link RecurrentStack}, which runs layer by layer).
 */
public sealed interface Recurrence extends Layer permits RecurrentLayer, RecurrentStack {
  /** The same under another name. */
  Recurrence named(String newName);

  /** The same in both directions. */
  Recurrence bothDirections();

  /** The same giving the last state only. */
  Recurrence lastState();

  /** Whether it gives one row for each sequence, not one for each step. */
  boolean lastOnly();

  /** What keeps states, from the lowest; their inputs' widths do not matter. */
  List<RecurrentSpec> stacks();

  /** The width of its outputs, which is the same for every input. */
  default int outputWidth() {
    return output(Signal.features(1)).width();
  }
}
