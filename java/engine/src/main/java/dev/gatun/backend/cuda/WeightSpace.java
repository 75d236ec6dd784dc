package dev.gatun.backend.cuda;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a stack where cuDNN wants them, and their gradients. Only cuDNN knows the places:
 * they are asked for one matrix and bias at a time. Gaps between them, and the biases of a stack
 * that has none, stay zero, and their gradients are never read.
 */
final class WeightSpace {
  /** The projection's number among cuDNN's matrices. */
  private static final int PROJECTION = 8;

  /** Bytes that each part of the space is aligned to, as memory of its own would be. */
  private static final long ALIGNMENT = 256;

  /** Elements [first, first + count) of the block lie at place in the space. */
  private record Run(long first, long place, long count) {}

  /** What one descriptor's calls are given. */
  record Part(MemorySegment weights, MemorySegment gradients, long bytes) {}

  private final CudaContext context;
  private final RnnKernels kernels;
  private final Tensor weights;
  private final @Nullable Tensor dWeights;
  private final Tensor space;
  private final @Nullable Tensor gradients;
  private final Tensor runs;
  private final List<Part> parts = new ArrayList<>();

  /**
   * Reserves the space; {@link #fill} comes next.
   *
   * @param descriptors one for the whole stack, or one for each layer
   * @param weights the stack's block
   * @param dWeights the gradients' block; null in inference
   */
  WeightSpace(
      CudaContext context,
      Workspace workspace,
      RnnKernels kernels,
      RecurrentSpec spec,
      List<RnnDescriptor> descriptors,
      Tensor weights,
      @Nullable Tensor dWeights) {
    this.context = context;
    this.kernels = kernels;
    this.weights = weights;
    this.dWeights = dWeights;
    long[] offsets = new long[descriptors.size()];
    long[] sizes = new long[descriptors.size()];
    long end = 0;
    for (int i = 0; i < sizes.length; i++) {
      offsets[i] = (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      sizes[i] = descriptors.get(i).weightBytes(context);
      end = offsets[i] + sizes[i];
    }
    long elements = (end + Float.BYTES - 1) / Float.BYTES;
    space = workspace.tensor(DType.F32, elements);
    gradients = dWeights == null ? null : workspace.tensor(DType.F32, elements);
    for (int i = 0; i < sizes.length; i++) {
      long element = offsets[i] / Float.BYTES;
      parts.add(new Part(StateLink.at(space, element), StateLink.at(gradients, element), sizes[i]));
    }
    List<Run> found = find(spec, descriptors);
    runs = workspace.tensor(DType.I64, 2, found.size());
    upload(found);
  }

  /** What the calls of a descriptor are given. */
  Part part(int descriptor) {
    return parts.get(descriptor);
  }

  private List<Run> find(RecurrentSpec spec, List<RnnDescriptor> descriptors) {
    List<Run> found = new ArrayList<>();
    int gates = spec.cell().gates();
    try (StateDescriptor shape = new StateDescriptor(1, 1, 1)) {
      for (WeightView view : spec.weights()) {
        boolean whole = descriptors.size() == 1;
        int part = whole ? 0 : view.layer();
        Source source =
            new Source(
                descriptors.get(part),
                parts.get(part),
                shape,
                (whole ? view.layer() : 0) * spec.directions() + view.direction());
        int blocks = view.weight() == RecurrentSpec.Weight.PROJECTION ? 1 : gates;
        long count = view.size() / blocks;
        for (int gate = 0; gate < blocks; gate++) {
          int id =
              switch (view.weight()) {
                case INPUT, INPUT_BIAS -> gate;
                case RECURRENT, RECURRENT_BIAS -> gates + gate;
                case PROJECTION -> PROJECTION;
                default -> throw new IllegalArgumentException("cuDNN has no " + view.name());
              };
          long place = place(source, view, id, count);
          join(found, new Run(view.offset() + gate * count, place, count));
        }
      }
    }
    return found;
  }

  /** Adds a run, or makes the last one longer. Runs come in the order of the block. */
  private static void join(List<Run> found, Run run) {
    if (!found.isEmpty()) {
      Run last = found.getLast();
      if (last.place() + last.count() == run.place()) {
        found.set(
            found.size() - 1, new Run(last.first(), last.place(), last.count() + run.count()));
        return;
      }
    }
    found.add(run);
  }

  /** Whom to ask for a place. */
  private record Source(
      RnnDescriptor descriptor, Part part, StateDescriptor shape, int pseudoLayer) {}

  /** The element of the space where a matrix or bias starts. */
  private long place(Source source, WeightView view, int id, long count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
      MemorySegment none = MemorySegment.NULL;
      MemorySegment shape = source.shape().descriptor();
      boolean matrix = view.matrix();
      Part part = source.part();
      Calls.dnn(
          cudnn_h.cudnnGetRNNWeightParams(
              context.dnn(),
              source.descriptor().descriptor(),
              source.pseudoLayer(),
              part.bytes(),
              part.weights(),
              id,
              matrix ? shape : none,
              matrix ? pointer : none,
              matrix ? none : shape,
              matrix ? none : pointer),
          "cudnnGetRNNWeightParams of " + view.name());
      long address = pointer.get(ValueLayout.ADDRESS, 0).address();
      long offset = address - part.weights().address();
      long given = address == 0 ? 0 : size(arena, shape);
      if (given != count
          || offset < 0
          || offset % Float.BYTES != 0
          || offset + count * Float.BYTES > part.bytes()) {
        throw new DeviceException(
            "cudnnGetRNNWeightParams of %s, matrix %d: %d elements at byte %d of %d, not %d"
                .formatted(view.name(), id, given, offset, part.bytes(), count));
      }
      return (address - DeviceMemory.address(space)) / Float.BYTES;
    }
  }

