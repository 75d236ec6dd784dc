package dev.gatun.model;

import dev.gatun.backend.Activation;
import dev.gatun.tensor.Tensor;

/**
 * The usual initial values. Fans of a matrix [O, I] are I in and O out, as in PyTorch. Bounds,
 * deviations and gains are at least 0, and all numbers such as float32 holds; others are refused
 * with an {@link IllegalArgumentException}.
 */
public final class Initializers {
  private Initializers() {}

  /** Every element {@code value}. */
  public static Initializer constant(double value) {
    finite(value, "a constant");
    return (values, random) -> {
      for (long i = 0; i < values.size(); i++) {
        values.set(i, value);
      }
    };
  }

  /** Uniform in (-bound, bound). */
  public static Initializer uniform(double bound) {
    fromZero(bound, "the bound");
    return (values, random) -> {
      for (long i = 0; i < values.size(); i++) {
        values.set(i, bound * (2 * random.uniform() - 1));
      }
    };
  }

  /** Normal with a mean and a standard deviation. */
  public static Initializer normal(double mean, double deviation) {
    finite(mean, "the mean");
    fromZero(deviation, "the deviation");
    return (values, random) -> {
      for (long i = 0; i < values.size(); i++) {
        values.set(i, mean + deviation * random.normal());
      }
    };
  }

  /** Uniform with variance 2 / (I + O) (Glorot and Bengio 2010). */
  public static Initializer xavierUniform() {
    return xavierUniform(1);
  }

  /** Uniform with variance 2 gain^2 / (I + O). */
  public static Initializer xavierUniform(double gain) {
    fromZero(gain, "the gain");
    return (values, random) ->
        uniform(gain * Math.sqrt(6.0 / (matrix(values, 0) + matrix(values, 1))))
            .fill(values, random);
  }

  /** Normal with variance 2 / (I + O) (Glorot and Bengio 2010). */
  public static Initializer xavierNormal() {
    return xavierNormal(1);
  }

  /** Normal with variance 2 gain^2 / (I + O). */
  public static Initializer xavierNormal(double gain) {
    fromZero(gain, "the gain");
    return (values, random) ->
        normal(0, gain * Math.sqrt(2.0 / (matrix(values, 0) + matrix(values, 1))))
            .fill(values, random);
  }

  /** Uniform with variance gain^2 / I (He et al. 2015; their gain is that of ReLU). */
  public static Initializer heUniform(double gain) {
    fromZero(gain, "the gain");
    return (values, random) ->
        uniform(gain * Math.sqrt(3.0 / matrix(values, 1))).fill(values, random);
  }

  /** Normal with variance gain^2 / I (He et al. 2015; their gain is that of ReLU). */
  public static Initializer heNormal(double gain) {
    fromZero(gain, "the gain");
    return (values, random) ->
        normal(0, gain * Math.sqrt(1.0 / matrix(values, 1))).fill(values, random);
  }

  /**
   * The gain of an activation for Xavier's and He's values, PyTorch's {@code calculate_gain}: the
   * square root of 2 for ReLU, of 2 / (1 + slope^2) for leaky ReLU, 5/3 for tanh, 1 for sigmoid,
   * softmax and identity; for ELU, of which PyTorch has none, 1.
   */
  public static double gain(Activation activation) {
    return switch (activation) {
      case RELU -> Math.sqrt(2);
      case LEAKY_RELU -> Math.sqrt(2 / (1 + Activation.LEAK * Activation.LEAK));
      case TANH -> 5.0 / 3;
      case SIGMOID, SOFTMAX, ELU, IDENTITY -> 1;
    };
  }

