package dev.gatun.tests.support;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.Backend;
import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormalization;
import dev.gatun.backend.CtcIo;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.Feedback;
import dev.gatun.backend.FeedbackIo;
import dev.gatun.backend.InputDecay;
import dev.gatun.backend.InputDecayIo;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.PoolingIo;
import dev.gatun.backend.PoolingKind;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.RowActivation;
import dev.gatun.backend.RowPooling;
import dev.gatun.backend.UnfoldIo;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.backend.Unfolding;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.backend.WeightLayout;
import dev.gatun.backend.WeightOperations;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The reference backend with memory as a device's: tensors have no host address, only {@link #copy}
 * takes host memory, and every other use of one memory for the other fails. Where a suite or the
 * engine passes on it, neither takes a device's tensors for host memory.
 */
public final class FarBackend implements Backend {
  /** What it is called. */
  public static final String NAME = "reference, far memory";

  private static final class FarMemory extends Memory {
    private final HostMemory hidden;

    FarMemory(long bytes) {
      super(bytes);
      hidden = HostMemory.allocate(bytes);
    }

    @Override
    public void close() {
      hidden.close();
    }
  }

  private final Backend reference;

  /** F64 [1]: how many updates have been prepared; something to keep in checkpoints. */
  private final Tensor prepared = Tensor.of(new FarMemory(Double.BYTES), DType.F64, 1);

  private final Usage usage = new Usage("the backend " + NAME);

  /** Takes over what it computes with. */
  FarBackend(Backend reference) {
    this.reference = reference;
  }

  /** The hidden tensor of one in far memory. */
  private static Tensor near(Tensor tensor) {
    if (!(tensor.memory() instanceof FarMemory far)) {
      throw new IllegalStateException(tensor + " is not in this backend's memory");
    }
    long bytes = tensor.dtype().bytes();
    return Tensor.of(far.hidden, tensor.dtype(), far.bytes() / bytes)
        .view(tensor.byteOffset() / bytes, tensor.shape());
  }

  private static @Nullable Tensor nearOrNull(@Nullable Tensor tensor) {
    return tensor == null ? null : near(tensor);
  }

  private static Tensor anywhere(Tensor tensor) {
    return tensor.memory() instanceof HostMemory ? tensor : near(tensor);
  }

  private static MaskKey near(MaskKey key) {
    return new MaskKey(key.seed(), key.layer(), near(key.step()));
  }

  private static RecurrentIo.@Nullable State nearOrNull(RecurrentIo.@Nullable State state) {
    return state == null ? null : new RecurrentIo.State(near(state.h()), nearOrNull(state.c()));
  }

  private static RecurrentIo near(RecurrentIo io) {
    RecurrentIo.Gradients gradients = io.gradients();
    return new RecurrentIo(
        near(io.x()),
        nearOrNull(io.lengths()),
        nearOrNull(io.initial()),
        near(io.y()),
        Objects.requireNonNull(nearOrNull(io.last())),
        gradients == null
            ? null
            : new RecurrentIo.Gradients(
                nearOrNull(gradients.dy()),
                nearOrNull(gradients.dLast()),
                nearOrNull(gradients.dx()),
                nearOrNull(gradients.dInitial()),
                near(gradients.dWeights())),
        io.decay() == null
            ? null
            : new RecurrentIo.Decay(
                near(io.decay().exponents()), nearOrNull(io.decay().gradient())));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return NAME + ": to show what takes a device's memory for the host's";
  }

  @Override
  public DType real() {
    return reference.real();
  }

  @Override
  public Usage usage() {
    return usage;
  }

  @Override
  public SequencedMap<String, Tensor> state() {
    return new LinkedHashMap<>(Map.of("prepared", prepared));
  }

  @Override
  public Memory allocate(long bytes) {
    usage.check();
    return new FarMemory(bytes);
  }

  @Override
  public Backend fork() {
    usage.check();
    return new FarBackend(reference.fork());
  }

  @Override
  public Backend openHost() {
    return reference.fork();
  }

  @Override
  public void copy(Tensor from, Tensor to) {
    reference.copy(anywhere(from), anywhere(to));
  }

  @Override
  public void fill(Tensor tensor, double value) {
    reference.fill(near(tensor), value);
  }

