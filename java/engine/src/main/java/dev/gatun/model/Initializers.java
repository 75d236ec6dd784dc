package dev.gatun.model;

import dev.gatun.tensor.Tensor;

/** The usual initial values. Fans of a matrix [O, I] are I in and O out, as in PyTorch. */
public final class Initializers {
  private Initializers() {}

  /** Every element {@code value}. */
  public static Initializer constant(double value) {
    return (values, random) -> {
      for (long i = 0; i < values.size(); i++) {
        values.set(i, value);
      }
    };
  }

  /** Uniform in (-bound, bound). */
  public static Initializer uniform(double bound) {
    return (values, random) -> {
      for (long i = 0; i < values.size(); i++) {
        values.set(i, bound * (2 * random.uniform() - 1));
      }
    };
  }

  /** Normal with a mean and a standard deviation. */
  public static Initializer normal(double mean, double deviation) {
    return (values, random) -> {
      for (long i = 0; i < values.size(); i++) {
        values.set(i, mean + deviation * random.normal());
      }
    };
  }

  /** Uniform with variance 2 / (I + O) (Glorot and Bengio 2010). */
  public static Initializer xavierUniform() {
    return (values, random) ->
        uniform(Math.sqrt(6.0 / (matrix(values, 0) + matrix(values, 1)))).fill(values, random);
  }

  /** Normal with variance 2 / (I + O) (Glorot and Bengio 2010). */
  public static Initializer xavierNormal() {
    return (values, random) ->
        normal(0, Math.sqrt(2.0 / (matrix(values, 0) + matrix(values, 1)))).fill(values, random);
  }

  /**
   * A random matrix with orthonormal columns, or rows where it is wider than high (Saxe et al.
   * 2014): a normal matrix orthogonalised by Gram-Schmidt.
   *
   * @param gain multiplies it
   */
  public static Initializer orthogonal(double gain) {
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

  private static int matrix(Tensor values, int dimension) {
    if (values.rank() != 2) {
      throw new IllegalArgumentException(
          "this initializer is for matrices, not for a parameter of shape " + values);
    }
    return Math.toIntExact(values.dim(dimension));
  }
}
