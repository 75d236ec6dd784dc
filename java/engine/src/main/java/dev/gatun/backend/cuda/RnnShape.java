package dev.gatun.backend.cuda;

import dev.gatun.backend.RecurrentSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a part's calls of one t and n need, so that repeating them makes nothing new: the
 * states' descriptors and, for sequences longer than cuDNN takes, one chunk for each call.
 */
final class RnnShape implements AutoCloseable {
  final int t;
  final int n;
  final StateDescriptor h;
  final List<StateDescriptor> c = new ArrayList<>();
  final List<RnnChunk> chunks = new ArrayList<>();

  /** What a batch is described for whose sequences all have t steps; null after another. */
  private @Nullable RnnDescriptor full;

  /**
   * Makes the descriptors; {@link #describe} comes next.
   *
   * @param reserves one for each chunk
   */
  RnnShape(int t, int n, RecurrentSpec spec, DnnIo io, RnnStates states, List<Scratch> reserves) {
    this.t = t;
    this.n = n;
    h = new StateDescriptor(states.rows(), n, spec.stateSize(), io.precision);
    try {
      if (spec.cell().hasCellState()) {
        c.add(new StateDescriptor(states.rows(), n, spec.hiddenSize(), io.precision));
      }
      int count = chunks(t);
      for (int k = 0; k < count; k++) {
        int start = k * RnnDescriptor.MOST_STEPS;
        int steps = Math.min(t - start, RnnDescriptor.MOST_STEPS);
        StateLink hLink = states.h(k, count, n);
        StateLink cLink = states.c(k, count, n);
        chunks.add(new RnnChunk(start, steps, n, io, hLink, cLink, reserves.get(k)));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The calls that t steps are cut into. */
  static int chunks(int t) {
    return (t - 1) / RnnDescriptor.MOST_STEPS + 1;
  }

  /** Describes the lengths of the present batch, unless they are described already. */
  void describe(RnnSetting setting, RnnDescriptor descriptor, DnnIo io) {
    boolean ragged = setting.lengths().ragged();
    if (ragged || full != descriptor) {
      full = null;
      for (int k = 0; k < chunks.size(); k++) { // an iterator would be an object each time
        chunks.get(k).describe(setting, descriptor, io, n);
      }
      full = ragged ? null : descriptor;
    }
  }

  @Override
  public void close() {
    chunks.forEach(RnnChunk::close);
    c.forEach(StateDescriptor::close);
    h.close();
  }
}