  private static long size(Arena arena, MemorySegment shape) {
    MemorySegment type = arena.allocate(ValueLayout.JAVA_INT);
    MemorySegment rank = arena.allocate(ValueLayout.JAVA_INT);
    MemorySegment sizes = arena.allocate(ValueLayout.JAVA_INT, 3);
    MemorySegment strides = arena.allocate(ValueLayout.JAVA_INT, 3);
    Calls.dnn(
        cudnn_h.cudnnGetTensorNdDescriptor(shape, 3, type, rank, sizes, strides),
        "cudnnGetTensorNdDescriptor");
    long size = 1;
    for (int i = 0; i < Math.min(3, rank.get(ValueLayout.JAVA_INT, 0)); i++) {
      size *= sizes.getAtIndex(ValueLayout.JAVA_INT, i);
    }
    return size;
  }

  private void upload(List<Run> found) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = arena.allocate(ValueLayout.JAVA_LONG, 2L * found.size());
      for (int i = 0; i < found.size(); i++) {
        table.setAtIndex(ValueLayout.JAVA_LONG, i, found.get(i).first());
        table.setAtIndex(ValueLayout.JAVA_LONG, found.size() + i, found.get(i).place());
      }
      Calls.runtime(
          cudart_h.cudaMemcpyAsync(
              StateLink.at(runs, 0),
              table,
              table.byteSize(),
              cudart_h.cudaMemcpyHostToDevice(),
              context.stream()),
          "cudaMemcpyAsync of the places of weights");
      context.synchronize(); // before the table is freed
    }
  }

  /**
   * Refuses use of what has been closed.
   *
   * @throws IllegalStateException if its memory has been
   */
  void checkMemory() {
    DeviceMemory.address(space);
  }

  /** Copies the weights as they are now. */
  void fill() {
    kernels.spreadWeights(runs, weights, space);
  }

  /** Zeroes the gradients of a descriptor's weights, for cuDNN to add to. */
  void zero(int descriptor) {
    Part part = parts.get(descriptor);
    Calls.runtime(
        cudart_h.cudaMemsetAsync(part.gradients(), 0, part.bytes(), context.stream()),
        "cudaMemsetAsync");
  }

  /** Adds the gradients to the block's. */
  void addGradients() {
    if (gradients == null || dWeights == null) {
      throw new IllegalStateException("a plan for inference has no gradients");
    }
    kernels.gatherGradients(runs, gradients, dWeights);
  }
}
