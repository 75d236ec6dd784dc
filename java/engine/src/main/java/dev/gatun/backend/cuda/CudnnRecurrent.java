package dev.gatun.backend.cuda;

import dev.gatun.backend.CellOptions;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentChecks;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A stack by cuDNN. One call runs all its layers, or one each: in training our masks, the same as
 * on every backend, come between those of a stack with dropout, unless the context leaves them to
 * cuDNN: then one call runs all layers again.
 *
 * <p>cuDNN wants the lengths of sequences on the host: they are read from their {@link Mirror},
 * without waiting for the device. What is on padding it may read, so that ragged batches go through
 * copies with zeros there; a sequence of no steps, which it does not take, runs over one step of
 * zeros whose results are dropped.
 */
final class CudnnRecurrent implements Recurrent {
  private final CudaContext context;
  private final Workspace workspace;
  private final RecurrentSpec spec;
  private final RecurrentIo io;
  private final boolean trains;

  /** Our masks between layers; empty if nothing is dropped, or by cuDNN. */
  private final List<MaskKey> masks = new ArrayList<>();

  /** Whether the weights are packed, never to be read again. */
  private final boolean shared;

  private final RnnKernels kernels;
  private final SequenceLengths lengths;
  private final WeightSpace weights;
  private final List<DropoutDescriptor> dropout = new ArrayList<>();
  private final List<RnnDescriptor> descriptors = new ArrayList<>();
  private final List<RnnPart> parts = new ArrayList<>();
  private int t;
  private int n;
  private boolean ready;
  private final Usage usage;

