package dev.gatun;

import dev.gatun.tensor.Tensor;
import java.util.function.DoubleSupplier;

/**
 * Compares gradients with central differences, (f(x+h) - f(x-h)) / 2h, over every element of a
 * tensor. Meant for F64: the step's truncation and the loss's rounding then leave about ten digits.
 */
public final class GradientCheck {
  /**
   * The step h for elements of size about 1. Truncation grows as h^2, rounding as 2^-52 / h: they
   * meet near the cube root of 2^-52, 6e-6.
   */
  public static final double STEP = 1e-5;

  private final DoubleSupplier loss;
  private final double step;

  /**
   * Creates a checker.
   *
   * @param loss computes the function from the present values of the tensors; without kinks within
   *     a step of them, and the same value each time (fix the random masks)
   */
  public GradientCheck(DoubleSupplier loss) {
    this(loss, STEP);
  }

  /**
   * Creates a checker with a step of its own.
   *
   * @param loss as in {@link #GradientCheck(DoubleSupplier)}
   * @param step h, above 0; it is scaled by |x| for elements above 1
   */
  public GradientCheck(DoubleSupplier loss, double step) {
    if (!(step > 0)) {
      throw new IllegalArgumentException("step " + step + " must be above 0");
    }
    this.loss = loss;
    this.step = step;
  }

  /**
   * Moves every element of a tensor in turn and puts it back.
   *
   * @param name appears in the result
   * @param values the tensor the loss reads, on the host
   * @param gradient the gradient to be checked, of the same size; not to be overwritten by loss
   * @throws IllegalArgumentException if the sizes differ
   */
  public Result check(String name, Tensor values, Tensor gradient) {
    if (values.size() != gradient.size()) {
      throw new IllegalArgumentException(
          "%s: a gradient %s does not fit values %s".formatted(name, gradient, values));
    }
    double differences = 0;
    double analytic = 0;
    double numeric = 0;
    double worst = -1;
    long worstIndex = -1;
    for (long i = 0; i < values.size(); i++) {
      double slope = slope(values, i);
      double difference = slope - gradient.get(i);
      differences += difference * difference;
      analytic += gradient.get(i) * gradient.get(i);
      numeric += slope * slope;
      if (Math.abs(difference) > worst || (Double.isNaN(difference) && !Double.isNaN(worst))) {
        worst = Math.abs(difference);
        worstIndex = i;
      }
    }
    double norm = Math.max(Math.sqrt(analytic), Math.sqrt(numeric));
    // An exactly zero gradient leaves only the noise of the differences: relative to 1 then.
    double error = Math.sqrt(differences) / (norm > step ? norm : 1);
    return new Result(name, error, norm, worstIndex);
  }

  private double slope(Tensor values, long i) {
    double value = values.get(i);
    double h = step * Math.max(1, Math.abs(value));
    values.set(i, value + h);
    double up = values.get(i);
    double lossUp = loss.getAsDouble();
    values.set(i, value - h);
    double down = values.get(i);
    double lossDown = loss.getAsDouble();
    values.set(i, value);
    return (lossUp - lossDown) / (up - down);
  }

  /**
   * What a check found.
   *
   * @param name the tensor
   * @param error norm of the difference over the larger norm of the two gradients; absolute for a
   *     gradient that is zero
   * @param norm the larger norm of the two gradients
   * @param worst the element that differs most, -1 in an empty tensor
   */
  public record Result(String name, double error, double norm, long worst) {
    /** Whether the gradients agree; false for NaN. */
    public boolean within(double tolerance) {
      return error <= tolerance;
    }
  }
}
