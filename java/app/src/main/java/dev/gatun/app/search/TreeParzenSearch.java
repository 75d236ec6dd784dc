package dev.gatun.app.search;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * The tree-structured Parzen estimator (Bergstra et al., "Algorithms for Hyper-Parameter
 * Optimization", 2011): the best trials and the others are each made a density, l and g, and of
 * some points drawn from l the one with the largest l / g is tried, which has the largest expected
 * improvement. In l a trial weighs by its rank: of n the best 2 n / (n + 1), the last 2 / (n + 1).
 * The densities are narrower with every trial that finishes. Trials that run, failed or were pruned
 * are among the others. With several objectives the best are those of the first fronts ({@link
 * ParetoFront#ranks}), at a tie those with the wider gaps.
 *
 * @param startup so many trials are quasi-random ({@link QuasiRandomSearch}), at least 2
 * @param candidates points drawn from l, at least 1
 * @param best the part of the finished and pruned trials that are the best, rounded up, at most 25
 *     of them
 * @param priorWeight what the even density weighs, of an observation
 * @param joint whether l and g are densities of all parameters together (Falkner et al., "BOHB",
 *     2018), which sees that good values go together, or each parameter has its own
 */
public record TreeParzenSearch(
    int startup, int candidates, double best, double priorWeight, boolean joint)
    implements Strategy {
  private static final int MOST_BEST = 25;

  /** Linear forgetting as in Bergstra et al., "Making a Science of Model Search", 2013. */
  private static final int RECENT = 25;

  /** A kernel's width after one trial; it falls with the root of their number. */
  private static final double WIDTH = 0.25;

  /** The defaults: 10, 24, 0.1, 1, joint. */
  public TreeParzenSearch() {
    this(10);
  }

  /** The defaults with another startup. */
  public TreeParzenSearch(int startup) {
    this(startup, 24, 0.1, 1, true);
  }

  public TreeParzenSearch {
    if (startup < 2 || candidates < 1 || !(best > 0 && best < 1) || !(priorWeight > 0)) {
      throw new IllegalArgumentException(
          "at least 2 trials to start, 1 candidate, a part between 0 and 1 and a prior above 0,"
              + " not %d, %d, %s, %s".formatted(startup, candidates, best, priorWeight));
    }
  }

  @Override
  public double[] suggest(History history, RandomGenerator random) {
    long measured = history.trials().stream().filter(t -> t.state().measured()).count();
    if (measured < startup) {
      return new QuasiRandomSearch().suggest(history, random);
    }
    List<Integer> ranked = Observation.ranked(history);
    int split = (int) Math.min(MOST_BEST, Math.ceil(best * measured));
    // By rank, and by number: what a trial weighs goes by its rank among the best, else by its age.
    Split trials =
        new Split(
            codes(history, ranked.subList(0, split)),
            codes(history, ranked.subList(split, ranked.size()).stream().sorted().toList()),
            WIDTH / Math.sqrt((double) measured));
    Space space = history.space();
    double[] point = new double[space.size()];
    if (joint) {
      choose(space, IntStream.range(0, space.size()).toArray(), trials, random, point);
    } else {
      for (int i = 0; i < space.size(); i++) {
        if (space.active(i, point)) {
          choose(space, new int[] {i}, trials, random, point);
        } else {
          point[i] = Double.NaN;
        }
      }
    }
    return point;
  }

  private record Split(List<double[]> good, List<double[]> others, double width) {}

  private static List<double[]> codes(History history, List<Integer> trials) {
    return trials.stream()
        .map(number -> history.space().array(history.trials().get(number).codes()))
        .toList();
  }

  private void choose(
      Space space, int[] parameters, Split trials, RandomGenerator random, double[] point) {
    List<double[]> good = there(parameters, trials.good());
    List<double[]> others = there(parameters, trials.others());
    Parzen.Shape shape = new Parzen.Shape(priorWeight, trials.width());
    Parzen l = new Parzen(space, parameters, good, byRank(good.size()), shape);
    Parzen g = new Parzen(space, parameters, others, byAge(others.size()), shape);
    double most = Double.NEGATIVE_INFINITY;
    double[] chosen = point;
    for (int i = 0; i < candidates; i++) {
      double[] candidate = point.clone();
      l.sample(random, candidate);
      double gain = l.logDensity(candidate) - g.logDensity(candidate);
      if (gain > most) {
        most = gain;
        chosen = candidate;
      }
    }
    System.arraycopy(chosen, 0, point, 0, point.length);
  }

  /** Those that a density of one parameter can learn from have it; of several, all are. */
  private static List<double[]> there(int[] parameters, List<double[]> observations) {
    return parameters.length > 1
        ? observations
        : observations.stream().filter(o -> !Double.isNaN(o[parameters[0]])).toList();
  }

  /** Evenly from 2 n / (n + 1) down to 2 / (n + 1). */
  private static double[] byRank(int count) {
    double[] weights = new double[count];
    Arrays.setAll(weights, i -> 2.0 * (count - i) / (count + 1));
    return weights;
  }

  /** The last 25 weigh 1, older ones less, evenly down to 1 / count. */
  private static double[] byAge(int count) {
    double[] weights = new double[count];
    int old = count - RECENT;
    for (int i = 0; i < count; i++) {
      weights[i] = i >= old ? 1 : (1 + (count - 1.0) * i / Math.max(1, old - 1)) / count;
    }
    return weights;
  }
}
