package dev.gatun.model;

import java.util.Arrays;
import java.util.Objects;

/**
 * Centres of clusters of rows, each row belonging to the nearest (Lloyd 1982), begun as k-means++
 * says (Arthur and Vassilvitskii 2007).
 */
public final class KMeans {
  private static final int MOST_ROUNDS = 100;

  private final double[][] centres;
  private final int[] owners;

  private KMeans(double[][] centres, int[] owners) {
    this.centres = centres;
    this.owners = owners;
  }

  /**
   * Finds centres.
   *
   * @param rows at least k, each of as many finite numbers
   * @param k how many centres, at least 1
   * @param seed of the first centres
   * @throws IllegalArgumentException if rows are too few, of different widths or not finite
   */
  public static KMeans of(double[][] rows, int k, long seed) {
    Objects.requireNonNull(rows, "rows");
    if (k < 1) {
      throw new IllegalArgumentException(k + " centres: give at least 1");
    }
    check(rows, k);
    double[][] centres = first(rows, k, new RandomStream(seed, 0));
    int[] owners = new int[rows.length];
    for (int round = 0; round < MOST_ROUNDS; round++) {
      boolean moved = assign(rows, centres, owners);
      if (!moved && round > 0) {
        break;
      }
      move(rows, centres, owners);
    }
    return new KMeans(centres, owners);
  }

  /** Checks that there are as many rows, all alike. */
  static void check(double[][] rows, int least) {
    if (rows.length < least) {
      throw new IllegalArgumentException(
          "%d rows: there must be at least %d".formatted(rows.length, least));
    }
    for (int r = 0; r < rows.length; r++) {
      if (rows[r].length != rows[0].length || rows[r].length == 0) {
        throw new IllegalArgumentException(
            "row %d has %d numbers, row 0 has %d".formatted(r, rows[r].length, rows[0].length));
      }
      for (double value : rows[r]) {
        if (!Double.isFinite(value)) {
          throw new IllegalArgumentException("row %d has %s in it".formatted(r, value));
        }
      }
    }
  }

  /** Each next centre is a row, drawn by the square of its distance to the nearest so far. */
  private static double[][] first(double[][] rows, int k, RandomStream random) {
    double[][] centres = new double[k][];
    double[] nearest = new double[rows.length];
    Arrays.fill(nearest, Double.POSITIVE_INFINITY);
    int chosen = (int) (random.uniform() * rows.length);
    for (int i = 0; i < k; i++) {
      centres[i] = rows[chosen].clone();
      double sum = 0;
      for (int r = 0; r < rows.length; r++) {
        nearest[r] = Math.min(nearest[r], distance(rows[r], centres[i]));
        sum += nearest[r];
      }
      double at = random.uniform() * sum;
      chosen = 0;
      while (chosen < rows.length - 1 && at >= nearest[chosen]) {
        at -= nearest[chosen];
        chosen++;
      }
    }
    return centres;
  }

  private static boolean assign(double[][] rows, double[][] centres, int[] owners) {
    boolean moved = false;
    for (int r = 0; r < rows.length; r++) {
      int best = 0;
      double least = Double.POSITIVE_INFINITY;
      for (int k = 0; k < centres.length; k++) {
        double distance = distance(rows[r], centres[k]);
        if (distance < least) {
          least = distance;
          best = k;
        }
      }
      moved |= owners[r] != best;
      owners[r] = best;
    }
    return moved;
  }

  /** Each centre to the mean of its rows; one without rows stays. */
  private static void move(double[][] rows, double[][] centres, int[] owners) {
    int width = rows[0].length;
    double[][] sums = new double[centres.length][width];
    int[] counts = new int[centres.length];
    for (int r = 0; r < rows.length; r++) {
      counts[owners[r]]++;
      for (int c = 0; c < width; c++) {
        sums[owners[r]][c] += rows[r][c];
      }
    }
    for (int k = 0; k < centres.length; k++) {
      for (int c = 0; counts[k] > 0 && c < width; c++) {
        centres[k][c] = sums[k][c] / counts[k];
      }
    }
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum;
  }

  /** The centres [k][·]. */
  public double[][] centres() {
    double[][] copy = new double[centres.length][];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = centres[i].clone();
    }
    return copy;
  }

  /** The centre of each row. */
  public int[] owners() {
    return owners.clone();
  }

  /**
   * Input weights [H, C] whose unit r answers to rows like centre r: each row of the weights is a
   * centre, brought to length {@code gain}; centres repeat where there are fewer than units, then
   * with normal noise of a tenth of that length, so that no two units are alike.
   */
  public Initializer initializer(double gain) {
    return (values, random) -> {
      int width = centres[0].length;
      if (values.rank() != 2 || values.dim(1) != width) {
        throw new IllegalArgumentException(
            "centres of %d numbers do not fit weights of shape %s".formatted(width, values));
      }
      for (int r = 0; r < values.dim(0); r++) {
        double[] centre = centres[r % centres.length];
        double length = Math.sqrt(Jacobi.dot(centre, centre));
        double noise = r < centres.length ? 0 : 0.1 / Math.sqrt(width);
        for (int c = 0; c < width; c++) {
          double value = length == 0 ? 0 : centre[c] / length;
          double own = noise == 0 ? 0 : noise * random.normal();
          values.set((long) r * width + c, gain * (value + own));
        }
      }
    };
  }
}
