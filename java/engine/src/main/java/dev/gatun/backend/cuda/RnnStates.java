package dev.gatun.backend.cuda;

import dev.gatun.backend.RecurrentIo.Gradients;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The states of some layers of a stack: the plan's own, and between the chunks of long sequences
 * others.
 */
final class RnnStates {
  /** h and c of the layers, as cuDNN gets them. */
  private record Pair(Elements h, @Nullable Elements c) {
    @Nullable Elements of(boolean wantsC) {
      return wantsC ? c : h;
    }
  }

  private final RecurrentSpec spec;
  private final int firstLayer;
  private final Workspace workspace;
  private final int maxBatch;

  /** Null where cuDNN works on the plan's own states. */
  private final @Nullable Rounding rounding;

  private final @Nullable State givenFirst;
  private final State givenLast;
  private final @Nullable State givenDLast;
  private final @Nullable State givenDFirst;
  private final @Nullable Pair initial;
  private final @Nullable Pair last;
  private final @Nullable Pair dLast;
  private final @Nullable Pair dInitial;

  /** The states between chunks, kept for backward. */
  private final List<Pair> between = new ArrayList<>();

  /** Their gradients: one is read while the other is written. */
  private final List<Pair> carried = new ArrayList<>();

  private final @Nullable Pair masked;

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
    workspace = setting.workspace();
    maxBatch = setting.maxBatch();
    rounding = Rounding.of(setting.context());
    Gradients gradients = setting.trains() ? setting.io().gradients() : null;
    givenFirst = setting.io().initial();
    givenLast = setting.io().last();
    givenDLast = gradients == null ? null : gradients.dLast();
    givenDFirst = gradients == null ? null : gradients.dInitial();
    initial = given(givenFirst);
    last = given(givenLast);
    dLast = given(givenDLast);
    dInitial = given(givenDFirst);
    for (int i = 1; i < chunks; i++) {
      between.add(state());
    }
    for (int i = 0; chunks > 1 && gradients != null && i < 2; i++) {
      carried.add(state());
    }
    masked = gradients == null || setting.io().lengths() == null ? null : state();
  }

  /** The plan's own, or room for them rounded. */
  private @Nullable Pair given(@Nullable State state) {
    if (state == null || rounding != null) {
      return state == null ? null : state();
    }
    return new Pair(Elements.ofTensor(state.h()), Elements.of(state.c()));
  }

  private Pair state() {
    boolean c = spec.cell().hasCellState();
    return new Pair(room(spec.stateSize()), c ? room(spec.hiddenSize()) : null);
  }

  private Elements room(int width) {
    return rounding == null
        ? Elements.ofTensor(workspace.real(rows(), maxBatch, width))
        : Elements.rounded(workspace, (long) rows() * maxBatch, width);
  }

  /** The states of one n: L*D of the part. */
  int rows() {
    return spec.layers() * spec.directions();
  }

  /** Brings the first states of n sequences. */
  void beforeForward(int n) {
    convert(givenFirst, initial, n, true, false);
  }

  /** Takes the last ones. */
  void afterForward(int n) {
    convert(givenLast, last, n, false, false);
  }

  /** Brings the gradients of the last ones. */
  void beforeBackward(int n) {
    convert(givenDLast, dLast, n, true, true);
  }

  /** Takes those of the first ones. */
  void afterBackward(int n) {
    convert(givenDFirst, dInitial, n, false, true);
  }

  private void convert(
      @Nullable State own, @Nullable Pair room, int n, boolean rounds, boolean gradient) {
    if (rounding != null && own != null && room != null) {
      convert(own.h(), room.h(), n, rounds, gradient);
      Tensor c = own.c();
      if (c != null && room.c() != null) {
        convert(c, room.c(), n, rounds, gradient);
      }
    }
  }

  private void convert(Tensor own, Elements room, int n, boolean rounds, boolean gradient) {
    long count = (long) rows() * n * room.width();
    long address = DeviceMemory.address(own) + Float.BYTES * skip(n, room.width());
    if (rounding != null && rounds) {
      rounding.round(count, address, room.address(), gradient);
    } else if (rounding != null) {
      rounding.widen(count, room.address(), address, gradient, false);
    }
  }

  /** The plan's tensors hold all layers, those of this class the part's. */
  private long skip(int n, int width) {
    return (long) firstLayer * spec.directions() * n * width;
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
    long skip = rounding == null ? skip(n, width) : 0;
    boolean first = k == 0;
    boolean end = k == chunks - 1;
    boolean carries = !carried.isEmpty();
    return new StateLink(
        rows(),
        n,
        width,
        first ? at(initial, c, skip) : at(between.get(k - 1), c, 0),
        end ? at(last, c, skip) : at(between.get(k), c, 0),
        end ? at(dLast, c, skip) : at(carries ? carried.get(k % 2) : null, c, 0),
        at(masked, c, 0),
        first ? at(dInitial, c, skip) : at(carries ? carried.get((k - 1) % 2) : null, c, 0));
  }

  private static MemorySegment at(@Nullable Pair pair, boolean c, long element) {
    return Elements.at(pair == null ? null : pair.of(c), element);
  }
}
