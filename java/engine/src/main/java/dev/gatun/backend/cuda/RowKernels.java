package dev.gatun.backend.cuda;

import static dev.gatun.backend.cuda.DeviceMemory.address;
import static dev.gatun.backend.cuda.DeviceMemory.addressOrNull;

import dev.gatun.backend.CtcIo;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.MaskKey;
import dev.gatun.kernels.Philox;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The kernels of {@code ops.cu} on one context, without checks of arguments. Scratch grows to the
 * largest call; after that nothing is allocated.
 */
final class RowKernels implements AutoCloseable {
  /** Columns that a block of columnSums takes: a warp. */
  private static final int SUM_COLUMNS = 32;

  /**
   * The most blocks of a sum over everything: enough for every GPU, and few enough that one block
   * adds up what they leave. A function of the size alone, as the order of the sum is.
   */
  private static final int MOST_PARTS = 1024;

  /** Elements that a thread of such a sum takes before there are more blocks. */
  private static final int PART = 8 * KernelCall.BLOCK;

  private final CudaContext context;
  private final KernelCall fillFloat;
  private final KernelCall fillDouble;
  private final KernelCall fillInt;
  private final KernelCall fillLong;
  private final KernelCall addBias;
  private final KernelCall columnSums;
  private final KernelCall embedding;
  private final KernelCall embeddingBackward;
  private final KernelCall dropout;
  private final KernelCall copyColumns4;
  private final KernelCall copyColumns8;
  private final KernelCall addColumns;
  private final KernelCall softmaxCrossEntropy;
  private final KernelCall elementLoss;
  private final KernelCall sumLoss;
  private final KernelCall squares;
  private final KernelCall prepareUpdate;

  /** F64: the parts of a loss or a norm. */
  private Tensor parts;

  private final List<Tensor> outgrown = new ArrayList<>();

  /** I64 [{@link #MOST_PARTS}]: where each part of the gradients is first not finite. */
  private final Tensor firsts;

  /** Made when first asked for: few models need it. */
  private @Nullable CudaCtc ctc;

  /** Made when first asked for, as that. */
  private @Nullable KernelCall keepHardest;

  private final boolean cudnn;

  /**
   * Loads the kernels.
   *
   * @param cudnn whether cuDNN may be used where it has an operation
   */
  RowKernels(CudaContext context, KernelLibrary library, boolean cudnn) {
    this.context = context;
    this.cudnn = cudnn;
    fillFloat = new KernelCall(context, library, "fillFloat", 3);
    fillDouble = new KernelCall(context, library, "fillDouble", 3);
    fillInt = new KernelCall(context, library, "fillInt", 3);
    fillLong = new KernelCall(context, library, "fillLong", 3);
    addBias = new KernelCall(context, library, "addBias", 4);
    columnSums = new KernelCall(context, library, "columnSums", 4);
    embedding = new KernelCall(context, library, "embedding", 6);
    embeddingBackward = new KernelCall(context, library, "embeddingBackward", 7);
    dropout = new KernelCall(context, library, "dropout", 8);
    copyColumns4 = new KernelCall(context, library, "copyColumns4", 6);
    copyColumns8 = new KernelCall(context, library, "copyColumns8", 6);
    addColumns = new KernelCall(context, library, "addColumns", 6);
    softmaxCrossEntropy = new KernelCall(context, library, "softmaxCrossEntropy", 9);
    elementLoss = new KernelCall(context, library, "elementLoss", 11);
    sumLoss = new KernelCall(context, library, "sumLoss", 4);
    squares = new KernelCall(context, library, "squares", 4);
    prepareUpdate = new KernelCall(context, library, "prepareUpdate", 5);
    parts = scratch(DType.F64, MOST_PARTS);
    try {
      firsts = scratch(DType.I64, MOST_PARTS);
    } catch (RuntimeException | Error e) {
      parts.memory().close();
      throw e;
    }
  }

  private Tensor scratch(DType type, long size) {
    DeviceMemory memory = DeviceMemory.allocate(context, Tensor.bytesOf(type, size));
    return Tensor.of(memory, type, size);
  }

  void fill(Tensor tensor, double value) {
    KernelCall call =
        switch (tensor.dtype()) {
          case F32 -> fillFloat.set(2, (float) value);
          case F64 -> fillDouble.set(2, value);
          case I32 -> fillInt.set(2, (int) value);
          case I64 -> fillLong.set(2, (long) value);
        };
    call.set(0, tensor.size()).set(1, address(tensor)).run(tensor.size());
  }

