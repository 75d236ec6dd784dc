package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Activation;
import dev.gatun.model.Initializer;
import dev.gatun.model.Initializers;
import dev.gatun.model.KMeans;
import dev.gatun.model.PrincipalComponents;
import dev.gatun.model.RandomStream;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Initial values by activation, by decompositions, and from data. */
class InitialValuesTest {
  private static double[][] fill(Initializer initializer, int rows, int columns) {
    Tensor values = Tensor.host(DType.F64, rows, columns);
    try {
      initializer.fill(values, new RandomStream(5, 3));
      double[][] matrix = new double[rows][columns];
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          matrix[r][c] = values.get((long) r * columns + c);
        }
      }
      return matrix;
    } finally {
      values.memory().close();
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static double variance(double[][] matrix) {
    double squares = 0;
    for (double[] row : matrix) {
      squares += dot(row, row) / row.length / matrix.length;
    }
    return squares;
  }

  /** PyTorch's calculate_gain, and variances that follow from it, within 5 standard errors. */
  @ParameterizedTest
  @CsvSource({
    "RELU, 1.4142135623730951",
    "LEAKY_RELU, 1.4141428569978354",
    "TANH, 1.6666666666666667",
    "SIGMOID, 1",
    "SOFTMAX, 1",
    "ELU, 1",
    "IDENTITY, 1"
  })
  void gains(Activation activation, double gain) {
    assertEquals(gain, Initializers.gain(activation), 1e-15);
    double he = gain * gain / 200;
    double xavier = 2 * gain * gain / 500;
    double error = 5 * Math.sqrt(2.0 / 60_000);
    assertEquals(he, variance(fill(Initializers.heUniform(gain), 300, 200)), he * error);
    assertEquals(he, variance(fill(Initializers.heNormal(gain), 300, 200)), he * error);
    assertEquals(
        xavier, variance(fill(Initializers.xavierUniform(gain), 300, 200)), xavier * error);
    assertEquals(xavier, variance(fill(Initializers.xavierNormal(gain), 300, 200)), xavier * error);
  }

  @Test
  void identity() {
    double[][] wide = fill(Initializers.identity(0.5), 2, 3);
    assertEquals("[[0.5, 0.0, 0.0], [0.0, 0.5, 0.0]]", Arrays.deepToString(wide));
  }

  /** W W' = I, or W' W where it is higher than wide; and it is near the matrix it comes from. */
  @ParameterizedTest
  @CsvSource({"7, 7", "5, 12", "12, 5", "1, 4", "40, 40"})
  void svdHasSingularValuesOfOne(int rows, int columns) {
    double[][] w = fill(Initializers.svd(2), rows, columns);
    double[][] normal = fill(Initializers.normal(0, 1), rows, columns);
    double[][] vectors = rows <= columns ? w : turned(w);
    for (int a = 0; a < vectors.length; a++) {
      for (int b = 0; b <= a; b++) {
        assertEquals(a == b ? 4 : 0, dot(vectors[a], vectors[b]), 1e-11);
      }
    }
    double along = 0;
    double[][] source = rows < columns ? normal : normal(rows, columns);
    for (int r = 0; r < rows; r++) {
      along += dot(w[r], source[r]);
    }
    // No orthogonal matrix has more in common with a normal one: it is the sum of S.
    assertTrue(
        along > 0.8 * Math.min(rows, columns) * Math.sqrt(Math.max(rows, columns)), along + "");
  }

  /** The normal matrix as svd draws it: by its columns. */
  private static double[][] normal(int high, int wide) {
    return turned(fill(Initializers.normal(0, 1), wide, high));
  }

  private static double[][] turned(double[][] matrix) {
    double[][] turned = new double[matrix[0].length][matrix.length];
    for (int r = 0; r < matrix.length; r++) {
      for (int c = 0; c < turned.length; c++) {
        turned[c][r] = matrix[r][c];
      }
    }
    return turned;
  }

  /** A cloud longest along (3, 4), then along (-4, 3), flat across both. */
  private static double[][] cloud(int rows) {
    RandomStream random = new RandomStream(9, 1);
    double[][] cloud = new double[rows][];
    for (int i = 0; i < rows; i++) {
      double a = 3 * random.normal();
      double b = 0.5 * random.normal();
      cloud[i] = new double[] {10 + 0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, 7};
    }
    return cloud;
  }

  @Test
  void componentsOfAKnownCloud() {
    PrincipalComponents found = PrincipalComponents.of(cloud(20_000));
    double[][] components = found.components();
    assertEquals(2, components.length, "nothing varies across");
    assertEquals(1, Math.abs(dot(components[0], new double[] {0.6, 0.8, 0})), 1e-4);
    assertEquals(1, Math.abs(dot(components[1], new double[] {-0.8, 0.6, 0})), 1e-4);
    assertEquals(9, found.variances()[0], 9 * 5 * Math.sqrt(2.0 / 20_000));
    assertEquals(0.25, found.variances()[1], 0.25 * 5 * Math.sqrt(2.0 / 20_000));
    assertEquals(10, found.mean()[0], 0.1);
  }

  /** What each unit sees of the cloud has the standard deviation asked for. */
  @Test
  void componentsAsInputWeights() {
    double[][] cloud = cloud(5_000);
    PrincipalComponents found = PrincipalComponents.of(cloud);
    double[][] w = fill(found.initializer(0.7), 6, 3);
    for (double[] unit : w) {
      double squares = 0;
      for (double[] row : cloud) {
        double[] centred = new double[3];
        for (int c = 0; c < 3; c++) {
          centred[c] = row[c] - found.mean()[c];
        }
        squares += dot(unit, centred) * dot(unit, centred) / (cloud.length - 1);
      }
      assertEquals(0.7, Math.sqrt(squares), 1e-6);
    }
    assertTrue(Math.abs(dot(w[2], w[3])) < 0.99 * Math.sqrt(dot(w[2], w[2]) * dot(w[3], w[3])));
  }

  @Test
  void centresOfAKnownMixture() {
    double[][] true4 = {{0, 0}, {8, 0}, {0, 8}, {-8, -8}};
    RandomStream random = new RandomStream(4, 1);
    double[][] rows = new double[2_000][];
    for (int i = 0; i < rows.length; i++) {
      double[] centre = true4[i % 4];
      rows[i] = new double[] {centre[0] + random.normal(), centre[1] + random.normal()};
    }
    KMeans found = KMeans.of(rows, 4, 3);
    Set<Integer> matched = new HashSet<>();
    for (double[] centre : found.centres()) {
      for (int k = 0; k < 4; k++) {
        double distance = Math.hypot(centre[0] - true4[k][0], centre[1] - true4[k][1]);
        if (distance < 5 / Math.sqrt(500)) {
          matched.add(k);
        }
      }
    }
    assertEquals(Set.of(0, 1, 2, 3), matched);
    for (int i = 4; i < rows.length; i++) {
      assertEquals(found.owners()[i % 4], found.owners()[i], "row " + i);
    }
  }

  @Test
  void centresAsInputWeights() {
    double[][] rows = {{3, 4}, {3, 4}, {0, -2}, {0, -2}};
    double[][] w = fill(KMeans.of(rows, 2, 1).initializer(1), 4, 2);
    Set<String> firsts = Set.of(Arrays.toString(w[0]), Arrays.toString(w[1]));
    assertEquals(Set.of("[0.6, 0.8]", "[0.0, -1.0]"), firsts);
    assertTrue(dot(w[0], w[2]) > 0.5 && w[0][1] != w[2][1], "repeated, with noise");
  }

  @Test
  void wrongRowsAreRefused() {
    double[][] rows = {{1, 2}, {1, 2}, {1, 2}};
    assertThrows(IllegalArgumentException.class, () -> PrincipalComponents.of(rows));
    assertThrows(IllegalArgumentException.class, () -> KMeans.of(rows, 4, 1));
    assertThrows(IllegalArgumentException.class, () -> KMeans.of(new double[][] {{1}, {}}, 1, 1));
    assertThrows(
        IllegalArgumentException.class, () -> KMeans.of(new double[][] {{1, Double.NaN}}, 1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> fill(PrincipalComponents.of(cloud(20)).initializer(1), 4, 2));
  }
}
