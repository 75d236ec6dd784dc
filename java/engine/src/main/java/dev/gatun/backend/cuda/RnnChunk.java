package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cudnn.cudnn_h;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The steps of one cuDNN call: their descriptors and addresses for one t and n. */
final class RnnChunk implements AutoCloseable {
  final int start;
  final int steps;
  final RnnData input;
  final RnnData output;
  final MemorySegment x;
  final MemorySegment maskedX;
  final MemorySegment y;
  final MemorySegment dy;
  final MemorySegment maskedDy;
  final MemorySegment dx;
  final StateLink h;
  final StateLink c;
  final Scratch reserve;
  private final MemorySegment sizes = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG, 2);
  private final MemorySegment reserveSize = sizes.asSlice(Long.BYTES);

  /**
   * Places a chunk.
   *
   * @param n sequences
   * @param reserve what forward keeps for backward
   */
  RnnChunk(int start, int steps, int n, DnnIo io, StateLink h, StateLink c, Scratch reserve) {
    this.start = start;
    this.steps = steps;
    this.h = h;
    this.c = c;
    this.reserve = reserve;
    long in = (long) start * n * io.x.width();
    long out = (long) start * n * io.y.width();
    x = Elements.at(io.x, in);
    maskedX = Elements.at(io.maskedX, in);
    dx = Elements.at(io.dx, in);
    y = Elements.at(io.y, out);
    dy = Elements.at(io.dy, out);
    maskedDy = Elements.at(io.maskedDy, out);
    input = new RnnData(io.precision);
    try {
      output = new RnnData(io.precision);
    } catch (RuntimeException e) {
      input.close();
      throw e;
    }
  }

  /** Describes the lengths of the present batch and makes room for it. */
  void describe(RnnSetting setting, RnnDescriptor descriptor, DnnIo io, int n) {
    MemorySegment lengths = setting.lengths().of(start, steps);
    input.set(steps, n, io.x.width(), lengths);
    output.set(steps, n, io.y.width(), lengths);
    int mode =
        setting.trains() ? cudnn_h.CUDNN_FWD_MODE_TRAINING() : cudnn_h.CUDNN_FWD_MODE_INFERENCE();
    Calls.dnn(
        cudnn_h.cudnnGetRNNTempSpaceSizes(
            setting.context().dnn(),
            descriptor.descriptor(),
            mode,
            input.descriptor(),
            sizes,
            reserveSize),
        "cudnnGetRNNTempSpaceSizes");
    setting.work().atLeast(workBytes());
    if (setting.trains()) {
      reserve.atLeast(reserveBytes());
    }
  }

  long workBytes() {
    return sizes.getAtIndex(ValueLayout.JAVA_LONG, 0);
  }

  long reserveBytes() {
    return sizes.getAtIndex(ValueLayout.JAVA_LONG, 1);
  }

  @Override
  public void close() {
    input.close();
    output.close();
  }
}
