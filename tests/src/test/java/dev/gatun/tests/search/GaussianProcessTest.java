package dev.gatun.tests.search;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.search.gaussian.Algebra;
import dev.gatun.app.search.gaussian.GaussianProcess;
import dev.gatun.app.search.gaussian.JavaAlgebra;
import dev.gatun.app.search.gaussian.LengthScales;
import dev.gatun.app.search.gaussian.Matern;
import dev.gatun.app.search.gaussian.Normal;
import dev.gatun.app.search.gaussian.OpenBlasAlgebra;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Gaussian processes and what is below them. */
class GaussianProcessTest {
  private static final Matern KERNEL = new Matern(false, false, true);

  private static double[][] points(int n) {
    SplittableRandom random = new SplittableRandom(1);
    return IntStream.range(0, n)
        .mapToObj(i -> new double[] {random.nextDouble(), random.nextDouble(), random.nextInt(3)})
        .toArray(double[][]::new);
  }

  /** Steep in the first coordinate, flat in the second. */
  private static double[] targets(double[][] points) {
    double[] targets = new double[points.length];
    for (int i = 0; i < targets.length; i++) {
      targets[i] = Math.sin(7 * points[i][0]) + 0.1 * points[i][1] + 0.3 * points[i][2] - 0.5;
    }
    return targets;
  }

  @Test
  void bothAlgebrasSolve() {
    assertTrue(Algebra.best() instanceof OpenBlasAlgebra, "OpenBLAS comes with the build");
    int n = 17;
    int m = 3;
    SplittableRandom random = new SplittableRandom(4);
    double[] factor = new double[n * n];
    double[] matrix = new double[n * n];
    double[] right = random.doubles((long) n * m).toArray();
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        factor[i * n + j] = random.nextDouble() + (i == j ? 2 : 0);
      }
    }
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        for (int k = 0; k <= j; k++) {
          matrix[i * n + j] += factor[i * n + k] * factor[j * n + k];
        }
      }
    }
    for (Algebra algebra : new Algebra[] {new JavaAlgebra(), new OpenBlasAlgebra()}) {
      double[] found = matrix.clone();
      assertTrue(algebra.factor(found, n));
      assertArrayEquals(factor, found, 1e-12);
      double[] x = right.clone();
      algebra.solve(factor, n, false, x, m);
      assertArrayEquals(right, product(factor, false, x, n, m), 1e-11);
      double[] y = right.clone();
      algebra.solve(factor, n, true, y, m);
      assertArrayEquals(right, product(factor, true, y, n, m), 1e-11);
      assertFalse(algebra.factor(new double[] {1, 0, 2, 1}, 2), "not positive definite");
    }
  }

  private static double[] product(double[] l, boolean transposed, double[] x, int n, int m) {
    double[] product = new double[n * m];
    for (int i = 0; i < n; i++) {
      for (int k = transposed ? i : 0; k < (transposed ? n : i + 1); k++) {
        for (int j = 0; j < m; j++) {
          product[i * m + j] += (transposed ? l[k * n + i] : l[i * n + k]) * x[k * m + j];
        }
      }
    }
    return product;
  }

  @Test
  void theEvidencesGradientIsThatOfDifferences() {
    double[][] points = points(12);
    double[] targets = targets(points);
    double[] logs = {1.2, -0.4, 0.3, 0.5, -3};
    double[] gradient = process(logs, points, targets).gradient();
    for (int i = 0; i < logs.length; i++) {
      double[] more = logs.clone();
      double[] less = logs.clone();
      more[i] += 1e-5;
      less[i] -= 1e-5;
      double slope =
          (process(more, points, targets).logEvidence()
                  - process(less, points, targets).logEvidence())
              / 2e-5;
      assertEquals(slope, gradient[i], 1e-6 * (1 + Math.abs(slope)), "scale " + i);
    }
  }

  private static GaussianProcess process(double[] logs, double[][] points, double[] targets) {
    return new GaussianProcess(new JavaAlgebra(), KERNEL, logs, points, targets);
  }

  @Test
  void aFitInterpolatesAndFindsWhatMatters() {
    double[][] points = points(60);
    double[] targets = targets(points);
    double[] logs = LengthScales.fit(new JavaAlgebra(), KERNEL, points, targets);
    assertTrue(logs[0] > logs[1] + 2, "the steep coordinate has the shorter scale");
    double[][] at = points(80);
    double[] truth = targets(at);
    double[] means = new double[80];
    double[] deviations = new double[80];
    process(logs, points, targets).predict(at, means, deviations);
    for (int i = 0; i < 80; i++) {
      assertEquals(truth[i], means[i], i < 60 ? 0.02 : 0.2, "point " + i);
      assertTrue(Math.abs(truth[i] - means[i]) < 6 * deviations[i] + 1e-3, "point " + i);
    }
  }

  /** Of Abramowitz and Stegun's tables 26.1 and 26.2. */
  @Test
  void theNormalDistributionIsThatOfTables() {
    assertEquals(0.5, Normal.below(0));
    assertEquals(0.841344746068543, Normal.below(1), 1e-14);
    assertEquals(0.977249868051821, Normal.below(2), 1e-14);
    assertEquals(3.167124183311992e-5, Normal.below(-4), 1e-13);
    assertEquals(9.865876450376946e-10, Normal.below(-6), 1e-13);
    assertEquals(0.398942280401433, Normal.density(0), 1e-14);
  }
}
