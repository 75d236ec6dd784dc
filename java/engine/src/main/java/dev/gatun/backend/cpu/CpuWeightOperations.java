package dev.gatun.backend.cpu;

import dev.gatun.backend.WeightOperations;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Reductions;
import dev.gatun.kernels.Weights;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;

/** Chunks of one size, so that no bit depends on the threads. */
final class CpuWeightOperations implements WeightOperations {
  private final Checks checks = new Checks(DType.F32);
  private final Team team;
  private final Usage usage;
  private final Team.Task clampTask = this::clampPart;
  private final Team.Task scaleTask = this::scalePart;
  private final Team.Task rowsTask = this::rowsPart;
  private final Team.Task penalizeTask = this::penalizePart;
  private final Team.Task averageTask = this::averagePart;

  private long size;
  private long columns;
  private long x;
  private long y;
  private float factor;
  private double l1;
  private double l2;
  private double[] sums = new double[1];

  CpuWeightOperations(Team team, Usage usage) {
    this.team = team;
    this.usage = usage;
  }

  private void run(Tensor tensor, Team.Task task) {
    usage.enter();
    try {
      size = tensor.size();
      x = tensor.address();
      team.run(chunks(), task);
    } finally {
      usage.exit();
    }
  }

  private int chunks() {
    return Math.toIntExact((size + FlatOps.CHUNK - 1) / FlatOps.CHUNK);
  }

  private int length(int part) {
    return (int) Math.min(FlatOps.CHUNK, size - (long) part * FlatOps.CHUNK);
  }

  private static long bytes(int part) {
    return 4L * FlatOps.CHUNK * part;
  }

  @Override
  public void clamp(Tensor values, double limit) {
    checks.clamp(values, limit);
    factor = (float) limit;
    run(values, clampTask);
  }

  private void clampPart(int part) {
    Weights.clamp(length(part), factor, x + bytes(part));
  }

  @Override
  public void scale(Tensor values, Tensor by) {
    checks.scale(values, by);
    factor = (float) by.get(0);
    run(values, scaleTask);
  }

  private void scalePart(int part) {
    Elementwise.scale(length(part), factor, x + bytes(part));
  }

  @Override
  public void limitRows(Tensor values, double limit) {
    checks.limitRows(values, limit);
    usage.enter();
    try {
      columns = values.dim(1);
      x = values.address();
      l1 = limit;
      team.run(Math.toIntExact(values.dim(0)), rowsTask);
    } finally {
      usage.exit();
    }
  }

  private void rowsPart(int row) {
    long at = x + 4 * columns * row;
    double norm = Math.sqrt(Reductions.sumOfSquares(columns, at));
    if (norm > l1) {
      Elementwise.scale(columns, (float) (l1 / norm), at);
    }
  }

  @Override
  public void penalize(
      Tensor parameters, Tensor gradients, double absolute, double square, Tensor penalty) {
    checks.penalize(parameters, gradients, absolute, square, penalty);
    y = gradients.address();
    l1 = absolute;
    l2 = square;
    int parts = Math.toIntExact((parameters.size() + FlatOps.CHUNK - 1) / FlatOps.CHUNK);
    if (sums.length < parts) {
      sums = new double[parts];
    }
    run(parameters, penalizeTask);
    double sum = penalty.get(0);
    for (int part = 0; part < parts; part++) {
      sum += sums[part];
    }
    penalty.set(0, sum);
  }

  private void penalizePart(int part) {
    int n = length(part);
    long p = x + bytes(part);
    Weights.penalize(n, (float) l1, (float) l2, p, y + bytes(part));
    double absolutes = l1 == 0 ? 0 : l1 * Weights.sumOfAbsolutes(n, p);
    sums[part] = absolutes + (l2 == 0 ? 0 : l2 / 2 * Reductions.sumOfSquares(n, p));
  }

  @Override
  public void average(Tensor values, Tensor average, double weight) {
    checks.average(values, average, weight);
    y = average.address();
    factor = (float) weight;
    run(values, averageTask);
  }

  private void averagePart(int part) {
    Weights.average(length(part), factor, x + bytes(part), y + bytes(part));
  }

  @Override
  public void close() {}
}
