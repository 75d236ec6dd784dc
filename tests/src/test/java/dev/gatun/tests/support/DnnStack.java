package dev.gatun.tests.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/** A recurrent stack in cuDNN's own calls, with a stream and all its tensors. */
public final class DnnStack implements AutoCloseable {
  public static final MemorySegment NONE = MemorySegment.NULL;

  /**
   * What {@code cudnnSetRNNDescriptor_v8} and the data descriptors are given.
   *
   * @param cell cudnnRNNMode_t
   * @param output the projection's width, or hidden
   * @param layout cudnnRNNDataLayout_t
   */
  @SuppressWarnings("ArrayRecordComponent") // shapes are never compared
  public record Shape(
      int cell,
      int input,
      int hidden,
      int output,
      int layers,
      int directions,
      int layout,
      int time,
      int... lengths) {
    public int gates() {
      return DnnStack.gates(cell);
    }

    public int batch() {
      return lengths.length;
    }

    public boolean packed() {
      return layout == cudnn_h.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED();
    }

    /** Rows of x and y. */
    public int rows() {
      return packed() ? Arrays.stream(lengths).sum() : time * batch();
    }

    /** The row of a step of a sequence. */
    public int row(int t, int b) {
      if (layout == cudnn_h.CUDNN_RNN_DATA_LAYOUT_BATCH_MAJOR_UNPACKED()) {
        return b * time + t;
      }
      if (!packed()) {
        return t * batch() + b;
      }
      int row = b;
      for (int length : lengths) {
        row += Math.min(length, t);
      }
      return row;
    }

    public int states() {
      return layers * directions * batch();
    }
  }

  public final Shape shape;
  public final MemorySegment handle;
  public final MemorySegment stream;
  public MemorySegment rnn;
  public MemorySegment x;
  public MemorySegment y;
  public MemorySegment h;
  public MemorySegment c;
  public MemorySegment dropout = NONE;
  public int algorithm = cudnn_h.CUDNN_RNN_ALGO_STANDARD();
  public int biases = cudnn_h.CUDNN_RNN_DOUBLE_BIAS();
  public long weightBytes;
  public long workspaceBytes;
  public long reserveBytes;

