package dev.gatun.backend.cuda;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * cuDNN's description of a stack: all biases. A stack without biases has them as zeros whose
 * gradients nobody reads: only the standard algorithm knows stacks without.
 */
public final class RnnDescriptor implements AutoCloseable {
  /** The most steps of a call: 65,536 are refused with NOT_SUPPORTED in every layout. */
  public static final int MOST_STEPS = 65_535;

  private final MemorySegment descriptor;
  private boolean closed;

  /**
   * Describes a stack.
   *
   * @param spec of plain cells; its dropout is not looked at
   * @param algorithm how cuDNN computes it
   * @param precision of everything but sums
   * @param dropout the {@code cudnnDropoutDescriptor_t} of what comes between layers in training;
   *     null (the address 0): nothing
   * @throws dev.gatun.backend.DeviceException if cuDNN does not take it
   */
  public RnnDescriptor(
      RecurrentSpec spec, RnnAlgorithm algorithm, Precision precision, MemorySegment dropout) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      Calls.dnn(cudnn_h.cudnnCreateRNNDescriptor(pointer), "cudnnCreateRNNDescriptor");
      descriptor = pointer.get(ValueLayout.ADDRESS, 0);
    }
    try {
      Calls.dnn(
          cudnn_h.cudnnSetRNNDescriptor_v8(
              descriptor,
              algorithm.code(),
              mode(spec.cell()),
              cudnn_h.CUDNN_RNN_DOUBLE_BIAS(),
              spec.bidirectional() ? cudnn_h.CUDNN_BIDIRECTIONAL() : cudnn_h.CUDNN_UNIDIRECTIONAL(),
              cudnn_h.CUDNN_LINEAR_INPUT(),
              DnnType.of(precision),
              cudnn_h.CUDNN_DATA_FLOAT(),
              DnnType.math(precision),
              spec.inputSize(),
              spec.hiddenSize(),
              spec.stateSize(), // as wide as h: no projection
              spec.layers(),
              dropout,
              cudnn_h.CUDNN_RNN_PADDED_IO_ENABLED()),
          "cudnnSetRNNDescriptor_v8 of " + spec);
      limitCell(spec.options().clip());
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private void limitCell(double limit) {
    if (limit > 0) {
      int mode = cudnn_h.CUDNN_RNN_CLIP_MINMAX();
      Calls.dnn(
          cudnn_h.cudnnRNNSetClip_v9(descriptor, mode, -limit, limit),
          "cudnnRNNSetClip_v9 to %s".formatted(limit));
    }
  }

  /** Whether cuDNN knows a cell. */
  static boolean has(Cell cell) {
    return switch (cell) {
      case LSTM, GRU, TANH, RELU -> true;
      case GRU_RESET_BEFORE, SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY -> false;
    };
  }

  private static int mode(Cell cell) {
    return switch (cell) {
      case LSTM -> cudnn_h.CUDNN_LSTM();
      case GRU -> cudnn_h.CUDNN_GRU();
      case TANH -> cudnn_h.CUDNN_RNN_TANH();
      case RELU -> cudnn_h.CUDNN_RNN_RELU();
      case GRU_RESET_BEFORE, SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY ->
          throw new IllegalArgumentException("cuDNN has no cell " + cell);
    };
  }

  /** {@code cudnnRNNDescriptor_t}. */
  public MemorySegment descriptor() {
    return descriptor;
  }

  /** The bytes of its weight space, gaps included. */
  long weightBytes(CudaContext context) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
      Calls.dnn(
          cudnn_h.cudnnGetRNNWeightSpaceSize(context.dnn(), descriptor, size),
          "cudnnGetRNNWeightSpaceSize");
      return size.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cudnn_h.cudnnDestroyRNNDescriptor(descriptor);
    }
  }
}
