package dev.gatun.app.search;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Every point of a grid, the last parameter fastest. A parameter that is not there multiplies
 * nothing. Points that a trial has had, of whatever origin, are not tried again.
 *
 * @param values how many values of a number are tried: evenly on its scale, both ends among them;
 *     all of a whole number that has no more; of options always all
 */
public record GridSearch(int values) implements Strategy {
  /** Above this a grid is a mistake, not a plan. */
  private static final int MOST = 100_000;

  public GridSearch {
    if (values < 1) {
      throw new IllegalArgumentException("a grid has at least 1 value of a number, not " + values);
    }
  }

  @Override
  public double[] suggest(History history, RandomGenerator random) {
    return left(history).getFirst();
  }

  @Override
  public long remaining(History history) {
    return left(history).size();
  }

  @Override
  public void check(Space space, int objectives) {
    points(space);
  }

  private List<double[]> left(History history) {
    Set<List<Double>> tried = new HashSet<>();
    for (TrialRecord trial : history.trials()) {
      tried.add(key(history.space().array(trial.codes())));
    }
    return points(history.space()).stream().filter(p -> !tried.contains(key(p))).toList();
  }

  private static List<Double> key(double[] codes) {
    return Arrays.stream(codes).boxed().toList();
  }

  private List<double[]> points(Space space) {
    double[] start = new double[space.size()];
    Arrays.fill(start, Double.NaN);
    List<double[]> points = new ArrayList<>();
    points.add(start);
    for (int i = 0; i < space.size(); i++) {
      double[] codes = codes(space.parameters().get(i).domain());
      List<double[]> longer = new ArrayList<>();
      for (double[] point : points) {
        if (!space.active(i, point)) {
          longer.add(point);
          continue;
        }
        for (double code : codes) {
          double[] next = point.clone();
          next[i] = code;
          longer.add(next);
        }
      }
      if (longer.size() > MOST) {
        throw new IllegalArgumentException(
            "the grid has more than %,d points: take fewer than %d values of each number, or "
                    .formatted(MOST, values)
                + "another strategy");
      }
      points = longer;
    }
    return points;
  }

  private double[] codes(Domain domain) {
    long count = domain instanceof Domain.Choice ? domain.size() : Math.min(values, domain.size());
    double[] codes = new double[(int) Math.min(count, MOST + 1)];
    for (int i = 0; i < codes.length; i++) {
      double place = codes.length == 1 ? 0.5 : i / (codes.length - 1.0);
      boolean all = domain.size() == codes.length;
      codes[i] = domain.at(all ? (i + 0.5) / codes.length : place);
      if (all && domain instanceof Domain.Whole whole) {
        codes[i] = (double) whole.low() + i;
      }
    }
    return Arrays.stream(codes).distinct().toArray();
  }
}