  @Override
  public WeightLayout layout(RecurrentSpec spec) {
    return reference.layout(spec);
  }

  @Override
  public Recurrent recurrent(
      RecurrentSpec spec, Tensor weights, RecurrentIo io, Mode mode, MaskKey mask) {
    usage.check();
    return reference.recurrent(spec, near(weights), near(io), mode, near(mask));
  }

  @Override
  public RecurrentWeights pack(RecurrentSpec spec, Tensor weights, WeightType type) {
    usage.check();
    return reference.pack(spec, near(weights), type);
  }

  @Override
  public Recurrent recurrent(RecurrentWeights weights, RecurrentIo io) {
    usage.check();
    return reference.recurrent(weights, near(io));
  }

  @Override
  public void linear(int rows, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
    reference.linear(rows, near(x), near(weight), nearOrNull(bias), near(y));
  }

  @Override
  public void linearBackward(
      int rows,
      Tensor x,
      Tensor weight,
      Tensor dy,
      @Nullable Tensor dx,
      Tensor dWeight,
      @Nullable Tensor dBias) {
    reference.linearBackward(
        rows, near(x), near(weight), near(dy), nearOrNull(dx), near(dWeight), nearOrNull(dBias));
  }

  @Override
  public void embedding(int rows, Tensor ids, Tensor table, Tensor y) {
    reference.embedding(rows, near(ids), near(table), near(y));
  }

  @Override
  public void embeddingBackward(int rows, Tensor ids, Tensor dy, Tensor dTable, int padding) {
    reference.embeddingBackward(rows, near(ids), near(dy), near(dTable), padding);
  }

  @Override
  public void limitRows(int rows, Tensor ids, double maxNorm, Tensor table, Tensor marks) {
    reference.limitRows(rows, near(ids), maxNorm, near(table), near(marks));
  }