  /**
   * {@code gain} on the diagonal and zeros beside it; with ReLU cells for the recurrent weights, an
   * IRNN (Le et al. 2015).
   */
  public static Initializer identity(double gain) {
    finite(gain, "the gain");
    return (values, random) -> {
      int rows = matrix(values, 0);
      int columns = matrix(values, 1);
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          values.set((long) r * columns + c, r == c ? gain : 0);
        }
      }
    };
  }

  /**
   * U V' of a normal matrix's singular value decomposition U S V': all singular values are {@code
   * gain}. The orthogonal matrix that is nearest to the normal one; by one-sided Jacobi rotations,
   * so it takes seconds for matrices of several hundred rows and columns.
   */
  public static Initializer svd(double gain) {
    fromZero(gain, "the gain");
    return (values, random) -> {
      int rows = matrix(values, 0);
      int columns = matrix(values, 1);
      boolean wide = columns > rows;
      double[][] vectors = new double[Math.min(rows, columns)][Math.max(rows, columns)];
      for (double[] vector : vectors) {
        for (int i = 0; i < vector.length; i++) {
          vector[i] = random.normal();
        }
      }
      double[][] polar = Jacobi.polar(vectors);
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          values.set((long) r * columns + c, gain * (wide ? polar[r][c] : polar[c][r]));
        }
      }
    };
  }

  /**
   * Rows as they are given, of a matrix as wide as they are.
   *
   * @param rows the first rows; the others keep what {@code others} gives
   * @param others fills everything first
   */
  public static Initializer rows(double[][] rows, Initializer others) {
    return (values, random) -> {
      others.fill(values, random);
      int columns = matrix(values, 1);
      if (rows.length > values.dim(0) || (rows.length > 0 && rows[0].length != columns)) {
        throw new IllegalArgumentException(
            "%d rows of %d do not fit %s"
                .formatted(rows.length, rows.length == 0 ? 0 : rows[0].length, values));
      }
      for (int r = 0; r < rows.length; r++) {
        for (int c = 0; c < columns; c++) {
          values.set((long) r * columns + c, rows[r][c]);
        }
      }
    };
  }

  /**
   * A random matrix with orthonormal columns, or rows where it is wider than high (Saxe et al.
   * 2014): a normal matrix orthogonalised by Gram-Schmidt.
   *
   * @param gain multiplies it
   */
  public static Initializer orthogonal(double gain) {
    fromZero(gain, "the gain");
    return (values, random) -> {
      int rows = matrix(values, 0);
      int columns = matrix(values, 1);
      double[][] vectors = new double[Math.min(rows, columns)][Math.max(rows, columns)];
      for (double[] vector : vectors) {
        for (int i = 0; i < vector.length; i++) {
          vector[i] = random.normal();
        }
      }
      orthonormalise(vectors);
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          double value = rows < columns ? vectors[r][c] : vectors[c][r];
          values.set((long) r * columns + c, gain * value);
        }
      }
    };
  }

  private static void orthonormalise(double[][] vectors) {
    for (int i = 0; i < vectors.length; i++) {
      // A second pass removes what rounding left in the first ("twice is enough", Giraud 2005).
      for (int pass = 0; pass < 2; pass++) {
        for (int j = 0; j < i; j++) {
          addScaled(-dot(vectors[i], vectors[j]), vectors[j], vectors[i]);
        }
      }
      addScaled(1 / Math.sqrt(dot(vectors[i], vectors[i])) - 1, vectors[i], vectors[i]);
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static void addScaled(double factor, double[] from, double[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] += factor * from[i];
    }
  }

  /** Applies an initializer to each of {@code gates} equal blocks of rows by itself. */
  public static Initializer perGate(int gates, Initializer initializer) {
    if (gates < 1) {
      throw new IllegalArgumentException(gates + " gates: at least 1");
    }
    return (values, random) -> {
      long[] shape = values.shape();
      if (shape[0] % gates != 0) {
        throw new IllegalArgumentException(values + " does not divide into " + gates + " gates");
      }
      shape[0] /= gates;
      long block = Tensor.sizeOf(shape);
      for (int gate = 0; gate < gates; gate++) {
        initializer.fill(values.view(gate * block, shape), random);
      }
    };
  }

  private static void finite(double value, String what) {
    if (!(Math.abs(value) <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "%s of initial values is %s: give a number that float32 holds, up to 3.4e38"
              .formatted(what, value));
    }
  }

  private static void fromZero(double value, String what) {
    finite(value, what);
    if (value < 0) {
      throw new IllegalArgumentException(
          "%s of initial values is %s: at least 0".formatted(what, value));
    }
  }

  private static int matrix(Tensor values, int dimension) {
    if (values.rank() != 2) {
      throw new IllegalArgumentException(
          "this initializer is for matrices, not for a parameter of shape " + values);
    }
    return Math.toIntExact(values.dim(dimension));
  }
}
