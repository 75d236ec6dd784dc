package dev.gatun.backend;

import static dev.gatun.backend.Checks.atLeast;
import static dev.gatun.backend.Checks.exactly;
import static dev.gatun.backend.Checks.host;
import static dev.gatun.backend.Checks.rowsOf;
import static dev.gatun.backend.Checks.wrong;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;

/** The argument checks of {@link Backend#ctc}, as {@link Checks}. */
public final class CtcChecks {
  private static final String CTC = "ctc";

  private final DType real;

  /**
   * Creates the checks of one backend.
   *
   * @param real the type of its logits
   */
  public CtcChecks(DType real) {
    this.real = real;
  }

  /** Checks a call; lengths and labels too where they are in host memory. */
  public void check(int t, int n, CtcIo io) {
    if (t < 0 || n < 0) {
      throw new IllegalArgumentException(
          "ctc: %d steps of %d sequences: both must be at least 0".formatted(t, n));
    }
    Tensor logits = io.logits();
    long v = logits.rank() == 0 ? 0 : logits.dim(-1);
    if (v < 1) {
      throw wrong(CTC, "logits", logits, "[steps, sequences, classes]");
    }
    long rows = (long) t * n;
    rowsOf(CTC, "logits", logits, real, rows, v);
    if (io.dLogits() != null) {
      rowsOf(CTC, "dLogits", io.dLogits(), real, rows, v);
    }
    if (io.blank() < 0 || io.blank() >= v) {
      throw new IllegalArgumentException(
          "ctc: blank %d must be a class, 0 to %d".formatted(io.blank(), v - 1));
    }
    if (io.lengths() != null) {
      atLeast(CTC, "lengths", io.lengths(), DType.I32, n);
    }
    atLeast(CTC, "labelLengths", io.labelLengths(), DType.I32, n);
    labels(n, io.labels());
    exactly(CTC, "scale", io.scale(), DType.F64, 1);
    atLeast(CTC, "losses", io.losses(), DType.F64, n);
    exactly(CTC, "loss", io.loss(), DType.F64, 1);
    exactly(CTC, "impossible", io.impossible(), DType.I64, 1);
    if (host(io.labels()) && host(io.labelLengths())) {
      values(t, n, io, v);
    }
  }

  private static void labels(int n, Tensor labels) {
    if (labels.dtype() != DType.I32
        || labels.rank() < 1
        || labels.rank() > 2
        || (labels.rank() == 2 && labels.dim(0) < n)) {
      throw wrong(CTC, "labels", labels, "I32 [%d or more, S] or flat".formatted(n));
    }
  }

  private static void values(int t, int n, CtcIo io, long v) {
    Tensor labels = io.labels();
    long next = 0;
    for (int i = 0; i < n; i++) {
      long length = io.lengths() == null ? t : io.lengths().getLong(i);
      if (length < 0 || length > t) {
        throw new IllegalArgumentException(
            "ctc: length %d of sequence %d is outside 0 to t, %d".formatted(length, i, t));
      }
      long count = io.labelLengths().getLong(i);
      long first = io.padded() ? i * labels.dim(1) : next;
      long room = io.padded() ? labels.dim(1) : labels.size() - first;
      if (count < 0 || count > room) {
        throw new IllegalArgumentException(
            "ctc: %d labels of sequence %d: the tensor has room for 0 to %d"
                .formatted(count, i, room));
      }
      next = first + count;
      for (long k = first; k < first + count; k++) {
        long label = labels.getLong(k);
        if (label < 0 || label >= v || label == io.blank()) {
          throw new IllegalArgumentException(
              "ctc: label %d of sequence %d is %d: it must be 0 to %d and not the blank, %d"
                  .formatted(k - first, i, label, v - 1, io.blank()));
        }
      }
    }
  }
}