  /**
   * Plans a stack. If it fails, it closes the workspace too.
   *
   * @param backend stays open while this works
   * @param workspace in the context's memory, closed with this
   * @param plan of a stack that this class {@link #supports}; its weights have a layout with
   *     places, and if they are packed, {@link #pack} has put them there
   * @param method one of cuDNN's, that {@link StackMethod#takes} it
   * @param strict whether what cuDNN does not support is an error; else the standard algorithm
   *     takes over
   */
  CudnnRecurrent(
      CudaContext context,
      Usage backend,
      Workspace workspace,
      StackPlan plan,
      StackMethod method,
      boolean strict) {
    this.context = context;
    usage = new Usage("the recurrent stack", backend);
    this.workspace = workspace;
    spec = plan.spec();
    io = plan.io();
    trains = plan.mode() == Mode.TRAINING;
    shared = plan.mask() == null;
    CudnnDropout generator = context.dropout();
    MaskKey drops = trains && spec.dropout() > 0 ? plan.mask() : null;
    for (int i = 0; drops != null && generator == null && i < spec.layers() - 1; i++) {
      masks.add(drops.withLayer(drops.layer() + i));
    }
    try {
      context.enter();
      kernels = new RnnKernels(context);
      lengths = new SequenceLengths(context, io.lengths(), Math.toIntExact(io.x().dim(1)));
      RnnSetting setting =
          new RnnSetting(
              context,
              workspace,
              kernels,
              lengths,
              new Scratch(workspace),
              io,
              plan.mode(),
              strict);
      dropout.add(
          drops != null && generator != null
              ? DropoutDescriptor.of(generator, spec.dropout(), drops.seed())
              : DropoutDescriptor.none(context));
      List<RecurrentSpec> specs = parts(spec, method.layered());
      for (RecurrentSpec each : specs) {
        descriptors.add(standard(context, each, dropout.getFirst()));
      }
      weights = weights(plan.weights(), method.layered());
      List<PartIo> sequences =
          new CudnnBuffers(setting, spec).parts(specs.size(), !masks.isEmpty());
      RnnAlgorithm algorithm = Objects.requireNonNull(method.algorithm(), "none of cuDNN's");
      for (int i = 0; i < specs.size(); i++) {
        addPart(setting, algorithm, specs.get(i), sequences.get(i));
      }
      if (plan.weights().space() == null) {
        weights.fill();
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static RnnDescriptor standard(
      CudaContext context, RecurrentSpec spec, DropoutDescriptor dropout) {
    return new RnnDescriptor(
        spec, RnnAlgorithm.STANDARD, context.precision(), dropout.descriptor());
  }

  /** Where they are packed, or in the block, or copies if the calls want them elsewhere. */
  private WeightSpace weights(StackWeights given, boolean layered) {
    WeightSpace packed = given.space();
    if (packed != null) {
      return packed;
    }
    RecurrentIo.Gradients gradients = trains ? io.gradients() : null;
    WeightPlaces places =
        layered == separate(context, spec)
            ? placesOf(given)
            : new WeightPlaces(context, spec, descriptors);
    Tensor dWeights = gradients == null ? null : gradients.dWeights();
    return new WeightSpace(context, workspace, kernels, places, given, dWeights);
  }

  private static WeightPlaces placesOf(StackWeights weights) {
    return Objects.requireNonNull(weights.layout().places(), "a stack that cuDNN does not run");
  }

  /**
   * Has weights where cuDNN wants them, for inference by any number of stacks.
   *
   * @param workspace of a copy, if one is needed
   * @param weights of a layout with places
   */
  static WeightSpace pack(CudaContext context, Workspace workspace, StackWeights weights) {
    RnnKernels kernels = new RnnKernels(context);
    WeightSpace space =
        new WeightSpace(context, workspace, kernels, placesOf(weights), weights, null);
    space.fill();
    return space;
  }

  /**
   * Asks cuDNN where it wants the weights of a stack.
   *
   * @param spec one that this class {@link #supports}
   */
  static WeightPlaces places(CudaContext context, RecurrentSpec spec) {
    List<RnnDescriptor> descriptors = new ArrayList<>();
    try (DropoutDescriptor none = DropoutDescriptor.none(context)) {
      for (RecurrentSpec each : parts(spec, separate(context, spec))) {
        descriptors.add(standard(context, each, none));
      }
      return new WeightPlaces(context, spec, descriptors);
    } finally {
      descriptors.forEach(RnnDescriptor::close);
    }
  }

  /**
   * Whether cuDNN can compute a stack.
   *
   * <p>Its descriptor can limit c, but what its gradient then is has been measured nowhere: what
   * trains is computed by our kernels.
   *
   * @param maxTime the plan's most steps: in two directions no more than one call takes
   */
  static boolean supports(RecurrentSpec spec, Mode mode, int maxTime) {
    CellOptions options = spec.options();
    return RnnDescriptor.has(spec.cell())
        && !options.peephole()
        && (options.clip() == 0 || mode == Mode.INFERENCE)
        && spec.regularization().equals(Regularization.NONE)
        && (!spec.bidirectional() || maxTime <= RnnDescriptor.MOST_STEPS);
  }

  /**
   * Whether the block has a weight space for each layer: our masks may come between them. In
   * inference too: the weights are the same.
   */
  static boolean separate(RecurrentSpec spec, DropoutMasks masks) {
    return spec.dropout() > 0 && masks == DropoutMasks.GATUN;
  }

  private static boolean separate(CudaContext context, RecurrentSpec spec) {
    return separate(spec, context.dropout() == null ? DropoutMasks.GATUN : DropoutMasks.CUDNN);
  }

  /** What one call each runs: the stack, or each of its layers as a stack of its own. */
  private static List<RecurrentSpec> parts(RecurrentSpec spec, boolean layered) {
    if (!layered) {
      return List.of(spec);
    }
    List<RecurrentSpec> layers = new ArrayList<>();
    for (int layer = 0; layer < spec.layers(); layer++) {
      layers.add(spec.withInput(spec.inputSize(layer)).stacked(1, 0));
    }
    return layers;
  }

  private void addPart(
      RnnSetting setting, RnnAlgorithm algorithm, RecurrentSpec of, PartIo sequences) {
    int i = parts.size();
    RnnDescriptor standard = descriptors.get(i);
    FastDescriptors fast =
        algorithm == RnnAlgorithm.STANDARD ? null : fast(setting, algorithm, of, standard);
    try {
      parts.add(new RnnPart(setting, of, i, sequences, weights, standard, fast));
    } catch (RuntimeException | Error e) {
      if (fast != null) {
        fast.close();
      }
      throw e;
    }
  }

  private @Nullable FastDescriptors fast(
      RnnSetting setting, RnnAlgorithm algorithm, RecurrentSpec of, RnnDescriptor standard) {
    MemorySegment drops = dropout.getFirst().descriptor();
    try {
      return FastDescriptors.open(context, of, algorithm, drops, standard, setting.maxBatch());
    } catch (DeviceException e) {
      if (setting.strict() || !Calls.unsupported(e.status())) {
        throw e;
      }
      FastDescriptors.give(algorithm, String.valueOf(e.getMessage()), of);
      return null;
    }
  }

  @Override
  public void forward(int steps, int sequences) {
    usage.enterAlone();
    try {
      ready = false;
      RecurrentChecks.forward(io, steps, sequences);
      CellPlan.checkMemory(io);
      weights.checkMemory();
      context.enter();
      t = steps;
      n = sequences;
      lengths.read(t, n);
      if (lengths.ragged()) {
        context.refuseInRecording("sequences of different lengths, which cuDNN reads on the host");
      }
      forward();
      ready = trains;
    } finally {
      usage.exit();
    }
  }

  private void forward() {
    for (int i = 0; i < parts.size(); i++) {
      PartIo part = parts.get(i).io();
      if (i == 0) {
        mask(part.x(), part.maskedX());
      } else if (!masks.isEmpty()) {
        drop(masks.get(i - 1), parts.get(i - 1).io().y(), part.x());
      }
      parts.get(i).forward(t, n);
      mask(part.y(), part.y());
    }
  }

  @Override
  public void backward() {
    usage.enterAlone();
    try {
      RecurrentIo.Gradients gradients = trains ? io.gradients() : null;
      if (gradients == null) {
        throw new IllegalStateException(
            "this plan is for inference: backward needs one for training");
      }
      if (!ready) {
        throw new IllegalStateException("backward needs a forward before it, once for each");
      }
      CellPlan.checkMemory(io);
      weights.checkMemory();
      ready = false;
      context.enter();
      backward(gradients.dy());
    } finally {
      usage.exit();
    }
  }

  private void backward(@Nullable Tensor dy) {
    mask(dy, parts.getLast().io().maskedDy());
    for (int i = parts.size() - 1; i >= 0; i--) {
      parts.get(i).backward();
      Tensor dx = parts.get(i).io().dx();
      if (i > 0 && dx != null && !masks.isEmpty()) {
        drop(masks.get(i - 1), dx, dx);
      }
      mask(dx, dx);
    }
    weights.afterGradients();
  }

  /** Of a ragged batch, copies what is not padding and zeroes the rest. */
  private void mask(@Nullable Tensor from, @Nullable Tensor to) {
    if (from != null && to != null && lengths.ragged()) {
      kernels.maskSteps(t, n, lengths.onDevice(), from, to);
    }
  }

  private void drop(MaskKey key, Tensor from, Tensor to) {
    kernels.dropout((long) t * n * from.dim(2), from, to, spec.dropout(), key);
  }

  @Override
  public void refresh() {
    usage.enterAlone();
    try {
      if (shared) {
        throw new IllegalStateException("shared weights stay as they were when they were packed");
      }
      context.enter();
      weights.fill();
    } finally {
      usage.exit();
    }
  }

  @Override
  public long bytes() {
    return workspace.bytes();
  }

  @Override
  public void close() {
    if (usage.close()) {
      parts.forEach(RnnPart::close);
      descriptors.forEach(RnnDescriptor::close);
      dropout.forEach(DropoutDescriptor::close);
      workspace.close();
    }
  }
}
