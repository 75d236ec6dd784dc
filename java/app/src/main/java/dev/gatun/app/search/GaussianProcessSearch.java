package dev.gatun.app.search;

import dev.gatun.app.search.TrialRecord.State;
import dev.gatun.app.search.gaussian.Algebra;
import dev.gatun.app.search.gaussian.GaussianProcess;
import dev.gatun.app.search.gaussian.LengthScales;
import dev.gatun.app.search.gaussian.Matern;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Bayesian optimization (Jones et al., "Efficient Global Optimization", 1998; Snoek et al.,
 * "Practical Bayesian Optimization", 2012): a Gaussian process with a {@link Matern} kernel is
 * fitted to the losses, standardized, and the point with the largest expected improvement is tried.
 * Whole numbers and options are compared as what they are tried as (Garrido-Merchan and
 * Hernandez-Lobato 2020). A running trial counts as if it would give what is expected there
 * (Ginsbourger et al. 2010). For one objective.
 *
 * @param startup so many trials are quasi-random ({@link QuasiRandomSearch}), at least 2
 */
public record GaussianProcessSearch(int startup) implements Strategy {
  /** Its scales are fitted to this many of the trials; the time grows by the cube. */
  private static final int FITTED = 64;

  /** And conditioned on this many, the best and the last. */
  private static final int MOST = 256;

  /** With 10 trials to start. */
  public GaussianProcessSearch() {
    this(10);
  }

  public GaussianProcessSearch {
    if (startup < 2) {
      throw new IllegalArgumentException("at least 2 trials to start, not " + startup);
    }
  }

  @Override
  public void check(Space space, int objectives) {
    if (objectives > 1) {
      throw new IllegalArgumentException(
          "the Gaussian process is for one objective, not %d: take TPE or random search"
              .formatted(objectives));
    }
  }

  @Override
  public double[] suggest(History history, RandomGenerator random) {
    List<Observation> all = Observation.of(history);
    if (all.stream().filter(o -> o.state().measured()).count() < startup) {
      return new QuasiRandomSearch().suggest(history, random);
    }
    List<Observation> ended = all.stream().filter(o -> o.state() != State.RUNNING).toList();
    Algebra algebra = Algebra.best();
    Matern kernel = new Matern(history.space().choices());
    List<Observation> known = most(ended, MOST);
    double[] targets = known.stream().mapToDouble(Observation::loss).toArray();
    double mean = Arrays.stream(targets).average().orElse(0);
    double variance = Arrays.stream(targets).map(t -> (t - mean) * (t - mean)).average().orElse(0);
    double scale = variance > 0 ? 1 / Math.sqrt(variance) : 1;
    Arrays.setAll(targets, i -> (targets[i] - mean) * scale);
    double[][] points = features(history.space(), known);
    List<Observation> fitted = most(known, FITTED);
    double[] logs =
        LengthScales.fit(
            algebra,
            kernel,
            features(history.space(), fitted),
            fitted.stream().mapToDouble(o -> (o.loss() - mean) * scale).toArray());
    GaussianProcess process = new GaussianProcess(algebra, kernel, logs, points, targets);
    double[][] running =
        features(history.space(), all.stream().filter(o -> o.state() == State.RUNNING).toList());
    if (running.length > 0) {
      double[] means = new double[running.length];
      process.predict(running, means, new double[running.length]);
      process =
          new GaussianProcess(
              algebra, kernel, logs, joined(points, running), joined(targets, means));
    }
    List<double[]> starts =
        known.stream()
            .sorted(Comparator.comparingDouble(Observation::loss))
            .limit(3)
            .map(Observation::codes)
            .toList();
    Set<List<Double>> tried = new HashSet<>();
    all.forEach(o -> tried.add(Improvement.key(o.codes())));
    return new Improvement(
            history.space(), process, Arrays.stream(targets).min().orElseThrow(), tried)
        .largest(starts, points.length, random);
  }

  /** At most so many: half of them the best, and the last of the others; in their order. */
  private static List<Observation> most(List<Observation> all, int limit) {
    if (all.size() <= limit) {
      return all;
    }
    List<Observation> order =
        new ArrayList<>(
            all.stream().sorted(Comparator.comparingDouble(Observation::loss)).toList());
    Set<Observation> kept = new HashSet<>(order.subList(0, limit / 2));
    for (int i = all.size() - 1; kept.size() < limit; i--) {
      kept.add(all.get(i));
    }
    return all.stream().filter(kept::contains).toList();
  }

  private static double[][] features(Space space, List<Observation> observations) {
    return observations.stream().map(o -> space.features(o.codes())).toArray(double[][]::new);
  }

  private static double[][] joined(double[][] a, double[][] b) {
    double[][] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static double[] joined(double[] a, double[] b) {
    double[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }
}
