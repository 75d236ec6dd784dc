package dev.gatun.backend.cpu;

import dev.gatun.backend.ElementLoss;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Losses;
import dev.gatun.kernels.SoftmaxCrossEntropy;
import dev.gatun.kernels.Tables;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;

/** Operations on the rows of matrices: lookups and losses, in parts that depend on shape alone. */
final class RowOps implements AutoCloseable {
  /** Rows of a part: of 65 classes some 10 us, and enough parts to keep a team busy. */
  private static final int ROWS = 64;

  /** Columns of a part of a table's gradient: whole vectors of any width. */
  private static final int COLUMNS = 64;

  private final Team team;
  private final Team.Task gatherTask = this::gatherPart;
  private final Team.Task scatterTask = this::scatterPart;
  private final Team.Task limitTask = this::limitPart;
  private final Team.Task softmaxTask = this::softmaxPart;
  private final Team.Task elementTask = this::elementPart;

  private int rows;
  private int columns;
  private long x;
  private long y;
  private long ids;
  private long weights;
  private long gradient;
  private float scale;
  private int skip;
  private double maxNorm;
  private double smoothing;
  private ElementLoss rule = new ElementLoss.Squared();
  private double[] partial = new double[1];

  private final Hardest hardest = new Hardest();

  /** F64 [rows]: the loss of each row, added in order. Grows to the largest call. */
  private Tensor losses = Tensor.host(DType.F64, 1);

  RowOps(Team team) {
    this.team = team;
  }

  private static int parts(int size, int each) {
    return (size + each - 1) / each;
  }

  private int count(int part) {
    return Math.min(ROWS, rows - part * ROWS);
  }

  void gather(int count, long idsAddress, int width, long table, long to) {
    rows = count;
    columns = width;
    ids = idsAddress;
    x = table;
    y = to;
    team.run(parts(count, ROWS), gatherTask);
  }

  private void gatherPart(int part) {
    long first = (long) part * ROWS;
    Elementwise.gatherRows(
        count(part), ids + 4 * first, columns, x, y + 4 * first * columns, columns);
  }

  void scatterAdd(int count, long idsAddress, int width, long dy, long dTable, int padding) {
    skip = padding;
    rows = count;
    columns = width;
    ids = idsAddress;
    x = dy;
    y = dTable;
    team.run(parts(width, COLUMNS), scatterTask);
  }

  private void scatterPart(int part) {
    int from = part * COLUMNS;
    int to = Math.min(columns, from + COLUMNS);
    Elementwise.scatterAddRows(rows, ids, columns, from, to, x, columns, y, skip);
  }

  /** Each part looks after the rows that its ids were the last to name, so no two share one. */
  void limit(int count, long idsAddress, int width, long table, long marks, double most) {
    rows = count;
    columns = width;
    ids = idsAddress;
    x = table;
    y = marks;
    maxNorm = most;
    Tables.mark(count, idsAddress, marks);
    team.run(parts(count, ROWS), limitTask);
  }

  private void limitPart(int part) {
    Tables.limit(part * ROWS, count(part), ids, y, columns, x, maxNorm);
  }

  /** The unscaled loss; the gradient, if wanted, is scaled. */
  double softmaxCrossEntropy(
      int count,
      int classes,
      long logits,
      long targets,
      long classWeights,
      double labelSmoothing,
      long dLogits,
      float lossScale) {
    rows = count;
    weights = classWeights;
    smoothing = labelSmoothing;
    columns = classes;
    x = logits;
    ids = targets;
    gradient = dLogits;
    scale = lossScale;
    if (losses.size() < count) {
      losses.memory().close();
      losses = Tensor.host(DType.F64, count);
    }
    team.run(parts(count, ROWS), softmaxTask);
    double sum = 0;
    for (int row = 0; row < count; row++) {
      sum += losses.get(row);
    }
    return sum;
  }

  void hardest(int count, Tensor logits, Tensor targets, double fraction, Tensor kept) {
    int classes = (int) logits.dim(-1);
    softmaxCrossEntropy(count, classes, logits.address(), targets.address(), 0, 0, 0, 1);
    hardest.keep(count, losses, targets, fraction, kept);
  }

  private void softmaxPart(int part) {
    long first = (long) part * ROWS;
    long at = 4 * first * columns;
    SoftmaxCrossEntropy.rows(
        count(part),
        columns,
        x + at,
        ids + 4 * first,
        weights,
        smoothing,
        losses.address() + 8 * first,
        gradient == 0 ? 0 : gradient + at,
        scale);
  }

  /** The unscaled loss; the gradient, if wanted, is scaled. */
  double elementLoss(
      ElementLoss lossRule,
      int count,
      int width,
      long prediction,
      long target,
      long rowWeights,
      long dPrediction,
      float lossScale) {
    rule = lossRule;
    rows = count;
    columns = width;
    x = prediction;
    y = target;
    weights = rowWeights;
    gradient = dPrediction;
    scale = lossScale;
    int parts = parts(rows, ROWS);
    if (partial.length < parts) {
      partial = new double[parts];
    }
    team.run(parts, elementTask);
    double sum = 0;
    for (int part = 0; part < parts; part++) {
      sum += partial[part];
    }
    return sum;
  }

  private void elementPart(int part) {
    partial[part] =
        switch (rule) {
          case ElementLoss.Squared _ -> element(part, Losses.SQUARED, 0, 0);
          case ElementLoss.Absolute _ -> element(part, Losses.ABSOLUTE, 0, 0);
          case ElementLoss.Huber huber -> element(part, Losses.HUBER, huber.delta(), 0);
          case ElementLoss.Quantile quantile -> quantiles(part, quantile);
          case ElementLoss.Logistic logistic ->
              element(part, Losses.LOGISTIC, logistic.positiveWeight(), 0);
          case ElementLoss.Gaussian gaussian ->
              element(part, Losses.GAUSSIAN, StrictMath.log(gaussian.epsilon()), 0);
        };
  }

  private double quantiles(int part, ElementLoss.Quantile quantile) {
    double sum = 0;
    for (int j = 0; j < quantile.outputs(); j++) {
      sum += element(part, Losses.QUANTILE, quantile.levels().get(j), j);
    }
    return sum;
  }

  private double element(int part, int kind, double parameter, int block) {
    long first = (long) part * ROWS;
    int targets = columns / rule.outputs();
    long at = 4 * (first * columns + (long) block * targets);
    return Losses.rows(
        kind,
        parameter,
        count(part),
        targets,
        columns,
        x + at,
        y + 4 * first * targets,
        weights == 0 ? 0 : weights + 4 * first,
        scale,
        gradient == 0 ? 0 : gradient + at);
  }

  @Override
  public void close() {
    losses.memory().close();
  }
}
