package dev.gatun.tests.support;

import static org.junit.jupiter.api.Assertions.fail;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Seeded values and norm-wise comparison. */
public final class Numbers {
  private Numbers() {}

  /**
   * Fills a tensor with values in -bound to bound, each exactly a float, so that every backend
   * starts from the same numbers.
   */
  public static Tensor fill(Backend backend, RandomGenerator random, Tensor tensor, double bound) {
    double[] values = new double[Math.toIntExact(tensor.size())];
    Arrays.setAll(values, i -> (float) (bound * (2 * random.nextDouble() - 1)));
    return Host.write(backend, tensor, values);
  }

  /** The unit roundoff of what a backend computes in: 2^-53, 2^-24, 2^-11 or 2^-8. */
  public static double roundoff(Backend backend) {
    return backend.real() == DType.F32 ? backend.precision().roundoff() : 0x1p-53;
  }

  /** The Euclidean norm. */
  public static double norm(double[] values) {
    double squares = 0;
    for (double v : values) {
      squares += v * v;
    }
    return Math.sqrt(squares);
  }

  /** Fails unless |actual - expected| &lt;= tolerance * |expected|, as norms; NaN fails. */
  public static void assertClose(
      String name, double[] expected, double[] actual, double tolerance) {
    if (expected.length != actual.length) {
      fail("%s has %d elements, not %d".formatted(name, actual.length, expected.length));
    }
    double[] difference = new double[expected.length];
    for (int i = 0; i < expected.length; i++) {
      difference[i] = actual[i] - expected[i];
    }
    double error = norm(difference);
    double bound = tolerance * norm(expected);
    if (!(error <= bound)) {
      fail(
          "%s differs by %.3g, allowed is %.3g (%.3g of the norm); first elements %s, not %s"
              .formatted(name, error, bound, tolerance, first(actual), first(expected)));
    }
  }

  /** As above, on tensors. */
  public static void assertClose(String name, Tensor expected, Tensor actual, double tolerance) {
    assertClose(name, expected.toDoubles(), actual.toDoubles(), tolerance);
  }

  private static String first(double[] values) {
    return Arrays.toString(Arrays.copyOf(values, Math.min(4, values.length)));
  }
}
