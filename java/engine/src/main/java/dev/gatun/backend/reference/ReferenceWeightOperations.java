package dev.gatun.backend.reference;

import dev.gatun.backend.WeightOperations;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;

/** Plain loops. */
final class ReferenceWeightOperations implements WeightOperations {
  private final Checks checks = new Checks(DType.F64);

  @Override
  public void clamp(Tensor x, double limit) {
    checks.clamp(x, limit);
    for (long i = 0; i < x.size(); i++) {
      x.set(i, Math.max(-limit, Math.min(limit, x.get(i))));
    }
  }

  @Override
  public void scale(Tensor x, Tensor factor) {
    checks.scale(x, factor);
    for (long i = 0; i < x.size(); i++) {
      x.set(i, factor.get(0) * x.get(i));
    }
  }

  @Override
  public void limitRows(Tensor x, double limit) {
    checks.limitRows(x, limit);
    long columns = x.dim(1);
    for (long row = 0; row < x.dim(0); row++) {
      double squares = 0;
      for (long i = row * columns; i < (row + 1) * columns; i++) {
        squares += x.get(i) * x.get(i);
      }
      double norm = Math.sqrt(squares);
      for (long i = row * columns; norm > limit && i < (row + 1) * columns; i++) {
        x.set(i, x.get(i) * limit / norm);
      }
    }
  }

  @Override
  public void penalize(Tensor parameters, Tensor gradients, double l1, double l2, Tensor penalty) {
    checks.penalize(parameters, gradients, l1, l2, penalty);
    double sum = 0;
    for (long i = 0; i < parameters.size(); i++) {
      double p = parameters.get(i);
      gradients.set(i, gradients.get(i) + l1 * Math.signum(p) + l2 * p);
      sum += l1 * Math.abs(p) + l2 / 2 * p * p;
    }
    penalty.set(0, penalty.get(0) + sum);
  }

  @Override
  public void average(Tensor values, Tensor average, double weight) {
    checks.average(values, average, weight);
    for (long i = 0; i < values.size(); i++) {
      double old = average.get(i);
      average.set(i, old + weight * (values.get(i) - old));
    }
  }

  @Override
  public void close() {}
}