  @Override
  public void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key) {
    reference.dropout(size, near(x), near(y), rate, near(key));
  }

  @Override
  public void copyColumns(
      int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    reference.copyColumns(rows, near(from), fromColumn, near(to), toColumn, columns);
  }

  @Override
  public Feedback feedback(FeedbackIo io) {
    MaskKey key = near(io.key());
    return reference.feedback(
        new FeedbackIo(
            near(io.logits()), near(io.given()), near(io.mixed()), near(io.probability()), key));
  }

  @Override
  public RowActivation activation(Activation function, ActivationIo io) {
    usage.check();
    Tensor dy = nearOrNull(io.dy());
    Tensor dx = nearOrNull(io.dx());
    return reference.activation(function, new ActivationIo(near(io.x()), near(io.y()), dy, dx));
  }

  @Override
  public Attention attention(AttentionSpec spec, AttentionIo io) {
    usage.check();
    AttentionIo.Gradients given = io.gradients();
    return reference.attention(
        spec,
        new AttentionIo(
            nearOrNull(io.queries()),
            near(io.keys()),
            near(io.values()),
            nearOrNull(io.lengths()),
            nearOrNull(io.vector()),
            near(io.weights()),
            near(io.context()),
            given == null
                ? null
                : new AttentionIo.Gradients(
                    near(given.dContext()),
                    nearOrNull(given.dQueries()),
                    nearOrNull(given.dKeys()),
                    nearOrNull(given.dValues()),
                    nearOrNull(given.dVector()))));
  }

  @Override
  public BatchNormalization batchNorm(double epsilon, double momentum, BatchNormIo io) {
    usage.check();
    BatchNormIo.Gradients given = io.gradients();
    return reference.batchNorm(
        epsilon,
        momentum,
        new BatchNormIo(
            near(io.x()),
            nearOrNull(io.lengths()),
            near(io.scale()),
            near(io.shift()),
            near(io.mean()),
            near(io.variance()),
            near(io.y()),
            near(io.scratch()),
            given == null
                ? null
                : new BatchNormIo.Gradients(
                    near(given.dy()),
                    nearOrNull(given.dx()),
                    near(given.dScale()),
                    near(given.dShift()))));
  }

  @Override
  public Unfolding unfold(UnfoldSpec spec, UnfoldIo io) {
    usage.check();
    return reference.unfold(
        spec,
        new UnfoldIo(
            near(io.x()),
            nearOrNull(io.lengths()),
            near(io.columns()),
            nearOrNull(io.windows()),
            nearOrNull(io.dColumns()),
            nearOrNull(io.dx())));
  }

  @Override
  public RowPooling pooling(PoolingKind kind, PoolingIo io) {
    usage.check();
    return reference.pooling(
        kind,
        new PoolingIo(
            near(io.x()),
            nearOrNull(io.lengths()),
            near(io.y()),
            nearOrNull(io.chosen()),
            nearOrNull(io.dy()),
            nearOrNull(io.dx())));
  }

  @Override
  public InputDecay inputDecay(InputDecayIo io) {
    usage.check();
    InputDecayIo.Gradients d = io.gradients();
    return reference.inputDecay(
        new InputDecayIo(
            near(io.x()),
            near(io.mean()),
            near(io.decay()),
            near(io.y()),
            d == null
                ? null
                : new InputDecayIo.Gradients(
                    near(d.dy()), near(d.dDecay()), nearOrNull(d.dx()), near(d.scratch()))));
  }

  @Override
  public void addColumns(
      int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    reference.addColumns(rows, near(from), fromColumn, near(to), toColumn, columns);
  }

  @Override
  public void softmaxCrossEntropy(
      int rows,
      Tensor logits,
      Tensor targets,
      @Nullable Tensor weights,
      double smoothing,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dLogits) {
    reference.softmaxCrossEntropy(
        rows,
        near(logits),
        near(targets),
        nearOrNull(weights),
        smoothing,
        near(scale),
        near(loss),
        nearOrNull(dLogits));
  }

  @Override
  public void hardest(int rows, Tensor logits, Tensor targets, double fraction, Tensor kept) {
    reference.hardest(rows, near(logits), near(targets), fraction, near(kept));
  }

  @Override
  public void elementLoss(
      ElementLoss rule,
      int rows,
      Tensor prediction,
      Tensor target,
      @Nullable Tensor rowWeights,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dPrediction) {
    reference.elementLoss(
        rule,
        rows,
        near(prediction),
        near(target),
        nearOrNull(rowWeights),
        near(scale),
        near(loss),
        nearOrNull(dPrediction));
  }

  @Override
  public void ctc(int t, int n, CtcIo io) {
    reference.ctc(
        t,
        n,
        new CtcIo(
            near(io.logits()),
            nearOrNull(io.lengths()),
            near(io.labels()),
            near(io.labelLengths()),
            io.blank(),
            io.perLabel(),
            near(io.scale()),
            near(io.losses()),
            near(io.loss()),
            near(io.impossible()),
            nearOrNull(io.dLogits())));
  }

  @Override
  public void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    reference.prepareUpdate(near(gradients), maxNorm, near(control));
  }

  @Override
  public void adjustLossScale(Tensor control) {
    Tensor count = near(prepared);
    count.set(0, count.get(0) + 1);
  }

  @Override
  public Updater updater(UpdateRule rule, UpdateTensors tensors, List<UpdatePart> parts) {
    UpdateTensors hidden =
        new UpdateTensors(
            near(tensors.parameters()),
            near(tensors.gradients()),
            tensors.moments().stream().map(FarBackend::near).toList(),
            near(tensors.control()));
    return reference.updater(rule, hidden, parts);
  }

  @Override
  public WeightOperations weights() {
    usage.check();
    return new FarWeights(reference.weights());
  }

  private record FarWeights(WeightOperations reference) implements WeightOperations {
    @Override
    public void clamp(Tensor x, double limit) {
      reference.clamp(near(x), limit);
    }

    @Override
    public void scale(Tensor x, Tensor factor) {
      reference.scale(near(x), near(factor));
    }

    @Override
    public void limitRows(Tensor x, double limit) {
      reference.limitRows(near(x), limit);
    }

    @Override
    public void penalize(
        Tensor parameters, Tensor gradients, double l1, double l2, Tensor penalty) {
      reference.penalize(near(parameters), near(gradients), l1, l2, near(penalty));
    }

    @Override
    public void average(Tensor values, Tensor average, double weight) {
      reference.average(near(values), near(average), weight);
    }

    @Override
    public void close() {
      reference.close();
    }
  }

  @Override
  public void close() {
    if (usage.close()) {
      reference.close();
      prepared.memory().close();
    }
  }
}
