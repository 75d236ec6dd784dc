package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one cuDNN descriptor computes: a whole stack, or one layer of it. It calls cuDNN once for
 * each chunk of the steps and hands the state on from chunk to chunk.
 */
final class RnnPart implements AutoCloseable {
  /** Training has a full and a last, smaller batch; sessions of one plan a few lengths. */
  private static final int SHAPES = 4;

  private static final MemorySegment NULL = MemorySegment.NULL;

  private final RnnSetting setting;
  private final RecurrentSpec spec;
  private final PartIo io;
  private final DnnIo data;
  private final WeightSpace weights;
  private final int index;
  private final RnnStates states;
  private final List<Scratch> reserves = new ArrayList<>();

  /** The last one was used last. */
  private final List<RnnShape> shapes = new ArrayList<>(SHAPES + 1);

  /** Those of graphs: cuDNN may read their descriptors whenever a graph runs. */
  private final List<RnnShape> recorded = new ArrayList<>();

  private final List<FastDescriptors> outlived = new ArrayList<>();

  private final RnnDescriptor standard;

  /** Of the last forward. */
  private @Nullable RnnShape current;

  /** The last call of backward, for messages. */
  private String call = "";

  /** For full batches in place of the standard one while cuDNN supports it; closed with this. */
  private @Nullable FastDescriptors fast;

  /** What the present call, and the way back after it, runs by. */
  private RnnDescriptor used;