  /** y [rows, columns] += bias [columns]. */
  void addBias(int rows, int columns, Tensor bias, Tensor y) {
    addBias.set(0, (long) rows).set(1, columns).set(2, address(bias)).set(3, address(y));
    addBias.run((long) rows * columns);
  }

  /** sums [columns] += the sums over the rows of x [rows, columns]. */
  void columnSums(int rows, int columns, Tensor x, Tensor sums) {
    columnSums.set(0, (long) rows).set(1, columns).set(2, address(x)).set(3, address(sums));
    columnSums.run((columns - 1) / SUM_COLUMNS + 1, 1, KernelCall.BLOCK);
  }

  void embedding(int rows, Tensor ids, Tensor table, Tensor y) {
    bindTable(embedding, rows, ids, table).set(4, address(table)).set(5, address(y));
    embedding.run(rows * table.dim(1));
  }

  void embeddingBackward(int rows, Tensor ids, Tensor dy, Tensor dTable, int padding) {
    if (rows > 0) {
      bindTable(embeddingBackward, rows, ids, dTable)
          .set(4, address(dy))
          .set(5, address(dTable))
          .set(6, padding);
      embeddingBackward.run(Math.toIntExact(dTable.dim(0)), 1, KernelCall.BLOCK);
    }
  }

  private static KernelCall bindTable(KernelCall call, int rows, Tensor ids, Tensor table) {
    return call.set(0, (long) rows)
        .set(1, Math.toIntExact(table.dim(1)))
        .set(2, Math.toIntExact(table.dim(0)))
        .set(3, address(ids));
  }

