package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The argument checks of every operation, shared by all backends, so that a wrong argument gets the
 * same message everywhere and what runs after them needs none. A check that passes allocates
 * nothing. Every method throws {@link IllegalArgumentException} with operation, argument, what it
 * is and what it should be.
 */
public final class Checks {
  /** Where {@link MaskKey#counterHigh} keeps the layer leaves this many. */
  private static final int MAX_MASK_LAYER = 1 << 23;

  private final DType real;

  /**
   * Creates the checks of one backend.
   *
   * @param real the type of its parameters, activations and gradients
   */
  public Checks(DType real) {
    this.real = real;
  }

  /** Checks {@link Backend#copy}. */
  public void copy(Tensor from, Tensor to) {
    if (from.size() != to.size()) {
      throw wrong("copy", "from", from, "as many elements as to, " + to);
    }
    if (from.dtype() != to.dtype() && !(from.dtype().isReal() && to.dtype().isReal())) {
      throw wrong("copy", "from", from, "the type of to, " + to);
    }
  }

  /** Checks {@link Backend#linear}. */
  public void linear(int rows, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
    matrix("linear", "weight", weight);
    rows("linear", rows);
    rowsOf("linear", "x", x, real, rows, weight.dim(1));
    rowsOf("linear", "y", y, real, rows, weight.dim(0));
    if (bias != null) {
      exactly("linear", "bias", bias, real, weight.dim(0));
    }
  }

  /** Checks {@link Backend#linearBackward}. */
  public void linearBackward(
      int rows,
      Tensor x,
      Tensor weight,
      Tensor dy,
      @Nullable Tensor dx,
      Tensor dWeight,
      @Nullable Tensor dBias) {
    matrix("linearBackward", "weight", weight);
    rows("linearBackward", rows);
    rowsOf("linearBackward", "x", x, real, rows, weight.dim(1));
    rowsOf("linearBackward", "dy", dy, real, rows, weight.dim(0));
    if (dx != null) {
      rowsOf("linearBackward", "dx", dx, real, rows, weight.dim(1));
    }
    exactly("linearBackward", "dWeight", dWeight, real, weight.size());
    if (dBias != null) {
      exactly("linearBackward", "dBias", dBias, real, weight.dim(0));
    }
  }

  /** Checks {@link Backend#embedding}, the ids too if they are in host memory. */
  public void embedding(int rows, Tensor ids, Tensor table, Tensor y) {
    matrix("embedding", "table", table);
    rows("embedding", rows);
    rowsOf("embedding", "y", y, real, rows, table.dim(1));
    ids("embedding", rows, ids, table.dim(0));
  }

  /** Checks {@link Backend#embeddingBackward}, the ids too if they are in host memory. */
  public void embeddingBackward(int rows, Tensor ids, Tensor dy, Tensor dTable) {
    matrix("embeddingBackward", "dTable", dTable);
    rows("embeddingBackward", rows);
    rowsOf("embeddingBackward", "dy", dy, real, rows, dTable.dim(1));
    ids("embeddingBackward", rows, ids, dTable.dim(0));
  }

  /** Checks {@link Backend#limitRows}, the ids too if they are in host memory. */
  public void limitRows(int rows, Tensor ids, double maxNorm, Tensor table, Tensor marks) {
    matrix("limitRows", "table", table);
    rows("limitRows", rows);
    ids("limitRows", rows, ids, table.dim(0));
    exactly("limitRows", "marks", marks, DType.I32, table.dim(0));
    if (!(maxNorm > 0 && maxNorm <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "limitRows: the largest norm " + maxNorm + " must be finite and above 0");
    }
  }

  private void ids(String operation, int rows, Tensor ids, long v) {
    atLeast(operation, "ids", ids, DType.I32, rows);
    for (int row = 0; host(ids) && row < rows; row++) {
      long id = ids.getLong(row);
      if (id < 0 || id >= v) {
        throw new IllegalArgumentException(
            "%s: id %d at row %d is outside 0 to %d".formatted(operation, id, row, v - 1));
      }
    }
  }

