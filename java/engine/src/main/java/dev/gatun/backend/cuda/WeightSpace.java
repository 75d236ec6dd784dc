package dev.gatun.backend.cuda;

import dev.gatun.bindings.generated.cudart.cudart_h;
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
 * The weights of a stack where cuDNN wants them, and their gradients: the stack's own blocks, if
 * they are laid out so, else copies; where cuDNN computes with 16 bits, these rounded. Gaps, and
 * the biases of a stack that has none, are zero and stay so.
 */
final class WeightSpace {
  /** What one descriptor's calls are given. */
  record Part(MemorySegment weights, MemorySegment gradients, long bytes) {}

  private final CudaContext context;
  private final RnnKernels kernels;
  private final Tensor weights;
  private final @Nullable Tensor dWeights;
  private final Tensor space;
  private final @Nullable Tensor gradients;

  /** Whether the space is another block than the weights. */
  private final boolean copies;

  /** Null where cuDNN reads float32. */
  private final @Nullable Rounding rounding;

  /** Of 16 bits, what cuDNN reads, and what it adds gradients to. */
  private final @Nullable Elements roundedSpace;

  private final @Nullable Elements roundedGradients;

  /** Of a copy, what goes where; else what cuDNN's gradients have beside the weights'. */
  private final RunTable runs;

  private final List<Part> parts = new ArrayList<>();

  /**
   * Reserves what copies need; {@link #fill} comes next.
   *
   * @param stack the stack's block, whose layout has places
   * @param dWeights the gradients' block; null in inference
   */
  WeightSpace(
      CudaContext context,
      Workspace workspace,
      RnnKernels kernels,
      WeightPlaces places,
      StackWeights stack,
      @Nullable Tensor dWeights) {
    this.context = context;
    this.kernels = kernels;
    this.weights = stack.block();
    this.dWeights = dWeights;
    copies = !places.isAt(stack.layout().weights());
    if (copies) {
      space = workspace.tensor(DType.F32, places.elements());
      gradients = dWeights == null ? null : workspace.tensor(DType.F32, places.elements());
    } else {
      space = weights;
      gradients = dWeights;
    }
    rounding = Rounding.of(context);
    boolean rounds = rounding != null;
    long size = places.elements();
    roundedSpace = rounds ? Elements.rounded(workspace, size, 1) : null;
    roundedGradients = rounds && dWeights != null ? Elements.rounded(workspace, size, 1) : null;
    for (WeightPlaces.Space each : places.spaces()) {
      long start = each.start();
      parts.add(
          rounds
              ? new Part(
                  Elements.at(roundedSpace, start),
                  Elements.at(roundedGradients, start),
                  each.bytes())
              : new Part(StateLink.at(space, start), StateLink.at(gradients, start), each.bytes()));
    }
    runs = upload(workspace, copies ? places.runs(stack.layout().weights()) : places.gaps());
  }

  /** What the calls of a descriptor are given. */
  Part part(int descriptor) {
    return parts.get(descriptor);
  }

  /**
   * Runs on the device.
   *
   * @param table I64 [3, runs]: how many elements lie in the runs before, then {@link
   *     WeightPlaces.Run}'s from and place; null for none
   * @param count elements of all runs
   */
  record RunTable(@Nullable Tensor table, long count) {}

  private RunTable upload(Workspace workspace, List<WeightPlaces.Run> found) {
    if (found.isEmpty()) {
      return new RunTable(null, 0);
    }
    int size = found.size();
    Tensor table = workspace.tensor(DType.I64, 3, size);
    long count = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, 3L * size);
      for (int i = 0; i < size; i++) {
        values.setAtIndex(ValueLayout.JAVA_LONG, i, count);
        values.setAtIndex(ValueLayout.JAVA_LONG, size + i, found.get(i).from());
        values.setAtIndex(ValueLayout.JAVA_LONG, 2L * size + i, found.get(i).place());
        count += found.get(i).count();
      }
      Calls.runtime(
          cudart_h.cudaMemcpyAsync(
              StateLink.at(table, 0),
              values,
              values.byteSize(),
              cudart_h.cudaMemcpyHostToDevice(),
              context.stream()),
          "cudaMemcpyAsync of the places of weights");
      context.synchronize(); // before the values are freed
    }
    return new RunTable(table, count);
  }

  /**
   * Refuses use of what has been closed.
   *
   * @throws IllegalStateException if its memory has been
   */
  void checkMemory() {
    DeviceMemory.address(space);
  }

  /** Copies the weights as they are now, if cuDNN reads copies or rounded ones. */
  void fill() {
    if (copies) {
      kernels.spreadWeights(runs, weights, space);
    }
    if (rounding != null && roundedSpace != null) {
      long from = DeviceMemory.address(space);
      rounding.round(space.size(), from, roundedSpace.address(), false);
    }
  }

  /** Prepares what cuDNN adds a descriptor's gradients to. */
  void beforeGradients(int descriptor) {
    if (copies || rounding != null) {
      Part part = parts.get(descriptor);
      StreamMemory.zero(context, part.gradients().address(), part.bytes());
    }
  }

  /** Adds copies to the block of gradients; in the block itself, zeroes what is of no weight. */
  void afterGradients() {
    if (gradients == null || dWeights == null) {
      throw new IllegalStateException("a plan for inference has no gradients");
    }
    if (rounding != null && roundedGradients != null) {
      long to = DeviceMemory.address(gradients);
      rounding.widen(gradients.size(), roundedGradients.address(), to, true, !copies);
    }
    if (copies) {
      kernels.gatherGradients(runs, gradients, dWeights);
    } else {
      kernels.zeroRuns(runs, gradients);
    }
  }
}