  void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key) {
    double keep = 1 - rate;
    dropout
        .set(0, size)
        .set(1, address(x))
        .set(2, address(y))
        .set(3, (float) (1 / keep))
        .set(4, Philox.threshold(keep))
        .set(5, key.seed())
        .set(6, key.layer())
        .set(7, address(key.step()))
        .run((size + 3) / 4); // a thread takes the four words of a random block
  }

  void copyColumns(int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    int bytes = from.dtype().bytes();
    KernelCall call = bytes == Integer.BYTES ? copyColumns4 : copyColumns8;
    columns(call, bytes, rows, from, fromColumn, to, toColumn, columns);
  }

  void addColumns(int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns) {
    columns(addColumns, Float.BYTES, rows, from, fromColumn, to, toColumn, columns);
  }

  private static void columns(
      KernelCall call,
      int bytes,
      int rows,
      Tensor from,
      int fromColumn,
      Tensor to,
      int toColumn,
      int columns) {
    call.set(0, (long) rows)
        .set(1, columns)
        .set(2, address(from) + (long) fromColumn * bytes)
        .set(3, from.dim(-1))
        .set(4, address(to) + (long) toColumn * bytes)
        .set(5, to.dim(-1))
        .run((long) rows * columns);
  }

  void softmaxCrossEntropy(
      int rows,
      Tensor logits,
      Tensor targets,
      @Nullable Tensor weights,
      double smoothing,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dLogits) {
    reserve(rows);
    if (rows > 0) {
      rowLosses(rows, logits, targets)
          .set(4, addressOrNull(weights))
          .set(5, smoothing)
          .set(6, address(scale))
          .set(8, addressOrNull(dLogits))
          .run(rows, 1, KernelCall.BLOCK);
    }
    sumLoss(rows, scale, loss);
  }

  private KernelCall rowLosses(int rows, Tensor logits, Tensor targets) {
    return softmaxCrossEntropy
        .set(0, (long) rows)
        .set(1, Math.toIntExact(logits.dim(-1)))
        .set(2, address(logits))
        .set(3, address(targets))
        .set(7, address(parts));
  }

  void hardest(int rows, Tensor logits, Tensor targets, double fraction, Tensor kept) {
    reserve(rows);
    if (rows == 0) {
      return;
    }
    rowLosses(rows, logits, targets)
        .set(4, 0L) // no weights, no scale, no gradient
        .set(5, 0.0)
        .set(6, 0L)
        .set(8, 0L)
        .run(rows, 1, KernelCall.BLOCK);
    KernelCall call = keepHardest;
    if (call == null) {
      KernelLibrary library = KernelLibrary.of(context.device(), "hardest.cu");
      call = new KernelCall(context, library, "keepHardest", 5);
      keepHardest = call;
    }
    call.set(0, (long) rows)
        .set(1, fraction)
        .set(2, address(targets))
        .set(3, address(parts))
        .set(4, address(kept))
        .run(rows);
  }

  void elementLoss(
      ElementLoss rule,
      int rows,
      Tensor prediction,
      Tensor target,
      @Nullable Tensor rowWeights,
      Tensor scale,
      Tensor loss,
      @Nullable Tensor dPrediction) {
    int width = Math.toIntExact(prediction.dim(-1));
    int columns = width / rule.outputs();
    int blocks = parts((long) rows * columns);
    elementLoss
        .set(2, (long) rows)
        .set(3, columns)
        .set(4, width)
        .set(6, address(target))
        .set(7, addressOrNull(rowWeights))
        .set(8, address(scale));
    int launches = rule instanceof ElementLoss.Quantile ? rule.outputs() : 1;
    reserve((long) launches * blocks);
    for (int j = 0; j < launches; j++) {
      long at = (long) Float.BYTES * j * columns;
      elementLoss
          .set(0, kind(rule))
          .set(1, parameter(rule, j))
          .set(5, address(prediction) + at)
          .set(9, address(parts) + (long) Double.BYTES * j * blocks)
          .set(10, dPrediction == null ? 0 : address(dPrediction) + at)
          .run(blocks, 1, KernelCall.BLOCK);
    }
    sumLoss((long) launches * blocks, scale, loss);
  }

  /** The kernel's numbers. */
  private static int kind(ElementLoss rule) {
    return switch (rule) {
      case ElementLoss.Squared _ -> 0;
      case ElementLoss.Absolute _ -> 1;
      case ElementLoss.Huber _ -> 2;
      case ElementLoss.Quantile _ -> 3;
      case ElementLoss.Logistic _ -> 4;
      case ElementLoss.Gaussian _ -> 5;
    };
  }

  private static double parameter(ElementLoss rule, int block) {
    return switch (rule) {
      case ElementLoss.Squared _, ElementLoss.Absolute _ -> 0;
      case ElementLoss.Huber huber -> huber.delta();
      case ElementLoss.Quantile quantile -> quantile.levels().get(block);
      case ElementLoss.Logistic logistic -> logistic.positiveWeight();
      case ElementLoss.Gaussian gaussian -> Math.log(gaussian.epsilon());
    };
  }

  private void sumLoss(long count, Tensor scale, Tensor loss) {
    sumLoss
        .set(0, count)
        .set(1, address(parts))
        .set(2, address(scale))
        .set(3, address(loss))
        .run(1, 1, KernelCall.BLOCK);
  }

  /** Blocks of a sum over so many elements, at least 1. */
  private static int parts(long size) {
    return Math.clamp((size + PART - 1) / PART, 1, MOST_PARTS);
  }

  /**
   * Makes room for so many parts, twice as many as before at least. The old ones stay: graphs may
   * have their address.
   */
  private void reserve(long count) {
    if (parts.size() < count) {
      Tensor larger = scratch(DType.F64, Math.max(count, 2 * parts.size()));
      outgrown.add(parts);
      parts = larger;
    }
  }

  void ctc(int t, int n, CtcIo io) {
    CudaCtc made = ctc;
    if (made == null) {
      made = new CudaCtc(context, cudnn);
      ctc = made;
    }
    made.run(t, n, io);
  }

  void prepareUpdate(Tensor gradients, double maxNorm, Tensor control) {
    int blocks = parts(gradients.size());
    squares
        .set(0, gradients.size())
        .set(1, address(gradients))
        .set(2, address(parts))
        .set(3, address(firsts))
        .run(blocks, 1, KernelCall.BLOCK);
    prepareUpdate
        .set(0, (long) blocks)
        .set(1, address(parts))
        .set(2, address(firsts))
        .set(3, maxNorm)
        .set(4, address(control))
        .run(1, 1, KernelCall.BLOCK);
  }

  @Override
  public void close() {
    try {
      parts.memory().close();
      outgrown.forEach(each -> each.memory().close());
    } finally {
      firsts.memory().close();
      if (ctc != null) {
        ctc.close();
      }
    }
  }
}