  /** Checks {@link Backend#dropout}. */
  public void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key) {
    if (size < 0) {
      throw new IllegalArgumentException("dropout: size " + size + " must be at least 0");
    }
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("dropout: rate " + rate + " must be in [0, 1)");
    }
    atLeast("dropout", "x", x, real, size);
    atLeast("dropout", "y", y, real, size);
    mask("dropout", key, 0);
  }

  /** Checks {@link Backend#copyColumns}. */
  public void copyColumns(
      int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    String operation = "copyColumns";
    rows(operation, rows);
    if (from.dtype() != to.dtype()) {
      throw wrong(operation, "from", from, "the type of to, " + to);
    }
    columns(operation, "from", from, rows, fromColumn, columns);
    columns(operation, "to", to, rows, toColumn, columns);
  }

  /** Checks {@link Backend#addColumns}. */
  public void addColumns(
      int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    String operation = "addColumns";
    rows(operation, rows);
    if (from.dtype() != real) {
      throw wrong(operation, "from", from, real + " elements");
    }
    if (to.dtype() != real) {
      throw wrong(operation, "to", to, real + " elements");
    }
    columns(operation, "from", from, rows, fromColumn, columns);
    columns(operation, "to", to, rows, toColumn, columns);
  }

  private static void columns(
      String operation, String name, Tensor tensor, int rows, int first, int columns) {
    long width = tensor.rank() == 0 ? 0 : tensor.dim(-1);
    if (first < 0 || columns < 0 || (long) first + columns > width) {
      throw wrong(operation, name, tensor, "columns " + first + " to " + ((long) first + columns));
    }
    if (tensor.size() < rows * width) {
      throw wrong(operation, name, tensor, rows + " rows or more");
    }
  }

  /** Checks {@link Backend#softmaxCrossEntropy}, the targets too if they are in host memory. */
  public void softmaxCrossEntropy(
      int rows,
      Tensor logits,
      Tensor targets,
      @Nullable Tensor weights,
      double smoothing,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dLogits) {
    String operation = "softmaxCrossEntropy";
    rows(operation, rows);
    long v = logits.rank() == 0 ? 0 : logits.dim(-1);
    if (v < 1) {
      throw wrong(operation, "logits", logits, "[rows, classes]");
    }
    rowsOf(operation, "logits", logits, real, rows, v);
    if (dLogits != null) {
      rowsOf(operation, "dLogits", dLogits, real, rows, v);
    }
    exactly(operation, "scale", scale, DType.F64, 1);
    exactly(operation, "loss", loss, DType.F64, 1);
    if (weights != null) {
      exactly(operation, "weights", weights, real, v);
    }
    if (!(smoothing >= 0 && smoothing < 1)) {
      throw new IllegalArgumentException(
          "softmaxCrossEntropy: smoothing " + smoothing + " must be in [0, 1)");
    }
    targets(operation, rows, targets, v);
  }

  /** Checks {@link Backend#hardest}, the targets too if they are in host memory. */
  public void hardest(int rows, Tensor logits, Tensor targets, double fraction, Tensor kept) {
    String operation = "hardest";
    rows(operation, rows);
    long v = logits.rank() == 0 ? 0 : logits.dim(-1);
    if (v < 1) {
      throw wrong(operation, "logits", logits, "[rows, classes]");
    }
    rowsOf(operation, "logits", logits, real, rows, v);
    if (!(fraction > 0 && fraction <= 1)) {
      throw new IllegalArgumentException("hardest: fraction " + fraction + " must be in (0, 1]");
    }
    atLeast(operation, "kept", kept, DType.I32, rows);
    targets(operation, rows, targets, v);
  }

  private static void targets(String operation, int rows, Tensor targets, long classes) {
    atLeast(operation, "targets", targets, DType.I32, rows);
    for (int row = 0; host(targets) && row < rows; row++) {
      if (targets.getLong(row) >= classes) {
        throw new IllegalArgumentException(
            "%s: target %d at row %d is above %d"
                .formatted(operation, targets.getLong(row), row, classes - 1));
      }
    }
  }

  /** Checks {@link Backend#elementLoss}. */
  public void elementLoss(
      ElementLoss rule,
      int rows,
      Tensor prediction,
      Tensor target,
      @Nullable Tensor rowWeights,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dPrediction) {
    String operation = "elementLoss";
    rows(operation, rows);
    int outputs = rule.outputs();
    long columns = prediction.rank() == 0 ? 0 : prediction.dim(-1);
    if (columns < 1 || columns % outputs != 0) {
      throw wrong(operation, "prediction", prediction, "[rows, " + outputs + " * targets]");
    }
    rowsOf(operation, "prediction", prediction, real, rows, columns);
    rowsOf(operation, "target", target, real, rows, columns / outputs);
    if (rowWeights != null) {
      atLeast(operation, "rowWeights", rowWeights, real, rows);
    }
    if (dPrediction != null) {
      rowsOf(operation, "dPrediction", dPrediction, real, rows, columns);
    }
    exactly(operation, "scale", scale, DType.F64, 1);
    exactly(operation, "loss", loss, DType.F64, 1);
  }

  /** Checks {@link Backend#prepareUpdate}. */
  public void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    atLeast("prepareUpdate", "gradients", gradients, real, 0);
    if (!(maxNorm > 0)) {
      throw new IllegalArgumentException(
          "prepareUpdate: maxNorm " + maxNorm + " must be above 0; infinity does not clip");
    }
    exactly("prepareUpdate", "control", control, DType.F64, Control.SIZE);
  }

  /** Checks {@link Backend#updater}. */
  public void updater(UpdateRule rule, UpdateTensors tensors, List<UpdatePart> parts) {
    String operation = "updater";
    long size = tensors.parameters().size();
    atLeast(operation, "parameters", tensors.parameters(), real, 0);
    exactly(operation, "gradients", tensors.gradients(), real, size);
    exactly(operation, "control", tensors.control(), DType.F64, Control.SIZE);
    List<String> names = rule.moments();
    if (tensors.moments().size() != names.size()) {
      throw new IllegalArgumentException(
          "updater: %d moments for %s, which has %d: %s"
              .formatted(tensors.moments().size(), rule, names.size(), names));
    }
    for (int i = 0; i < names.size(); i++) {
      exactly(operation, names.get(i), tensors.moments().get(i), real, size);
    }
    long end = 0;
    for (UpdatePart part : parts) {
      if (part.offset() < end || part.end() > size) {
        throw new IllegalArgumentException(
            "updater: the part from %d to %d overlaps another or ends after the %d parameters"
                .formatted(part.offset(), part.end(), size));
      }
      if (part.row() > 0 && rule instanceof LambRule) {
        throw new IllegalArgumentException(
            "updater: LAMB goes by whole tensors: it has no parts that are updated by rows");
      }
      end = part.end();
    }
  }

  static void mask(String operation, MaskKey key, int layersAbove) {
    if (key.layer() < 0 || key.layer() > MAX_MASK_LAYER - layersAbove) {
      throw new IllegalArgumentException(
          "%s: mask layer %d must be 0 to %d"
              .formatted(operation, key.layer(), MAX_MASK_LAYER - layersAbove));
    }
    exactly(operation, "mask step", key.step(), DType.I64, 1);
  }

  private static void rows(String operation, int rows) {
    if (rows < 0) {
      throw new IllegalArgumentException(operation + ": rows " + rows + " must be at least 0");
    }
  }

  private void matrix(String operation, String name, Tensor tensor) {
    if (tensor.dtype() != real || tensor.rank() != 2) {
      throw wrong(operation, name, tensor, real + " with two dimensions");
    }
    if (tensor.dim(0) > Integer.MAX_VALUE || tensor.dim(1) > Integer.MAX_VALUE) {
      throw wrong(operation, name, tensor, "of at most 2^31 - 1 rows and columns");
    }
  }

  /** Whether values can be looked at without waiting for a device. */
  static boolean host(Tensor tensor) {
    return tensor.memory() instanceof HostMemory;
  }

  /** Checks the steps of n sequences, where they can be looked at without waiting. */
  static void lengths(String operation, Tensor lengths, int t, int n) {
    atLeast(operation, "lengths", lengths, DType.I32, n);
    for (int i = 0; host(lengths) && i < n; i++) {
      long length = lengths.getLong(i);
      if (length < 0 || length > t) {
        throw new IllegalArgumentException(
            "%s: length %d of sequence %d is outside 0 to %d".formatted(operation, length, i, t));
      }
    }
  }

  static void rowsOf(
      String operation, String name, Tensor tensor, DType type, long rows, long columns) {
    if (tensor.dtype() != type
        || tensor.rank() == 0
        || tensor.dim(-1) != columns
        || tensor.size() < rows * columns) {
      throw wrong(
          operation, name, tensor, "%s [%d or more rows, %d]".formatted(type, rows, columns));
    }
  }

  static void atLeast(String operation, String name, Tensor tensor, DType type, long size) {
    if (tensor.dtype() != type || tensor.size() < size) {
      throw wrong(operation, name, tensor, "%s [%d or more]".formatted(type, size));
    }
  }

  static void exactly(String operation, String name, Tensor tensor, DType type, long size) {
    if (tensor.dtype() != type || tensor.size() != size) {
      throw wrong(operation, name, tensor, "%s with %d elements".formatted(type, size));
    }
  }

  static IllegalArgumentException wrong(
      String operation, String name, Tensor tensor, String right) {
    return new IllegalArgumentException(
        "%s: %s is %s, must be %s".formatted(operation, name, tensor, right));
  }
}
