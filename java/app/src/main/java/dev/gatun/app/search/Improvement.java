package dev.gatun.app.search;

import dev.gatun.app.search.gaussian.GaussianProcess;
import dev.gatun.app.search.gaussian.Normal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Looks for the point of the largest expected improvement, E max(0, best - f) = s (z Phi(z) +
 * phi(z)) with z = (best - mean) / s (Jones et al. 1998): among random points and neighbours of the
 * best trials, and then, by ever smaller steps, around the best of those.
 */
final class Improvement {
  private static final int CLIMBERS = 4;
  private static final int ROUNDS = 10;

  private final Space space;
  private final GaussianProcess process;
  private final double best;
  private final Set<List<Double>> tried;

  /**
   * Of a process.
   *
   * @param best the least target
   * @param tried {@link #key} of points not to give again
   */
  Improvement(Space space, GaussianProcess process, double best, Set<List<Double>> tried) {
    this.space = space;
    this.process = process;
    this.best = best;
    this.tried = tried;
  }

  /** A point as what is equal when it is. */
  static List<Double> key(double[] codes) {
    return Arrays.stream(codes).boxed().toList();
  }

  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  private record Candidate(double[] codes, double gain) {}

  /**
   * The best found.
   *
   * @param starts codes of the best trials
   * @param known how many trials the process knows: with many, fewer points are looked at
   */
  double[] largest(List<double[]> starts, int known, RandomGenerator random) {
    int width = known > 150 ? 8 : 24;
    List<double[]> points = new ArrayList<>();
    for (int i = 0; i < 20 * width; i++) {
      points.add(RandomSearch.draw(space, random));
    }
    for (double[] start : starts) {
      for (int i = 0; i < width; i++) {
        points.add(neighbour(start, i % 2 == 0 ? 0.1 : 0.01, random));
      }
    }
    List<Candidate> climbers =
        gains(points).stream()
            .sorted(Comparator.comparingDouble(Candidate::gain).reversed())
            .limit(CLIMBERS)
            .toList();
    double reach = 0.1;
    for (int round = 0; round < ROUNDS; round++, reach *= 0.6) {
      List<double[]> near = new ArrayList<>();
      for (Candidate climber : climbers) {
        near.add(climber.codes());
        for (int i = 0; i < width; i++) {
          near.add(neighbour(climber.codes(), reach, random));
        }
      }
      List<Candidate> all = gains(near);
      climbers =
          IntStream.range(0, climbers.size())
              .mapToObj(i -> best(all.subList(i * (width + 1), (i + 1) * (width + 1))))
              .toList();
    }
    return best(climbers).codes();
  }

  private static Candidate best(List<Candidate> candidates) {
    return candidates.stream().max(Comparator.comparingDouble(Candidate::gain)).orElseThrow();
  }

  /** A point nearby: each parameter with a chance of its own, at least one of them. */
  private double[] neighbour(double[] from, double reach, RandomGenerator random) {
    double[] codes = new double[from.length];
    int sure = random.nextInt(Math.max(1, from.length));
    double chance = Math.max(0.3, 1.0 / from.length);
    for (int i = 0; i < codes.length; i++) {
      if (!space.active(i, codes)) {
        codes[i] = Double.NaN;
        continue;
      }
      Domain domain = space.parameters().get(i).domain();
      double step = reach * random.nextGaussian();
      boolean moves = i == sure || random.nextDouble() < chance;
      if (Double.isNaN(from[i])) {
        codes[i] = domain.at(random.nextDouble());
      } else if (!moves) {
        codes[i] = from[i];
      } else if (domain instanceof Domain.Choice) {
        codes[i] = i == sure ? domain.at(random.nextDouble()) : from[i];
      } else {
        codes[i] = domain.at(Math.clamp(domain.place(from[i]) + step, 0.0, 1.0));
        if (domain instanceof Domain.Whole whole && codes[i] == from[i] && i == sure) {
          codes[i] =
              Math.clamp(codes[i] + Math.signum(step), (double) whole.low(), (double) whole.high());
        }
      }
    }
    return codes;
  }

  /** In their order; what has been tried gains nothing. */
  private List<Candidate> gains(List<double[]> points) {
    double[] means = new double[points.size()];
    double[] deviations = new double[points.size()];
    process.predict(
        points.stream().map(space::features).toArray(double[][]::new), means, deviations);
    return IntStream.range(0, means.length)
        .mapToObj(
            i ->
                new Candidate(
                    points.get(i),
                    tried.contains(key(points.get(i)))
                        ? Double.NEGATIVE_INFINITY
                        : logGain(best - means[i], deviations[i])))
        .toList();
  }

  /**
   * The logarithm of the expected improvement, which does not underflow where that does (Ament et
   * al., "Unexpected Improvements to Expected Improvement", 2023).
   */
  static double logGain(double margin, double deviation) {
    double z = margin / deviation;
    if (z > -8) {
      return Math.log(deviation) + Math.log(z * Normal.below(z) + Normal.density(z));
    }
    double q = 1 / (z * z);
    return Math.log(deviation) + Normal.logDensity(z) + Math.log(q * (1 - 3 * q * (1 - 5 * q)));
  }
}
