package dev.gatun.backend.cuda;

import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/**
 * The recurrent stacks of a context: by cuDNN where it can express one, else by our own kernels.
 */
final class Stacks {
  private final CudaContext context;
  private final Usage usage;
  private final boolean ownCells;
  private final StackLayouts layouts;

  /**
   * Stacks of a context.
   *
   * @param usage of the backend, which stays open while one works
   * @param ownCells whether all run by our own kernels
   * @param layouts shared with the contexts that were forked from this one
   */
  Stacks(CudaContext context, Usage usage, boolean ownCells, StackLayouts layouts) {
    this.context = context;
    this.usage = usage;
    this.ownCells = ownCells;
    this.layouts = layouts;
  }

  StackLayouts layouts() {
    return layouts;
  }

  StackLayouts.Layout layout(RecurrentSpec spec) {
    return layouts.of(context, spec);
  }

  private Workspace workspace() {
    return new Workspace(bytes -> DeviceMemory.allocate(context, bytes), DType.F32);
  }

  /** Plans a stack; mask null: its weights are packed. */
  Recurrent compile(
      RecurrentSpec spec, StackWeights weights, RecurrentIo io, Mode mode, @Nullable MaskKey mask) {
    int t = Math.toIntExact(io.x().dim(0));
    if (ownCells || io.decay() != null || !CudnnRecurrent.supports(spec, mode, t)) {
      return new CellRecurrent(context, usage, workspace(), spec, weights, io, mode, mask);
    }
    checkSizes(spec, Math.min(t, RnnDescriptor.MOST_STEPS), io.x().dim(1));
    return new CudnnRecurrent(context, usage, workspace(), spec, weights, io, mode, mask);
  }

  /** cuDNN counts the elements of a tensor by an int: those of sequences and those of states. */
  private static void checkSizes(RecurrentSpec spec, long t, long n) {
    long width = Math.max(spec.inputSize(), spec.outputSize());
    long states = (long) spec.layers() * spec.directions() * spec.hiddenSize();
    long most = Integer.MAX_VALUE / Math.max(t * width, states);
    if (n > most) {
      throw new IllegalArgumentException(
          ("recurrent: of %d steps with %d features, and states of %d, cuDNN counts the 2^31 - 1"
                  + " elements of at most %d sequences, not %d: lower the batch%s")
              .formatted(t, width, states, most, n, most > 0 ? "" : ", the steps or the width"));
    }
  }

  /** Packs what lies as {@link #layout} says. */
  RecurrentWeights pack(RecurrentSpec spec, Tensor weights, WeightType type, Transfers transfers) {
    if (type != WeightType.FLOAT32) {
      throw new IllegalArgumentException(
          "pack: a GPU keeps weights in fp32 only, not in %s: choose fp32, or the backend cpu"
              .formatted(type.label()));
    }
    StackLayouts.Layout layout = layout(spec);
    Workspace workspace = workspace();
    try {
      Tensor block = workspace.real(weights.size());
      transfers.copy(weights, block);
      StackWeights stack = new StackWeights(block, layout, null);
      if (!ownCells && layout.places() != null) {
        WeightSpace space = CudnnRecurrent.pack(context, workspace, stack);
        stack = new StackWeights(block, layout, space);
      }
      context.synchronize(); // other contexts read it without asking this one
      return new CudaRecurrentWeights(workspace, spec, stack);
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }
}
