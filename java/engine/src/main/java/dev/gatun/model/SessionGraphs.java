package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.Recording;
import org.jspecify.annotations.Nullable;

/**
 * A session's calls as graphs, one for each number of steps: the first of a number is run as it is,
 * the second recorded, and from then on one launch does all of it.
 */
final class SessionGraphs implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(SessionGraphs.class.getName());

  private final Backend backend;
  private final @Nullable Recording[] recordings;
  private final boolean[] ran;
  private boolean refused;

  /**
   * Of no call yet.
   *
   * @param maxTime the most steps of a call
   */
  SessionGraphs(Backend backend, int maxTime) {
    this.backend = backend;
    recordings = new Recording[maxTime + 1];
    ran = new boolean[maxTime + 1];
  }

  /**
   * Runs t steps of a plan.
   *
   * @return false if they are to be run without a graph; nothing has been done then
   */
  boolean run(Plan plan, int t, int n) {
    if (refused || !ran[t]) {
      ran[t] = true;
      return false;
    }
    Recording known = recordings[t];
    if (known == null) {
      known = record(plan, t, n);
      recordings[t] = known;
    }
    if (known == null) {
      return false;
    }
    known.run();
    plan.ran(t, n);
    return true;
  }

  /** Null, with a line in the log, if a call cannot be recorded: none is tried again. */
  private @Nullable Recording record(Plan plan, int t, int n) {
    try {
      return backend.record(() -> plan.forward(t, n));
    } catch (DeviceException e) {
      refused = true;
      LOG.log(
          System.Logger.Level.WARNING,
          "the session goes on without graphs, with the same results: " + e.getMessage());
      return null;
    }
  }

  @Override
  public void close() {
    for (Recording recording : recordings) {
      if (recording != null) {
        recording.close();
      }
    }
  }
}
