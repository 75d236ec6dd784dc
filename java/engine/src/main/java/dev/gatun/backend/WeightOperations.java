package dev.gatun.backend;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;

/**
 * What is done to parameters and gradients besides an optimizer's rule, each call on all elements
 * of its tensors. For the thread of its context; allocates nothing and waits for nothing.
 */
public interface WeightOperations extends AutoCloseable {
  /**
   * x = max(-limit, min(limit, x)). NaN stays NaN.
   *
   * @param limit above 0
   */
  void clamp(Tensor x, double limit);

  /**
   * x = factor * x.
   *
   * @param factor F64 [1], read when it is done
   */
  void scale(Tensor x, Tensor factor);

  /**
   * Brings each row whose L2 norm is above {@code limit} down to it.
   *
   * @param x [rows, columns]
   * @param limit above 0
   */
  void limitRows(Tensor x, double limit);

  /**
   * Adds the gradient of l1 * |p| + l2 / 2 * p² to the gradients, 0 at the kink, and its sum over
   * all p to {@code penalty}.
   *
   * @param parameters read
   * @param gradients laid out as the parameters, added to
   * @param penalty F64 [1], added to
   */
  void penalize(Tensor parameters, Tensor gradients, double l1, double l2, Tensor penalty);

  /**
   * average = average + weight * (values - average).
   *
   * @param average as large as the values
   * @param weight from 0, nothing, to 1, a copy
   */
  void average(Tensor values, Tensor average, double weight);

  /** Frees scratch. */
  @Override
  void close();

  /** What every implementation refuses alike. */
  record Checks(DType real) {
    /** Of {@link WeightOperations#clamp}. */
    public void clamp(Tensor x, double limit) {
      real("clamp", "x", x, x.size());
      above("clamp", limit);
    }

    /** Of {@link WeightOperations#scale}. */
    public void scale(Tensor x, Tensor factor) {
      real("scale", "x", x, x.size());
      one("scale", "factor", factor);
    }

    /** Of {@link WeightOperations#limitRows}. */
    public void limitRows(Tensor x, double limit) {
      real("limitRows", "x", x, x.size());
      if (x.rank() != 2) {
        throw new IllegalArgumentException(
            "limitRows: x is %s, must be [rows, columns]".formatted(x));
      }
      above("limitRows", limit);
    }

    /** Of {@link WeightOperations#penalize}. */
    public void penalize(Tensor parameters, Tensor gradients, double l1, double l2, Tensor sum) {
      real("penalize", "parameters", parameters, parameters.size());
      real("penalize", "gradients", gradients, parameters.size());
      if (!(l1 >= 0 && l1 <= Double.MAX_VALUE && l2 >= 0 && l2 <= Double.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "penalize: l1 %s and l2 %s must be finite and at least 0".formatted(l1, l2));
      }
      one("penalize", "penalty", sum);
    }

    /** Of {@link WeightOperations#average}. */
    public void average(Tensor values, Tensor average, double weight) {
      real("average", "values", values, values.size());
      real("average", "average", average, values.size());
      if (!(weight >= 0 && weight <= 1)) {
        throw new IllegalArgumentException("average: weight " + weight + " must be in [0, 1]");
      }
    }

    private void real(String operation, String name, Tensor tensor, long size) {
      if (tensor.dtype() != real || tensor.size() != size) {
        throw new IllegalArgumentException(
            "%s: %s is %s, must be %s with %d elements"
                .formatted(operation, name, tensor, real, size));
      }
    }

    private static void one(String operation, String name, Tensor tensor) {
      if (tensor.dtype() != DType.F64 || tensor.size() != 1) {
        throw new IllegalArgumentException(
            "%s: %s is %s, must be F64 with 1 element".formatted(operation, name, tensor));
      }
    }

    private static void above(String operation, double limit) {
      if (!(limit > 0)) {
        throw new IllegalArgumentException(operation + ": limit " + limit + " must be above 0");
      }
    }
  }
}
