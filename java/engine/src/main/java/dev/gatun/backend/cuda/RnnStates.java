package dev.gatun.backend.cuda;

import dev.gatun.backend.RecurrentIo.Gradients;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The states of some layers of a stack: the plan's own, and between the chunks of long sequences
 * others.
 */
final class RnnStates {
  private final RecurrentSpec spec;
  private final int firstLayer;
  private final @Nullable State initial;
  private final State last;
  private final @Nullable State dLast;
  private final @Nullable State dInitial;

  /** The states between chunks, kept for backward. */
  private final List<State> between = new ArrayList<>();

  /** Their gradients: one is read while the other is written. */
  private final List<State> carried = new ArrayList<>();

  private final @Nullable State masked;

  /**
   * Reserves what the longest sequences need.
   *
   * @param spec of the part
   * @param firstLayer the part's first layer in the stack
   * @param chunks the most calls that a sequence is cut into
   */
  RnnStates(RnnSetting setting, RecurrentSpec spec, int firstLayer, int chunks) {
    this.spec = spec;
    this.firstLayer = firstLayer;
    initial = setting.io().initial();
    last = setting.io().last();
    Gradients gradients = setting.trains() ? setting.io().gradients() : null;
    dLast = gradients == null ? null : gradients.dLast();
    dInitial = gradients == null ? null : gradients.dInitial();
    Workspace workspace = setting.workspace();
    int n = setting.maxBatch();
    for (int i = 1; i < chunks; i++) {
      between.add(state(workspace, n));
    }
    for (int i = 0; chunks > 1 && gradients != null && i < 2; i++) {
      carried.add(state(workspace, n));
    }
    masked = gradients == null || setting.io().lengths() == null ? null : state(workspace, n);
  }

  private State state(Workspace workspace, int n) {
    return new State(
        workspace.real(rows(), n, spec.stateSize()),
        spec.cell().hasCellState() ? workspace.real(rows(), n, spec.hiddenSize()) : null);
  }

  /** The states of one n: L*D of the part. */
  int rows() {
    return spec.layers() * spec.directions();
  }

  /** h of chunk {@code k} of {@code chunks}, of n sequences. */
  StateLink h(int k, int chunks, int n) {
    return link(k, chunks, n, false);
  }

  /** As {@link #h}, c. */
  StateLink c(int k, int chunks, int n) {
    return spec.cell().hasCellState() ? link(k, chunks, n, true) : StateLink.NONE;
  }

  private StateLink link(int k, int chunks, int n, boolean c) {
    int width = c ? spec.hiddenSize() : spec.stateSize();
    // The plan's tensors hold all layers, those between chunks the part's.
    long skip = (long) firstLayer * spec.directions() * n * width;
    boolean first = k == 0;
    boolean end = k == chunks - 1;
    boolean carries = !carried.isEmpty();
    return new StateLink(
        rows(),
        n,
        width,
        first ? StateLink.at(part(initial, c), skip) : StateLink.at(part(between.get(k - 1), c), 0),
        end ? StateLink.at(part(last, c), skip) : StateLink.at(part(between.get(k), c), 0),
        end
            ? StateLink.at(part(dLast, c), skip)
            : StateLink.at(carries ? part(carried.get(k % 2), c) : null, 0),
        StateLink.at(part(masked, c), 0),
        first
            ? StateLink.at(part(dInitial, c), skip)
            : StateLink.at(carries ? part(carried.get((k - 1) % 2), c) : null, 0));
  }

  private static @Nullable Tensor part(@Nullable State state, boolean c) {
    return state == null ? null : c ? state.c() : state.h();
  }
}
