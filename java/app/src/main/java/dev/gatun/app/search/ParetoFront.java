package dev.gatun.app.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Points of several losses, each better when smaller: which are not beaten, and by how much. */
public final class ParetoFront {
  private ParetoFront() {}

  /** Whether a is no worse in any loss, and better in one. */
  public static boolean dominates(double[] a, double[] b) {
    boolean better = false;
    for (int i = 0; i < a.length; i++) {
      if (a[i] > b[i]) {
        return false;
      }
      better |= a[i] < b[i];
    }
    return better;
  }

  /**
   * The front that each point belongs to: 0 where no other dominates it, 1 where only those do, and
   * so on (Deb et al., "NSGA-II", 2002).
   */
  public static int[] ranks(List<double[]> points) {
    int[] ranks = new int[points.size()];
    Arrays.fill(ranks, -1);
    for (int rank = 0, left = ranks.length; left > 0; rank++) {
      List<Integer> front = new ArrayList<>();
      for (int i = 0; i < ranks.length; i++) {
        int at = i;
        if (ranks[i] < 0
            && IntStream.range(0, ranks.length)
                .noneMatch(j -> ranks[j] < 0 && dominates(points.get(j), points.get(at)))) {
          front.add(i);
        }
      }
      for (int i : front) {
        ranks[i] = rank;
      }
      left -= front.size();
    }
    return ranks;
  }

  /**
   * How far from its neighbours each point is: the sum over losses of the distance between the
   * point before and the one after, of the range; infinite at the ends (Deb et al. 2002).
   */
  static double[] crowding(List<double[]> points) {
    double[] distance = new double[points.size()];
    for (int m = 0; !points.isEmpty() && m < points.getFirst().length; m++) {
      int loss = m;
      List<Integer> order =
          IntStream.range(0, points.size())
              .boxed()
              .sorted(Comparator.comparingDouble(i -> points.get(i)[loss]))
              .toList();
      double low = points.get(order.getFirst())[m];
      double range = points.get(order.getLast())[m] - low;
      distance[order.getFirst()] = Double.POSITIVE_INFINITY;
      distance[order.getLast()] = Double.POSITIVE_INFINITY;
      for (int i = 1; i < order.size() - 1 && range > 0; i++) {
        distance[order.get(i)] +=
            (points.get(order.get(i + 1))[m] - points.get(order.get(i - 1))[m]) / range;
      }
    }
    return distance;
  }

  /**
   * The volume that the points dominate: of what is better than a reference point. Exact, by slices
   * along the last loss (While et al., "A faster algorithm for calculating hypervolume", 2006).
   *
   * @param points losses; those that are not better than the reference in every loss add nothing
   */
  public static double hypervolume(List<double[]> points, double... reference) {
    return volume(
        points.stream()
            .filter(p -> IntStream.range(0, reference.length).allMatch(i -> p[i] < reference[i]))
            .toList(),
        reference,
        reference.length);
  }

  private static double volume(List<double[]> points, double[] reference, int losses) {
    if (points.isEmpty()) {
      return 0;
    }
    int last = losses - 1;
    if (last == 0) {
      return reference[0] - points.stream().mapToDouble(p -> p[0]).min().orElseThrow();
    }
    List<double[]> order =
        points.stream().sorted(Comparator.comparingDouble(p -> p[last])).toList();
    double sum = 0;
    for (int i = 0; i < order.size(); i++) {
      double to = i + 1 < order.size() ? order.get(i + 1)[last] : reference[last];
      double height = to - order.get(i)[last];
      if (height > 0) {
        sum += height * volume(order.subList(0, i + 1), reference, last);
      }
    }
    return sum;
  }
}
