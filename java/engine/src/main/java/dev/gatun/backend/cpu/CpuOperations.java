package dev.gatun.backend.cpu;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormalization;
import dev.gatun.backend.Checks;
import dev.gatun.backend.CtcIo;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.Feedback;
import dev.gatun.backend.FeedbackIo;
import dev.gatun.backend.InputDecay;
import dev.gatun.backend.InputDecayIo;
import dev.gatun.backend.LayerOperations;
import dev.gatun.backend.LossOperations;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.PoolingIo;
import dev.gatun.backend.PoolingKind;
import dev.gatun.backend.RowActivation;
import dev.gatun.backend.RowPooling;
import dev.gatun.backend.UnfoldIo;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.backend.Unfolding;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import org.jspecify.annotations.Nullable;

/** Layers and losses on a team of threads. */
abstract class CpuOperations implements LayerOperations, LossOperations {
  final Checks checks = new Checks(DType.F32);
  final Usage usage = new Usage("the backend cpu");
  final Team team;
  final Products products;
  final FlatOps flat;
  private final RowOps rows;
  private final CtcOps ctc;

  CpuOperations(int threads, ProductChoice engines) {
    team = new Team(threads, usage);
    products = new Products(team, engines);
    flat = new FlatOps(team);
    rows = new RowOps(team);
    ctc = new CtcOps(team, usage);
  }

  final void free() {
    team.close();
    products.close();
    rows.close();
    ctc.close();
  }

  @Override
  public void linear(int count, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
    checks.linear(count, x, weight, bias, y);
    if (count == 0) {
      return;
    }
    int o = (int) weight.dim(0);
    int k = (int) weight.dim(1);
    products.forward(count, o, k, x.address(), weight.address(), addressOf(bias), y.address());
  }

  @Override
  public void linearBackward(
      int count,
      Tensor x,
      Tensor weight,
      Tensor dy,
      @Nullable Tensor dx,
      Tensor dWeight,
      @Nullable Tensor dBias) {
    checks.linearBackward(count, x, weight, dy, dx, dWeight, dBias);
    if (count == 0) {
      return;
    }
    int o = (int) weight.dim(0);
    int k = (int) weight.dim(1);
    products.weightGradient(count, o, k, dy.address(), o, x.address(), k, dWeight.address());
    if (dBias != null) {
      products.columnSum(count, o, dy.address(), o, dBias.address());
    }
    if (dx != null) {
      products.inputGradient(count, o, k, dy.address(), weight.address(), dx.address(), false);
    }
  }

  @Override
  public void embedding(int count, Tensor ids, Tensor table, Tensor y) {
    checks.embedding(count, ids, table, y);
    rows.gather(count, ids.address(), (int) table.dim(1), table.address(), y.address());
  }

  @Override
  public void embeddingBackward(int count, Tensor ids, Tensor dy, Tensor dTable, int padding) {
    checks.embeddingBackward(count, ids, dy, dTable);
    rows.scatterAdd(
        count, ids.address(), (int) dTable.dim(1), dy.address(), dTable.address(), padding);
  }

  @Override
  public void limitRows(int count, Tensor ids, double maxNorm, Tensor table, Tensor marks) {
    checks.limitRows(count, ids, maxNorm, table, marks);
    rows.limit(count, ids.address(), (int) table.dim(1), table.address(), marks.address(), maxNorm);
  }

  @Override
  public void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key) {
    checks.dropout(size, x, y, rate, key);
    flat.dropout(size, x.address(), y.address(), rate, key);
  }

  @Override
  public void copyColumns(
      int count, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.copyColumns(count, from, fromColumn, to, toColumn, columns);
    Columns.copy(count, from, fromColumn, to, toColumn, columns);
  }

  @Override
  public Feedback feedback(FeedbackIo io) {
    io.check(DType.F32);
    return new CpuFeedback(team, usage, io);
  }

  @Override
  public RowActivation activation(Activation function, ActivationIo io) {
    io.check(DType.F32);
    return new CpuActivation(team, usage, function, io);
  }

  @Override
  public Attention attention(AttentionSpec spec, AttentionIo io) {
    io.check(spec, DType.F32);
    usage.check();
    return new CpuAttention(team, products, usage, spec, io);
  }

  @Override
  public BatchNormalization batchNorm(double epsilon, double momentum, BatchNormIo io) {
    io.check(epsilon, momentum, DType.F32);
    return new CpuBatchNorm(team, usage, epsilon, momentum, io);
  }

  @Override
  public Unfolding unfold(UnfoldSpec spec, UnfoldIo io) {
    io.check(spec, DType.F32);
    return new CpuUnfolding(team, usage, spec, io);
  }

  @Override
  public RowPooling pooling(PoolingKind kind, PoolingIo io) {
    io.check(kind, DType.F32);
    return new CpuPooling(team, usage, io);
  }

  @Override
  public InputDecay inputDecay(InputDecayIo io) {
    io.check(DType.F32);
    return new CpuInputDecay(team, products, usage, io);
  }

  @Override
  public void addColumns(
      int count, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.addColumns(count, from, fromColumn, to, toColumn, columns);
    Columns.add(count, from, fromColumn, to, toColumn, columns);
  }

  @Override
  public void softmaxCrossEntropy(
      int count,
      Tensor logits,
      Tensor targets,
      @Nullable Tensor weights,
      double smoothing,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dLogits) {
    checks.softmaxCrossEntropy(count, logits, targets, weights, smoothing, scale, loss, dLogits);
    double factor = scale.get(0);
    // It writes to memory that close frees.
    usage.enter();
    try {
      double sum =
          rows.softmaxCrossEntropy(
              count,
              (int) logits.dim(-1),
              logits.address(),
              targets.address(),
              addressOf(weights),
              smoothing,
              addressOf(dLogits),
              (float) factor);
      loss.set(0, sum * factor);
    } finally {
      usage.exit();
    }
  }

  @Override
  public void hardest(int count, Tensor logits, Tensor targets, double fraction, Tensor kept) {
    checks.hardest(count, logits, targets, fraction, kept);
    // It writes to memory that close frees.
    usage.enter();
    try {
      rows.hardest(count, logits, targets, fraction, kept);
    } finally {
      usage.exit();
    }
  }

  @Override
  public void elementLoss(
      ElementLoss rule,
      int count,
      Tensor prediction,
      Tensor target,
      @Nullable Tensor rowWeights,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dPrediction) {
    checks.elementLoss(rule, count, prediction, target, rowWeights, scale, loss, dPrediction);
    double factor = scale.get(0);
    double sum =
        rows.elementLoss(
            rule,
            count,
            (int) prediction.dim(-1),
            prediction.address(),
            target.address(),
            addressOf(rowWeights),
            addressOf(dPrediction),
            (float) factor);
    loss.set(0, sum * factor);
  }

  @Override
  public void ctc(int t, int n, CtcIo io) {
    ctc.run(t, n, io);
  }

  private static long addressOf(@Nullable Tensor tensor) {
    return tensor == null ? 0 : tensor.address();
  }
}
