package dev.gatun.app.search;

import dev.gatun.app.search.gaussian.Normal;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A density over some parameters of a space: a mixture of one product of kernels for each
 * observation, and of one even product, the prior. A kernel of a number is a normal density on the
 * places [0, 1], cut off there; of a whole number, its mass between the halves, at least half a
 * step wide, so that its neighbours have some; of a choice, a share for the option seen and the
 * rest for all. A parameter that an observation does not have is even in its product.
 */
final class Parzen {
  private static final double TINY = 1e-300;

  /** A kernel is at least as wide: many trials do not make a density of needles. */
  private static final double LEAST_WIDTH = 0.01;

  /**
   * What is the same in two densities that are compared.
   *
   * @param priorWeight of the even product
   * @param width of numbers' kernels: the normal density's standard deviation
   */
  record Shape(double priorWeight, double width) {}

  private final Space space;
  private final int[] parameters;
  private final double[] weights;

  /** Kernels by parameter (its place in the list) and observation; the last is the prior. */
  private final double[][] centres;

  private final double[][] widths;
  private final double[][] logMasses;
  private final double uneven;

  /**
   * Makes one.
   *
   * @param parameters indices of the parameters that it is of
   * @param observations codes
   * @param weights one for each observation
   */
  Parzen(
      Space space, int[] parameters, List<double[]> observations, double[] weights, Shape shape) {
    this.space = space;
    this.parameters = parameters;
    int kernels = observations.size() + 1;
    this.weights = Arrays.copyOf(weights, kernels);
    this.weights[kernels - 1] = shape.priorWeight();
    double sum = Arrays.stream(this.weights).sum();
    for (int k = 0; k < kernels; k++) {
      this.weights[k] /= sum;
    }
    uneven = kernels / (kernels + shape.priorWeight());
    centres = new double[parameters.length][];
    widths = new double[parameters.length][];
    logMasses = new double[parameters.length][];
    for (int i = 0; i < parameters.length; i++) {
      kernels(i, observations, Math.clamp(shape.width(), LEAST_WIDTH, 1));
    }
  }

  private Domain domain(int i) {
    return space.parameters().get(parameters[i]).domain();
  }

  private void kernels(int i, List<double[]> observations, double width) {
    int parameter = parameters[i];
    int kernels = observations.size() + 1;
    double[] centre = new double[kernels];
    Arrays.fill(centre, Double.NaN);
    boolean choice = domain(i) instanceof Domain.Choice;
    for (int k = 0; k + 1 < kernels; k++) {
      double code = observations.get(k)[parameter];
      centre[k] = choice || Double.isNaN(code) ? code : domain(i).place(code);
    }
    centres[i] = centre;
    widths[i] = new double[kernels];
    logMasses[i] = new double[kernels];
    if (!choice) {
      for (int k = 0; k < kernels; k++) {
        if (!Double.isNaN(centre[k])) {
          widths[i][k] = Math.max(width, step(i, observations.get(k)[parameter]) / 2);
          double mass =
              Normal.below((1 - centre[k]) / widths[i][k])
                  - Normal.below(-centre[k] / widths[i][k]);
          logMasses[i][k] = Math.log(mass);
        }
      }
    }
  }

  /** How much of the range a whole number has; nothing of a real one. */
  private double step(int i, double code) {
    return domain(i) instanceof Domain.Whole whole
        ? whole.place(code + 0.5) - whole.place(code - 0.5)
        : 0;
  }

  /** Draws codes of its parameters into a point, in their order; those not there get NaN. */
  void sample(RandomGenerator random, double[] point) {
    int k = 0;
    for (double left = random.nextDouble() - weights[0]; left > 0 && k + 1 < weights.length; ) {
      left -= weights[++k];
    }
    for (int i = 0; i < parameters.length; i++) {
      point[parameters[i]] = space.active(parameters[i], point) ? draw(i, k, random) : Double.NaN;
    }
  }

  private double draw(int i, int k, RandomGenerator random) {
    double centre = centres[i][k];
    if (Double.isNaN(centre)) {
      return domain(i).at(random.nextDouble());
    }
    if (domain(i) instanceof Domain.Choice) {
      return random.nextDouble() < uneven ? centre : domain(i).at(random.nextDouble());
    }
    double place;
    do {
      place = centre + widths[i][k] * random.nextGaussian();
    } while (place < 0 || place > 1);
    return domain(i).at(place);
  }

  /** The logarithm of the density at a point, up to a constant of the point's own parameters. */
  double logDensity(double[] point) {
    double[] logs = new double[weights.length];
    for (int k = 0; k < logs.length; k++) {
      logs[k] = Math.log(weights[k]);
    }
    for (int i = 0; i < parameters.length; i++) {
      double code = point[parameters[i]];
      if (!Double.isNaN(code)) {
        add(i, code, logs);
      }
    }
    double most = Arrays.stream(logs).max().orElseThrow();
    double sum = 0;
    for (double log : logs) {
      sum += Math.exp(log - most);
    }
    return most + Math.log(sum);
  }

  private void add(int i, double code, double[] logs) {
    Domain domain = domain(i);
    double place = domain.place(code);
    boolean whole = domain instanceof Domain.Whole;
    double from = whole ? domain.place(code - 0.5) : place;
    double to = whole ? domain.place(code + 0.5) : place;
    for (int k = 0; k < logs.length; k++) {
      double centre = centres[i][k];
      if (domain instanceof Domain.Choice) {
        double rest = Double.isNaN(centre) ? 1 : 1 - uneven;
        logs[k] += Math.log(rest / domain.size() + (centre == code ? uneven : 0));
      } else if (whole) {
        logs[k] += Math.log(Math.max(TINY, mass(i, k, from, to)));
      } else if (!Double.isNaN(centre)) {
        double width = widths[i][k];
        logs[k] += Normal.logDensity((place - centre) / width) - Math.log(width) - logMasses[i][k];
      }
    }
  }

  private double mass(int i, int k, double from, double to) {
    double centre = centres[i][k];
    if (Double.isNaN(centre)) {
      return to - from;
    }
    double low = (from - centre) / widths[i][k];
    double high = (to - centre) / widths[i][k];
    return (low > 0
            ? Normal.below(-low) - Normal.below(-high)
            : Normal.below(high) - Normal.below(low))
        * Math.exp(-logMasses[i][k]);
  }
}
