package dev.gatun.model;

import dev.gatun.backend.CtcIo;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Connectionist temporal classification (Graves et al. 2006): the mean over sequences of -log
 * p(labels | softmax(output)), in nats, where p sums over all ways to spell the labels in the
 * sequence's steps with repetitions and blanks. Takes logits. A sequence too short for its labels
 * adds nothing and is counted ({@link Plan#impossible}).
 *
 * @param blank the class that stands for no label
 * @param perLabel whether each sequence's loss is divided by its labels, as PyTorch's {@code mean}
 *     does
 */
public record CtcLoss(int blank, boolean perLabel) implements Loss {
  /** Blank 0 and PyTorch's {@code mean}. */
  public CtcLoss() {
    this(0, true);
  }

  /** Checks the blank. */
  public CtcLoss {
    if (blank < 0) {
      throw new IllegalArgumentException("blank " + blank + " must be a class, at least 0");
    }
  }

  @Override
  public Signal target(Signal output) {
    if (!output.isFeatures() || !output.perStep()) {
      throw new IllegalArgumentException("CTC takes features (logits) of each step, not " + output);
    }
    if (blank >= output.width()) {
      throw new IllegalArgumentException(
          "CTC's blank %d must be one of the model's %d outputs".formatted(blank, output.width()));
    }
    return Signal.labels(output.width());
  }

  @Override
  public double scale(Signal output, double weight) {
    return 1 / weight;
  }

  @Override
  public LossPlan plan(LossContext c) {
    Tensor labelLengths = c.labelLengths();
    if (labelLengths == null) {
      throw new IllegalArgumentException("CTC needs sequences of labels as targets");
    }
    long n = labelLengths.size();
    CtcIo io =
        new CtcIo(
            c.prediction(),
            c.lengths(),
            c.targets(),
            labelLengths,
            blank,
            perLabel,
            c.scale(),
            c.workspace().tensor(DType.F64, n),
            c.loss(),
            c.workspace().tensor(DType.I64, 1),
            c.gradient());
    return new LossPlan() {
      @Override
      public void forward(int t, int batch) {
        c.backend().ctc(t, batch, io);
      }

      @Override
      public @Nullable Tensor impossible() {
        return io.impossible();
      }
    };
  }
}