  /** By the goldens' names; an absent one is a null pointer. */
  public final Map<String, DeviceBlock> blocks = new HashMap<>();

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG, 2);
  private final List<Runnable> undo = new ArrayList<>();

  public DnnStack(Shape shape) {
    this.shape = shape;
    check(
        cudart_h.cudaStreamCreateWithFlags(out, cudart_h.cudaStreamNonBlocking()),
        "cudaStreamCreateWithFlags");
    stream = out.get(ValueLayout.ADDRESS, 0);
    handle = create(cudnn_h::cudnnCreate, cudnn_h::cudnnDestroy);
    check(cudnn_h.cudnnSetStream(handle, stream), "cudnnSetStream");
    rnn = create(cudnn_h::cudnnCreateRNNDescriptor, cudnn_h::cudnnDestroyRNNDescriptor);
    x = create(cudnn_h::cudnnCreateRNNDataDescriptor, cudnn_h::cudnnDestroyRNNDataDescriptor);
    y = create(cudnn_h::cudnnCreateRNNDataDescriptor, cudnn_h::cudnnDestroyRNNDataDescriptor);
    h = tensor();
    c = tensor();
  }

  public static int gates(int cell) {
    return cell == cudnn_h.CUDNN_LSTM() ? 4 : cell == cudnn_h.CUDNN_GRU() ? 3 : 1;
  }

  public MemorySegment tensor() {
    return create(cudnn_h::cudnnCreateTensorDescriptor, cudnn_h::cudnnDestroyTensorDescriptor);
  }

  /** Makes one of cuDNN's objects, destroyed with the stack. */
  public MemorySegment create(
      ToIntFunction<MemorySegment> make, ToIntFunction<MemorySegment> destroy) {
    check(make.applyAsInt(out), "creation");
    MemorySegment made = out.get(ValueLayout.ADDRESS, 0);
    undo.add(() -> check(destroy.applyAsInt(made), "destruction"));
    return made;
  }

  public static void check(int status, String what) {
    assertEquals(0, status, what);
  }

  /** Sets all descriptors and allocates what they ask for. */
  public DnnStack open() {
    check(describe(), "cudnnSetRNNDescriptor_v8");
    if (algorithm == cudnn_h.CUDNN_RNN_ALGO_PERSIST_DYNAMIC()) {
      check(cudnn_h.cudnnBuildRNNDynamic(handle, rnn, shape.batch()), "cudnnBuildRNNDynamic");
    }
    check(data(x, shape.input), "cudnnSetRNNDataDescriptor");
    check(data(y, shape.directions * shape.output), "cudnnSetRNNDataDescriptor");
    check(state(h, shape.output), "cudnnSetTensorNdDescriptor");
    check(state(c, shape.hidden), "cudnnSetTensorNdDescriptor");
    check(cudnn_h.cudnnGetRNNWeightSpaceSize(handle, rnn, out), "cudnnGetRNNWeightSpaceSize");
    weightBytes = out.get(ValueLayout.JAVA_LONG, 0);
    sizes();
    int count = Math.toIntExact(weightBytes / Float.BYTES);
    blocks.put("weights", DeviceBlock.of(new float[count]));
    blocks.put("dWeights", DeviceBlock.of(new float[count]));
    blocks.put("workspace", new DeviceBlock(workspaceBytes));
    blocks.put("reserve", new DeviceBlock(reserveBytes));
    floats("x", shape.rows() * shape.input);
    floats("dx", shape.rows() * shape.input);
    floats("y", shape.rows() * shape.directions * shape.output);
    floats("dy", shape.rows() * shape.directions * shape.output);
    for (String name : List.of("h0", "hn", "dhn", "dh0")) {
      floats(name, shape.states() * shape.output);
    }
    for (String name : List.of("c0", "cn", "dcn", "dc0")) {
      floats(name, shape.states() * shape.hidden);
    }
    return this;
  }

  /** Asks for the sizes of a training step's workspace and reserve. */
  public void sizes() {
    int status =
        cudnn_h.cudnnGetRNNTempSpaceSizes(
            handle, rnn, cudnn_h.CUDNN_FWD_MODE_TRAINING(), x, out, out.asSlice(Long.BYTES));
    check(status, "cudnnGetRNNTempSpaceSizes");
    workspaceBytes = out.get(ValueLayout.JAVA_LONG, 0);
    reserveBytes = out.get(ValueLayout.JAVA_LONG, Long.BYTES);
  }

  private void floats(String name, int count) {
    blocks.put(name, DeviceBlock.of(new float[count]));
  }

  public int describe() {
    return cudnn_h.cudnnSetRNNDescriptor_v8(
        rnn,
        algorithm,
        shape.cell,
        biases,
        shape.directions - 1,
        cudnn_h.CUDNN_LINEAR_INPUT(),
        cudnn_h.CUDNN_DATA_FLOAT(),
        cudnn_h.CUDNN_DATA_FLOAT(),
        cudnn_h.CUDNN_FMA_MATH(),
        shape.input,
        shape.hidden,
        shape.output,
        shape.layers,
        dropout,
        shape.packed() ? 0 : cudnn_h.CUDNN_RNN_PADDED_IO_ENABLED());
  }

  public int data(MemorySegment descriptor, int width) {
    return cudnn_h.cudnnSetRNNDataDescriptor(
        descriptor,
        cudnn_h.CUDNN_DATA_FLOAT(),
        shape.layout,
        shape.time,
        shape.batch(),
        width,
        ints(shape.lengths),
        arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0));
  }

  public int state(MemorySegment descriptor, int width) {
    int rows = shape.layers * shape.directions;
    return cudnn_h.cudnnSetTensorNdDescriptor(
        descriptor,
        cudnn_h.CUDNN_DATA_FLOAT(),
        3,
        ints(rows, shape.batch(), width),
        ints(shape.batch() * width, width, 1));
  }

  public MemorySegment ints(int... values) {
    return arena.allocateFrom(ValueLayout.JAVA_INT, values);
  }

  public MemorySegment pointer(String name) {
    DeviceBlock block = blocks.get(name);
    return block == null ? NONE : block.pointer();
  }

  /** Frees one of the blocks, so that a null pointer is passed for it. */
  public void drop(String name) {
    blocks.remove(name).close();
  }

  public int forward() {
    return forward(cudnn_h.CUDNN_FWD_MODE_TRAINING());
  }

  public int forward(int mode) {
    return cudnn_h.cudnnRNNForward(
        handle,
        rnn,
        mode,
        NONE,
        x,
        pointer("x"),
        y,
        pointer("y"),
        h,
        pointer("h0"),
        pointer("hn"),
        c,
        pointer("c0"),
        pointer("cn"),
        weightBytes,
        pointer("weights"),
        workspaceBytes,
        pointer("workspace"),
        reserveBytes,
        pointer("reserve"));
  }

  public int backwardData() {
    return cudnn_h.cudnnRNNBackwardData_v8(
        handle,
        rnn,
        NONE,
        y,
        pointer("y"),
        pointer("dy"),
        x,
        pointer("dx"),
        h,
        pointer("h0"),
        pointer("dhn"),
        pointer("dh0"),
        c,
        pointer("c0"),
        pointer("dcn"),
        pointer("dc0"),
        weightBytes,
        pointer("weights"),
        workspaceBytes,
        pointer("workspace"),
        reserveBytes,
        pointer("reserve"));
  }

  public int backwardWeights() {
    return backwardWeights(cudnn_h.CUDNN_WGRAD_MODE_ADD());
  }

  public int backwardWeights(int mode) {
    return cudnn_h.cudnnRNNBackwardWeights_v8(
        handle,
        rnn,
        mode,
        NONE,
        x,
        pointer("x"),
        h,
        pointer("h0"),
        y,
        pointer("y"),
        weightBytes,
        pointer("dWeights"),
        workspaceBytes,
        pointer("workspace"),
        reserveBytes,
        pointer("reserve"));
  }

  public int synchronize() {
    return cudart_h.cudaStreamSynchronize(stream);
  }

  /** Forward, both backward calls, and the wait for them. */
  public void step() {
    check(forward(), "cudnnRNNForward");
    check(backwardData(), "cudnnRNNBackwardData_v8");
    check(backwardWeights(), "cudnnRNNBackwardWeights_v8");
    check(synchronize(), "cudaStreamSynchronize");
  }

  /** Where a matrix or bias lies in a weight space, in bytes; -1 where there is none. */
  public long offset(int pseudoLayer, int number, boolean bias) {
    MemorySegment descriptors = arena.allocate(ValueLayout.ADDRESS, 2);
    MemorySegment descriptor = tensor();
    int status =
        cudnn_h.cudnnGetRNNWeightParams(
            handle,
            rnn,
            pseudoLayer,
            weightBytes,
            pointer("weights"),
            number,
            bias ? NONE : descriptor,
            bias ? NONE : descriptors,
            bias ? descriptor : NONE,
            bias ? descriptors : NONE);
    check(status, "cudnnGetRNNWeightParams");
    long address = descriptors.get(ValueLayout.JAVA_LONG, 0);
    return address == 0 ? -1 : address - pointer("weights").address();
  }

  @Override
  public void close() {
    cudart_h.cudaStreamSynchronize(stream);
    blocks.values().forEach(DeviceBlock::close);
    undo.reversed().forEach(Runnable::run);
    check(cudart_h.cudaStreamDestroy(stream), "cudaStreamDestroy");
    arena.close();
  }
}
