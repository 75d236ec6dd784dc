package dev.gatun.backend.cpu;

import dev.gatun.bindings.generated.openblas.cblas_h;
import dev.gatun.kernels.Elementwise;
import java.lang.foreign.MemorySegment;

/**
 * The large matrix products, by OpenBLAS on one thread each, split over the team into parts that
 * depend on the shape alone: OpenBLAS's bits change with a part's size, so the parts must not
 * change with the number of threads. Matrices are row-major; addresses are absolute.
 */
final class Products {
  /**
   * Rows of a part when the rows of the result are split. OpenBLAS packs the other operand anew for
   * each part, which costs about 1/256 of the product at this size.
   */
  private static final int ROWS = 256;

  /** Columns of a part when there are too few rows to split. */
  private static final int COLUMNS = 512;

  /** Rows of a part of a weight gradient, which has few rows and a long inner dimension. */
  private static final int GRADIENT_ROWS = 512;

  /** Columns of a part of a weight gradient. */
  private static final int GRADIENT_COLUMNS = 512;

  /** Columns of a part of a sum over rows. */
  private static final int SUM_COLUMNS = 64;

  private final Team team;
  private final Team.Task forwardTask = this::forwardPart;
  private final Team.Task inputGradientTask = this::inputGradientPart;
  private final Team.Task weightGradientTask = this::weightGradientPart;
  private final Team.Task columnSumTask = this::columnSumPart;

  private int rows;
  private int outputs;
  private int inner;
  private long x;
  private int xStride;
  private long weight;
  private long bias;
  private long y;
  private int yStride;
  private boolean accumulate;
  private int rowParts;
  private int rowsPerPart;
  private int columnsPerPart;

  Products(Team team) {
    this.team = team;
  }

  /**
   * y [m, o] = x [m, k] weight' [o, k] + bias [o].
   *
   * @param biasAddress address of the bias, or 0 for none
   */
  void forward(int m, int o, int k, long xAddress, long weightAddress, long biasAddress, long to) {
    set(m, o, k);
    x = xAddress;
    xStride = k;
    weight = weightAddress;
    bias = biasAddress;
    y = to;
    yStride = o;
    splitRowsOrColumns(m, o);
    team.run(rowParts * parts(o, columnsPerPart), forwardTask);
  }

  private void forwardPart(int part) {
    int fromRow = part % rowParts * rowsPerPart;
    int fromColumn = part / rowParts * columnsPerPart;
    int m = Math.min(rowsPerPart, rows - fromRow);
    int o = Math.min(columnsPerPart, outputs - fromColumn);
    long to = y + 4 * ((long) fromRow * yStride + fromColumn);
    if (bias != 0) {
      for (int r = 0; r < m; r++) {
        Elementwise.copy(o, bias + 4L * fromColumn, to + 4L * r * yStride);
      }
    }
    cblas_h.cblas_sgemm(
        cblas_h.CblasRowMajor(),
        cblas_h.CblasNoTrans(),
        cblas_h.CblasTrans(),
        m,
        o,
        inner,
        1f,
        MemorySegment.ofAddress(x + 4L * fromRow * xStride),
        xStride,
        MemorySegment.ofAddress(weight + 4L * fromColumn * inner),
        inner,
        bias != 0 ? 1 : 0,
        MemorySegment.ofAddress(to),
        yStride);
  }

  /** dx [m, k] = dy [m, o] weight [o, k], added to dx if {@code add}. */
  void inputGradient(int m, int o, int k, long dy, long weightAddress, long dx, boolean add) {
    set(m, o, k);
    x = dx;
    xStride = k;
    weight = weightAddress;
    y = dy;
    yStride = o;
    accumulate = add;
    splitRowsOrColumns(m, k);
    team.run(rowParts * parts(k, columnsPerPart), inputGradientTask);
  }

  private void inputGradientPart(int part) {
    int fromRow = part % rowParts * rowsPerPart;
    int fromColumn = part / rowParts * columnsPerPart;
    cblas_h.cblas_sgemm(
        cblas_h.CblasRowMajor(),
        cblas_h.CblasNoTrans(),
        cblas_h.CblasNoTrans(),
        Math.min(rowsPerPart, rows - fromRow),
        Math.min(columnsPerPart, inner - fromColumn),
        outputs,
        1f,
        MemorySegment.ofAddress(y + 4L * fromRow * yStride),
        yStride,
        MemorySegment.ofAddress(weight + 4L * fromColumn),
        inner,
        accumulate ? 1 : 0,
        MemorySegment.ofAddress(x + 4 * ((long) fromRow * xStride + fromColumn)),
        xStride);
  }

  /**
   * dWeight [o, k] += dy [m, o]' x [m, k].
   *
   * @param dyStride floats from one row of dy to the next
   * @param inputStride floats from one row of x to the next
   */
  void weightGradient(
      int m, int o, int k, long dy, int dyStride, long input, int inputStride, long dWeight) {
    if (m == 0) {
      return;
    }
    set(m, o, k);
    x = input;
    xStride = inputStride;
    y = dy;
    yStride = dyStride;
    weight = dWeight;
    // Halves where there would be one part, so that two threads share it.
    rowsPerPart = Math.min(GRADIENT_ROWS, Math.max(64, (o / 2 + 63) / 64 * 64));
    columnsPerPart = GRADIENT_COLUMNS;
    rowParts = parts(o, rowsPerPart);
    team.run(rowParts * parts(k, columnsPerPart), weightGradientTask);
  }

  private void weightGradientPart(int part) {
    int fromRow = part % rowParts * rowsPerPart;
    int fromColumn = part / rowParts * columnsPerPart;
    cblas_h.cblas_sgemm(
        cblas_h.CblasRowMajor(),
        cblas_h.CblasTrans(),
        cblas_h.CblasNoTrans(),
        Math.min(rowsPerPart, outputs - fromRow),
        Math.min(columnsPerPart, inner - fromColumn),
        rows,
        1f,
        MemorySegment.ofAddress(y + 4L * fromRow),
        yStride,
        MemorySegment.ofAddress(x + 4L * fromColumn),
        xStride,
        1,
        MemorySegment.ofAddress(weight + 4 * ((long) fromRow * inner + fromColumn)),
        inner);
  }

  /** sum [o] += the sum over rows of dy [m, o], whose rows are {@code dyStride} floats apart. */
  void columnSum(int m, int o, long dy, int dyStride, long sum) {
    set(m, o, 0);
    y = dy;
    yStride = dyStride;
    weight = sum;
    team.run(parts(o, SUM_COLUMNS), columnSumTask);
  }

  private void columnSumPart(int part) {
    int from = part * SUM_COLUMNS;
    Elementwise.columnSum(
        rows, Math.min(SUM_COLUMNS, outputs - from), y + 4L * from, yStride, weight + 4L * from);
  }

  private void set(int m, int o, int k) {
    rows = m;
    outputs = o;
    inner = k;
  }

  private void splitRowsOrColumns(int m, int columns) {
    rowsPerPart = ROWS;
    rowParts = parts(m, ROWS);
    columnsPerPart = rowParts >= 4 ? columns : COLUMNS;
  }

  private static int parts(int size, int each) {
    return (size + each - 1) / each;
  }
}
