package dev.gatun.backend.cpu;

import dev.gatun.kernels.Elementwise;
import org.jspecify.annotations.Nullable;

/**
 * The large matrix products, split over the team into parts that depend on the shape alone, by the
 * {@link Gemm} that {@link ProductChoice} names for each kind: the bits of OpenBLAS change with a
 * part's size, so the parts must not change with the number of threads. Matrices are row-major;
 * addresses are absolute.
 */
final class Products implements AutoCloseable {
  /** Rows of a part of a weight gradient, which has few rows and a long inner dimension. */
  private static final int GRADIENT_ROWS = 512;

  /** Columns of a part of a weight gradient. */
  private static final int GRADIENT_COLUMNS = 512;

  /** Columns of a part of a sum over rows. */
  private static final int SUM_COLUMNS = 64;

  private final Team team;
  private final Gemm openBlas = new OpenBlasGemm();
  private final Team.Task partTask = this::part;
  private final Team.Task columnSumTask = this::columnSumPart;
  private final Product product = new Product();

  private ProductChoice choice = ProductChoice.OPENBLAS;
  private @Nullable Gemm blocked;
  private Gemm forwardGemm = openBlas;
  private Gemm inputGemm = openBlas;
  private Gemm weightGemm = openBlas;

  /** The one at work. */
  private Gemm gemm = openBlas;

  /** Address of the bias of a forward product, or 0. */
  private long bias;

  private int sumRows;
  private int sumColumns;
  private long summed;
  private int summedStride;
  private long sum;

  Products(Team team, ProductChoice choice) {
    this.team = team;
    choose(choice);
  }

  ProductChoice choice() {
    return choice;
  }

  /** Computes by other engines from now on. */
  void choose(ProductChoice next) {
    forwardGemm = gemm(next.forward());
    inputGemm = gemm(next.inputGradient());
    weightGemm = gemm(next.weightGradient());
    choice = next;
  }

  private Gemm gemm(ProductChoice.Engine engine) {
    return switch (engine) {
      case OPENBLAS -> openBlas;
      case PACKED -> {
        Gemm known = blocked;
        if (known == null) {
          known = new BlockedGemm(team.threads());
          blocked = known;
        }
        yield known;
      }
    };
  }

  /**
   * y [m, o] = x [m, k] weight' [o, k] + bias [o].
   *
   * @param biasAddress address of the bias, or 0 for none
   */
  void forward(int m, int o, int k, long x, long weight, long biasAddress, long y) {
    set(m, o, k);
    a(x, k, false);
    b(weight, k, true);
    c(y, o, biasAddress != 0);
    bias = biasAddress;
    gemm = forwardGemm;
    gemm.divide(product);
    team.run(product.parts(), partTask);
  }

  /** dx [m, k] = dy [m, o] weight [o, k], added to dx if {@code add}. */
  void inputGradient(int m, int o, int k, long dy, long weight, long dx, boolean add) {
    set(m, k, o);
    a(dy, o, false);
    b(weight, k, false);
    c(dx, k, add);
    gemm = inputGemm;
    gemm.divide(product);
    team.run(product.parts(), partTask);
  }

  /**
   * dWeight [o, k] += dy [m, o]' x [m, k].
   *
   * @param dyStride floats from one row of dy to the next
   * @param xStride floats from one row of x to the next
   */
  void weightGradient(
      int m, int o, int k, long dy, int dyStride, long x, int xStride, long dWeight) {
    if (m == 0) {
      return;
    }
    set(o, k, m);
    a(dy, dyStride, true);
    b(x, xStride, false);
    c(dWeight, k, true);
    gemm = weightGemm;
    // Halves where there would be one part, so that two threads share it.
    product.partRows = Math.min(GRADIENT_ROWS, Math.max(64, (o / 2 + 63) / 64 * 64));
    product.partColumns = GRADIENT_COLUMNS;
    team.run(product.parts(), partTask);
  }

  private void part(int part) {
    Product p = product;
    int rowParts = p.rowParts();
    int row = part % rowParts * p.partRows;
    int column = part / rowParts * p.partColumns;
    int rows = Math.min(p.partRows, p.m - row);
    int columns = Math.min(p.partColumns, p.n - column);
    if (bias != 0) {
      for (int r = row; r < row + rows; r++) {
        Elementwise.copy(columns, bias + 4L * column, p.c(r, column));
      }
    }
    gemm.multiply(p, row, rows, column, columns);
  }

  private void set(int m, int n, int k) {
    product.m = m;
    product.n = n;
    product.k = k;
    bias = 0;
  }

  private void a(long address, int stride, boolean transposed) {
    product.a = address;
    product.aStride = stride;
    product.aTransposed = transposed;
  }

  private void b(long address, int stride, boolean transposed) {
    product.b = address;
    product.bStride = stride;
    product.bTransposed = transposed;
  }

  private void c(long address, int stride, boolean add) {
    product.c = address;
    product.cStride = stride;
    product.add = add;
  }

  /** sum [o] += the sum over rows of dy [m, o], whose rows are {@code dyStride} floats apart. */
  void columnSum(int m, int o, long dy, int dyStride, long to) {
    sumRows = m;
    sumColumns = o;
    summed = dy;
    summedStride = dyStride;
    sum = to;
    team.run(Math.ceilDiv(o, SUM_COLUMNS), columnSumTask);
  }

  private void columnSumPart(int part) {
    int from = part * SUM_COLUMNS;
    int columns = Math.min(SUM_COLUMNS, sumColumns - from);
    Elementwise.columnSum(sumRows, columns, summed + 4L * from, summedStride, sum + 4L * from);
  }

  @Override
  public void close() {
    if (blocked != null) {
      blocked.close();
    }
  }
}
