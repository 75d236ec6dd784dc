package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.TrainKeys.Losses;
import dev.gatun.backend.Activation;
import dev.gatun.data.WindowSource;
import dev.gatun.model.Loss;
import dev.gatun.model.NumericLoss;
import java.util.Arrays;
import java.util.List;

/**
 * What a forecaster says about each target: one number, some quantiles, or a normal distribution.
 *
 * @param kind its loss
 * @param levels of the quantiles; empty for others
 * @param nominal the part of truths that the interval is to hold; 0: there is no interval
 */
record Spread(Losses kind, List<Double> levels, double nominal) {
  static Spread of(Config config) {
    Losses kind = config.get(TrainKeys.LOSS);
    return switch (kind) {
      case QUANTILE -> quantiles(config);
      case GAUSSIAN -> {
        if (config.get(ModelKeys.OUTPUT_ACTIVATION) != Activation.IDENTITY) {
          throw config.error(
              ModelKeys.OUTPUT_ACTIVATION,
              "train.loss gaussian takes means and logarithms of variances; give identity");
        }
        yield new Spread(kind, List.of(), config.get(TrainKeys.INTERVAL));
      }
      case CROSS_ENTROPY, BINARY_CROSS_ENTROPY ->
          throw config.error(
              TrainKeys.LOSS,
              "that is for classes; a series takes squared, absolute, huber, sum-of-squares,"
                  + " quantile or gaussian");
      default -> new Spread(kind, List.of(), 0);
    };
  }

  private static Spread quantiles(Config config) {
    List<Double> levels = config.get(TrainKeys.QUANTILES);
    for (int i = 1; i < levels.size(); i++) {
      if (levels.get(i) <= levels.get(i - 1)) {
        throw config.error(
            TrainKeys.QUANTILES, levels + "; give them ascending, each once, as [0.1, 0.5, 0.9]");
      }
    }
    return new Spread(Losses.QUANTILE, levels, levels.getLast() - levels.getFirst());
  }

  Loss loss(Config config) {
    return switch (kind) {
      case SQUARED -> NumericLoss.meanSquaredError();
      case ABSOLUTE -> NumericLoss.meanAbsoluteError();
      case HUBER -> NumericLoss.huber(config.get(TrainKeys.DELTA));
      case SUM_OF_SQUARES -> NumericLoss.sumOfSquares();
      case QUANTILE ->
          NumericLoss.quantile(levels.stream().mapToDouble(Double::doubleValue).toArray());
      case GAUSSIAN -> NumericLoss.gaussian();
      case CROSS_ENTROPY, BINARY_CROSS_ENTROPY -> throw new IllegalStateException(kind.toString());
    };
  }

  /** Numbers of the network for each target. */
  int size() {
    return switch (kind) {
      case QUANTILE -> levels.size();
      case GAUSSIAN -> 2;
      default -> 1;
    };
  }

  boolean hasInterval() {
    return nominal > 0;
  }

  /**
   * Puts a target's numbers in its column's own unit: one value; the quantiles, sorted where they
   * cross (Chernozhukov, Fernandez-Val and Galichon 2010); or mean and standard deviation.
   *
   * @param outputs the network's, in blocks of one for each target
   */
  double[] restore(WindowSource source, int window, int output, double[] outputs) {
    int block = outputs.length / size();
    double[] own = new double[size()];
    for (int i = 0; i < own.length; i++) {
      double value = outputs[i * block + output];
      own[i] =
          kind == Losses.GAUSSIAN && i == 1
              ? source.restoreDistance(output, Math.exp(value / 2))
              : source.restore(window, output, value);
    }
    if (kind == Losses.QUANTILE) {
      Arrays.sort(own);
    }
    return own;
  }

  /** The one number that stands for all: the mean, or the quantile nearest to the median. */
  double point(double[] own) {
    return kind == Losses.QUANTILE ? own[middle()] : own[0];
  }

  private int middle() {
    int nearest = 0;
    for (int i = 1; i < levels.size(); i++) {
      if (Math.abs(levels.get(i) - 0.5) < Math.abs(levels.get(nearest) - 0.5)) {
        nearest = i;
      }
    }
    return nearest;
  }

  /** The lower end of the interval. */
  double lower(double[] own) {
    return kind == Losses.GAUSSIAN ? own[0] - deviations() * own[1] : own[0];
  }

  /** The upper end of the interval. */
  double upper(double[] own) {
    return kind == Losses.GAUSSIAN ? own[0] + deviations() * own[1] : own[own.length - 1];
  }

  private double deviations() {
    return Normal.quantile((1 + nominal) / 2);
  }

  /** What the distribution is charged for a truth: its pinball loss or CRPS, in its unit. */
  String scoreName() {
    return kind == Losses.GAUSSIAN ? "crps" : "pinball";
  }

  double score(double[] own, double truth) {
    if (kind == Losses.GAUSSIAN) {
      return Normal.crps(own[0], own[1], truth);
    }
    double sum = 0;
    for (int i = 0; i < own.length; i++) {
      double error = truth - own[i];
      sum += Math.max(levels.get(i) * error, (levels.get(i) - 1) * error);
    }
    return sum / own.length;
  }
}
