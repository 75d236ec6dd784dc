package dev.gatun.backend.reference;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormalization;
import dev.gatun.backend.Checks;
import dev.gatun.backend.CtcChecks;
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
import org.jspecify.annotations.Nullable;

/** Layers and losses in plain loops. */
abstract class ReferenceOperations implements LayerOperations, LossOperations {
  final Checks checks = new Checks(DType.F64);
  private final Losses losses = new Losses();
  private final CtcChecks ctcChecks = new CtcChecks(DType.F64);
  private final ReferenceCtc ctc = new ReferenceCtc();

  @Override
  public void linear(int rows, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
    checks.linear(rows, x, weight, bias, y);
    long outputs = weight.dim(0);
    long inputs = weight.dim(1);
    for (long row = 0; row < rows; row++) {
      for (long o = 0; o < outputs; o++) {
        double sum = bias == null ? 0 : bias.get(o);
        for (long k = 0; k < inputs; k++) {
          sum += x.get(row * inputs + k) * weight.get(o * inputs + k);
        }
        y.set(row * outputs + o, sum);
      }
    }
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
    checks.linearBackward(rows, x, weight, dy, dx, dWeight, dBias);
    long outputs = weight.dim(0);
    long inputs = weight.dim(1);
    for (long i = 0; dx != null && i < rows * inputs; i++) {
      double sum = 0;
      for (long o = 0; o < outputs; o++) {
        sum += dy.get(i / inputs * outputs + o) * weight.get(o * inputs + i % inputs);
      }
      dx.set(i, sum);
    }
    for (long row = 0; row < rows; row++) {
      for (long o = 0; o < outputs; o++) {
        double d = dy.get(row * outputs + o);
        for (long k = 0; k < inputs; k++) {
          add(dWeight, o * inputs + k, d * x.get(row * inputs + k));
        }
        if (dBias != null) {
          add(dBias, o, d);
        }
      }
    }
  }

  private static void add(Tensor to, long i, double value) {
    to.set(i, to.get(i) + value);
  }

  @Override
  public void embedding(int rows, Tensor ids, Tensor table, Tensor y) {
    checks.embedding(rows, ids, table, y);
    long width = table.dim(1);
    for (long i = 0; i < rows * width; i++) {
      y.set(i, table.get(ids.getLong(i / width) * width + i % width));
    }
  }

  @Override
  public void embeddingBackward(int rows, Tensor ids, Tensor dy, Tensor dTable, int padding) {
    checks.embeddingBackward(rows, ids, dy, dTable);
    long width = dTable.dim(1);
    for (long i = 0; i < rows * width; i++) {
      if (ids.getLong(i / width) != padding) {
        add(dTable, ids.getLong(i / width) * width + i % width, dy.get(i));
      }
    }
  }

  @Override
  public void limitRows(int rows, Tensor ids, double maxNorm, Tensor table, Tensor marks) {
    checks.limitRows(rows, ids, maxNorm, table, marks);
    int width = (int) table.dim(1);
    for (int i = 0; i < rows; i++) {
      marks.setLong(ids.getLong(i), i);
    }
    for (int i = 0; i < rows; i++) {
      if (marks.getLong(ids.getLong(i)) == i) {
        long first = ids.getLong(i) * width;
        double squares = 0;
        for (int c = 0; c < width; c++) {
          squares += table.get(first + c) * table.get(first + c);
        }
        double norm = Math.sqrt(squares);
        for (int c = 0; norm > maxNorm && c < width; c++) {
          table.set(first + c, table.get(first + c) * (maxNorm / (norm + 1e-7)));
        }
      }
    }
  }

  @Override
  public void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key) {
    checks.dropout(size, x, y, rate, key);
    long counterHigh = key.counterHigh();
    for (long i = 0; i < size; i++) {
      y.set(i, Mask.keeps(key.seed(), counterHigh, i, rate) ? x.get(i) / (1 - rate) : 0);
    }
  }

  @Override
  public Feedback feedback(FeedbackIo io) {
    io.check(DType.F64);
    return new ReferenceFeedback(io);
  }

  @Override
  public RowActivation activation(Activation function, ActivationIo io) {
    io.check(DType.F64);
    return new ReferenceActivation(function, io);
  }

  @Override
  public Attention attention(AttentionSpec spec, AttentionIo io) {
    io.check(spec, DType.F64);
    return new ReferenceAttention(spec, io);
  }

  @Override
  public BatchNormalization batchNorm(double epsilon, double momentum, BatchNormIo io) {
    io.check(epsilon, momentum, DType.F64);
    return new ReferenceBatchNorm(epsilon, momentum, io);
  }

  @Override
  public Unfolding unfold(UnfoldSpec spec, UnfoldIo io) {
    io.check(spec, DType.F64);
    return new ReferenceUnfolding(spec, io);
  }

  @Override
  public RowPooling pooling(PoolingKind kind, PoolingIo io) {
    io.check(kind, DType.F64);
    return new ReferencePooling(kind, io);
  }

  @Override
  public InputDecay inputDecay(InputDecayIo io) {
    io.check(DType.F64);
    return new ReferenceInputDecay(io);
  }

  @Override
  public void addColumns(
      int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.addColumns(rows, from, fromColumn, to, toColumn, columns);
    for (long row = 0; row < rows; row++) {
      for (int i = 0; i < columns; i++) {
        long target = row * to.dim(-1) + toColumn + i;
        to.set(target, to.get(target) + from.get(row * from.dim(-1) + fromColumn + i));
      }
    }
  }

  @Override
  public void copyColumns(
      int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    checks.copyColumns(rows, from, fromColumn, to, toColumn, columns);
    for (long row = 0; row < rows; row++) {
      for (int i = 0; i < columns; i++) {
        long source = row * from.dim(-1) + fromColumn + i;
        long target = row * to.dim(-1) + toColumn + i;
        if (from.dtype().isReal()) {
          to.set(target, from.get(source));
        } else {
          to.setLong(target, from.getLong(source));
        }
      }
    }
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
    checks.softmaxCrossEntropy(rows, logits, targets, weights, smoothing, scale, loss, dLogits);
    double factor = scale.get(0);
    double sum =
        losses.softmaxCrossEntropy(rows, logits, targets, weights, smoothing, factor, dLogits);
    loss.set(0, factor * sum);
  }

  @Override
  public void hardest(int rows, Tensor logits, Tensor targets, double fraction, Tensor kept) {
    checks.hardest(rows, logits, targets, fraction, kept);
    losses.hardest(rows, logits, targets, fraction, kept);
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
    checks.elementLoss(rule, rows, prediction, target, rowWeights, scale, loss, dPrediction);
    double factor = scale.get(0);
    double sum = losses.elements(rule, rows, prediction, target, rowWeights, factor, dPrediction);
    loss.set(0, factor * sum);
  }

  @Override
  public void ctc(int t, int n, CtcIo io) {
    ctcChecks.check(t, n, io);
    ctc.run(t, n, io);
  }
}