  /**
   * Reserves what the largest shape needs.
   *
   * @param spec of this part
   * @param index of this part among those of the stack
   * @param io its sequences
   * @param standard its descriptor, not closed with this
   * @param fast another algorithm, for plans of one chunk; closed with this
   */
  RnnPart(
      RnnSetting setting,
      RecurrentSpec spec,
      int index,
      PartIo io,
      WeightSpace weights,
      RnnDescriptor standard,
      @Nullable FastDescriptors fast) {
    this.setting = setting;
    this.spec = spec;
    this.index = index;
    this.io = io;
    data = new DnnIo(setting, io);
    this.weights = weights;
    this.standard = standard;
    this.fast = fast;
    used = standard;
    int chunks = RnnShape.chunks(setting.maxTime());
    states = new RnnStates(setting, spec, index * spec.layers(), chunks);
    for (int k = 0; k < chunks; k++) {
      reserves.add(new Scratch(setting.workspace()));
    }
    try {
      setting.lengths().assume(setting.maxTime(), setting.maxBatch());
      shape(setting.maxTime(), setting.maxBatch(), standard);
      if (fast != null) {
        planFast();
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  PartIo io() {
    return io;
  }

  /** Reserves what the other algorithm needs; if it is not supported, there is none. */
  private void planFast() {
    try {
      RnnDescriptor descriptor = choose(setting.maxBatch());
      shape(setting.maxTime(), setting.maxBatch(), descriptor);
    } catch (DeviceException e) {
      if (!falls(e.status())) {
        throw e;
      }
    }
  }

  /** What n sequences of the lengths that are known run by. */
  private RnnDescriptor choose(int n) {
    return fast == null || setting.lengths().ragged() ? standard : fast.of(n);
  }

  /** The descriptors of a shape, used last from now on and told the lengths of the batch. */
  private RnnShape shape(int t, int n, RnnDescriptor descriptor) {
    used = descriptor;
    RnnShape shape = setting.context().isRecording() ? record(t, n) : find(t, n);
    current = shape;
    shape.describe(setting, descriptor, data);
    return shape;
  }

  private RnnShape record(int t, int n) {
    RnnShape made = new RnnShape(t, n, spec, data, states, reserves);
    recorded.add(made);
    return made;
  }

  private RnnShape find(int t, int n) {
    for (int i = 0; i < shapes.size(); i++) {
      RnnShape known = shapes.get(i);
      if (known.t == t && known.n == n) {
        shapes.remove(i);
        shapes.add(known);
        return known;
      }
    }
    RnnShape made = new RnnShape(t, n, spec, data, states, reserves);
    shapes.add(made);
    if (shapes.size() > SHAPES) {
      shapes.removeFirst().close();
    }
    return made;
  }

  /** Runs t steps of n sequences. */
  void forward(int t, int n) {
    data.beforeForward(t, n);
    states.beforeForward(n);
    compute(t, n);
    data.afterForward(t, n);
    states.afterForward(n);
  }

  private void compute(int t, int n) {
    int status = attempt(t, n);
    if (falls(status)) {
      status = run(shape(t, n, standard));
    }
    Calls.dnn(status, "cudnnRNNForward");
  }

  private int attempt(int t, int n) {
    try {
      return run(shape(t, n, choose(n)));
    } catch (DeviceException e) {
      if (!falls(e.status())) {
        throw e;
      }
      return run(shape(t, n, standard));
    }
  }

  /** Goes back through the steps of the last forward, after it. */
  void backward() {
    RnnShape shape = Objects.requireNonNull(current, "no forward");
    data.beforeBackward(shape.t, shape.n);
    states.beforeBackward(shape.n);
    weights.beforeGradients(index);
    int status = runBack(shape);
    // Another forward would get other masks than what the loss was computed with.
    if (spec.dropout() == 0 && falls(status)) {
      // What forward kept is the other algorithm's.
      compute(shape.t, shape.n);
      weights.beforeGradients(index);
      status = runBack(Objects.requireNonNull(current));
    }
    Calls.dnn(status, call);
    data.afterBackward(shape.t, shape.n);
    states.afterBackward(shape.n);
  }

  /** Whether the other algorithm does not support the call: the standard one takes over. */
  private boolean falls(int status) {
    boolean may = fast != null && !setting.strict() && !setting.lengths().ragged();
    if (fast == null || !may || !Calls.unsupported(status)) {
      return false;
    }
    fast.giveUp(Calls.dnnReason(status));
    clear();
    outlived.add(fast); // graphs go on with it
    fast = null;
    used = standard;
    return true;
  }

  private int run(RnnShape shape) {
    for (int k = 0; k < shape.chunks.size(); k++) { // an iterator would be an object each time
      RnnChunk chunk = shape.chunks.get(k);
      int status = run(shape, chunk);
      if (status != 0) {
        return status;
      }
      keep(chunk, chunk.h);
      keep(chunk, chunk.c);
    }
    return 0;
  }

  private int run(RnnShape shape, RnnChunk chunk) {
    WeightSpace.Part space = weights.part(index);
    return cudnn_h.cudnnRNNForward(
        setting.context().dnn(),
        used.descriptor(),
        setting.trains() ? cudnn_h.CUDNN_FWD_MODE_TRAINING() : cudnn_h.CUDNN_FWD_MODE_INFERENCE(),
        NULL, // since cuDNN 8.9.1 the data's descriptor alone has the lengths
        chunk.input.descriptor(),
        setting.lengths().ragged() ? chunk.maskedX : chunk.x,
        chunk.output.descriptor(),
        chunk.y,
        shape.h.descriptor(),
        chunk.h.first(),
        chunk.h.last(),
        cell(shape),
        chunk.c.first(),
        chunk.c.last(),
        space.bytes(),
        space.weights(),
        chunk.workBytes(),
        setting.work().segment(),
        chunk.reserveBytes(),
        chunk.reserve.segment());
  }

  private static MemorySegment cell(RnnShape shape) {
    return shape.c.isEmpty() ? NULL : shape.c.getFirst().descriptor();
  }

  /** Sequences that had ended before the chunk keep the state they had. */
  private void keep(RnnChunk chunk, StateLink states) {
    if (setting.lengths().idleAt(chunk.start) && states.rows() > 0) {
      select(chunk, states, states.last(), states.first(), states.last());
    }
  }

  private void select(
      RnnChunk chunk, StateLink of, MemorySegment live, MemorySegment idle, MemorySegment to) {
    setting.kernels().selectStates(of, chunk.start, setting.lengths().onDevice(), live, idle, to);
  }

  private int runBack(RnnShape shape) {
    for (int k = shape.chunks.size() - 1; k >= 0; k--) {
      RnnChunk chunk = shape.chunks.get(k);
      MemorySegment dh = arriving(chunk, chunk.h);
      MemorySegment dc = arriving(chunk, chunk.c);
      call = "cudnnRNNBackwardData_v8";
      int status = backData(shape, chunk, dh, dc);
      if (status == 0) {
        call = "cudnnRNNBackwardWeights_v8";
        status = backWeights(shape, chunk);
      }
      if (status != 0) {
        return status;
      }
      pass(chunk, chunk.h);
      pass(chunk, chunk.c);
    }
    return 0;
  }

  /** The gradient of a chunk's last states: zero for sequences that had ended before it. */
  private MemorySegment arriving(RnnChunk chunk, StateLink of) {
    MemorySegment dLast = of.dLast();
    if (dLast.address() == 0 || !setting.lengths().idleAt(chunk.start)) {
      return dLast;
    }
    select(chunk, of, dLast, NULL, of.dMasked());
    return of.dMasked();
  }

  /** Sequences that had ended before the chunk pass their gradient on unchanged. */
  private void pass(RnnChunk chunk, StateLink of) {
    if (of.dFirst().address() != 0 && setting.lengths().idleAt(chunk.start)) {
      select(chunk, of, of.dFirst(), of.dLast(), of.dFirst());
    }
  }

  private int backData(RnnShape shape, RnnChunk chunk, MemorySegment dh, MemorySegment dc) {
    WeightSpace.Part space = weights.part(index);
    return cudnn_h.cudnnRNNBackwardData_v8(
        setting.context().dnn(),
        used.descriptor(),
        NULL,
        chunk.output.descriptor(),
        chunk.y,
        setting.lengths().ragged() ? chunk.maskedDy : chunk.dy,
        chunk.input.descriptor(),
        chunk.dx,
        shape.h.descriptor(),
        chunk.h.first(),
        dh,
        chunk.h.dFirst(),
        cell(shape),
        chunk.c.first(),
        dc,
        chunk.c.dFirst(),
        space.bytes(),
        space.weights(),
        chunk.workBytes(),
        setting.work().segment(),
        chunk.reserveBytes(),
        chunk.reserve.segment());
  }

  /** After {@link #backData}, which writes what this reads of the reserve. */
  private int backWeights(RnnShape shape, RnnChunk chunk) {
    WeightSpace.Part space = weights.part(index);
    return cudnn_h.cudnnRNNBackwardWeights_v8(
        setting.context().dnn(),
        used.descriptor(),
        cudnn_h.CUDNN_WGRAD_MODE_ADD(),
        NULL,
        chunk.input.descriptor(),
        setting.lengths().ragged() ? chunk.maskedX : chunk.x,
        shape.h.descriptor(),
        chunk.h.first(),
        chunk.output.descriptor(),
        chunk.y,
        space.bytes(),
        space.gradients(),
        chunk.workBytes(),
        setting.work().segment(),
        chunk.reserveBytes(),
        chunk.reserve.segment());
  }

  private void clear() {
    shapes.forEach(RnnShape::close);
    shapes.clear();
  }

  @Override
  public void close() {
    clear();
    recorded.forEach(RnnShape::close);
    recorded.clear();
    outlived.forEach(FastDescriptors::close);
    outlived.clear();
    if (fast != null) {
      fast.close();
    }
  }
}
