package dev.gatun.backend.reference;

import dev.gatun.backend.ElementLoss;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The losses by their definitions, with room for a row that grows to the largest. */
final class Losses {
  private double[] x = new double[0];
  private double[] p = new double[0];
  private double[] gradient = new double[0];

  /** As {@link dev.gatun.backend.Backend#softmaxCrossEntropy}, unscaled; the gradient is scaled. */
  double softmaxCrossEntropy(
      int rows,
      Tensor logits,
      Tensor targets,
      @Nullable Tensor weights,
      double smoothing,
      double scale,
      @Nullable Tensor dLogits) {
    int classes = Math.toIntExact(logits.dim(-1));
    if (x.length < classes) {
      x = new double[classes];
    }
    double total = 0;
    for (long row = 0; row < rows; row++) {
      long start = row * classes;
      long target = targets.getLong(row);
      for (int k = 0; k < classes; k++) {
        x[k] = logits.get(start + k);
      }
      // taken off first, so that exp does not overflow and log is not lost beside it
      double max = Double.NEGATIVE_INFINITY;
      for (int k = 0; k < classes; k++) {
        max = Math.max(max, x[k]);
      }
      double sum = 0;
      for (int k = 0; k < classes; k++) {
        x[k] -= max;
        sum += Math.exp(x[k]);
      }
      for (int k = 0; target >= 0 && k < classes; k++) {
        total += share(k, target, weights, smoothing, classes) * (Math.log(sum) - x[k]);
      }
      double all = 0;
      for (int k = 0; k < classes; k++) {
        all += share(k, target, weights, smoothing, classes);
      }
      for (int k = 0; dLogits != null && k < classes; k++) {
        double p = Math.exp(x[k]) / sum;
        double gradient = all * p - share(k, target, weights, smoothing, classes);
        dLogits.set(start + k, target < 0 ? 0 : scale * gradient);
      }
    }
    return total;
  }

  /** As {@link dev.gatun.backend.Backend#hardest}. */
  void hardest(int rows, Tensor logits, Tensor targets, double fraction, Tensor kept) {
    int classes = Math.toIntExact(logits.dim(-1));
    if (p.length < rows) {
      p = new double[rows];
    }
    double[] losses = p;
    int valid = 0;
    for (int row = 0; row < rows; row++) {
      int target = (int) targets.getLong(row);
      if (target >= 0) {
        valid++;
        double loss = -logProbability(logits, (long) row * classes, classes, target);
        losses[row] = Double.isNaN(loss) ? Double.POSITIVE_INFINITY : loss;
      }
    }
    double keep = Math.ceil(fraction * valid);
    for (int row = 0; row < rows; row++) {
      int harder = 0;
      for (int other = 0; other < rows; other++) {
        boolean before =
            losses[other] > losses[row] || (losses[other] == losses[row] && other < row);
        harder += targets.getLong(other) >= 0 && before ? 1 : 0;
      }
      long target = targets.getLong(row);
      kept.setLong(row, target >= 0 && harder < keep ? target : -1);
    }
  }

  private static double logProbability(Tensor logits, long start, int classes, int target) {
    double max = Double.NEGATIVE_INFINITY;
    for (int k = 0; k < classes; k++) {
      max = Math.max(max, logits.get(start + k));
    }
    double sum = 0;
    for (int k = 0; k < classes; k++) {
      sum += Math.exp(logits.get(start + k) - max);
    }
    return logits.get(start + target) - max - Math.log(sum);
  }

  /** What -log p of a class counts in a row with that target. */
  private static double share(
      int k, long target, @Nullable Tensor weights, double smoothing, int classes) {
    double weight = weights == null ? 1 : weights.get(k);
    return weight * (smoothing / classes + (k == target ? 1 - smoothing : 0));
  }

  /** As {@link dev.gatun.backend.Backend#elementLoss}, unscaled; the gradient is scaled. */
  double elements(
      ElementLoss rule,
      int rows,
      Tensor prediction,
      Tensor target,
      @Nullable Tensor rowWeights,
      double scale,
      @Nullable Tensor dPrediction) {
    int outputs = rule.outputs();
    int columns = Math.toIntExact(prediction.dim(-1) / outputs);
    if (p.length < outputs) {
      p = new double[outputs];
      gradient = new double[outputs];
    }
    double total = 0;
    for (long row = 0; row < rows; row++) {
      double weight = rowWeights == null ? 1 : rowWeights.get(row);
      for (int o = 0; o < columns; o++) {
        for (int j = 0; j < outputs; j++) {
          p[j] = prediction.get((row * outputs + j) * columns + o);
          gradient[j] = 0;
        }
        if (weight != 0) {
          total += weight * element(rule, p, target.get(row * columns + o), gradient);
        }
        for (int j = 0; dPrediction != null && j < outputs; j++) {
          dPrediction.set((row * outputs + j) * columns + o, scale * weight * gradient[j]);
        }
      }
    }
    return total;
  }

  private static double element(ElementLoss rule, double[] p, double t, double[] gradient) {
    double d = p[0] - t;
    return switch (rule) {
      case ElementLoss.Squared() -> {
        gradient[0] = 2 * d;
        yield d * d;
      }
      case ElementLoss.Absolute() -> {
        gradient[0] = Math.signum(d);
        yield Math.abs(d);
      }
      case ElementLoss.Huber(double delta) -> {
        gradient[0] = Math.clamp(d, -delta, delta);
        yield Math.abs(d) <= delta ? d * d / 2 : delta * (Math.abs(d) - delta / 2);
      }
      case ElementLoss.Quantile quantile -> {
        double sum = 0;
        for (int j = 0; j < quantile.outputs(); j++) {
          double level = quantile.levels().get(j);
          double above = t - p[j];
          sum += Math.max(level * above, (level - 1) * above);
          gradient[j] = above > 0 ? -level : above < 0 ? 1 - level : above;
        }
        yield sum;
      }
      case ElementLoss.Logistic(double positiveWeight) -> {
        double sigmoid = 1 / (1 + Math.exp(-p[0]));
        double slope = 1 + (positiveWeight - 1) * t;
        gradient[0] = (1 - t) - slope * (1 - sigmoid);
        double softplus = Math.max(-p[0], 0) + Math.log1p(Math.exp(-Math.abs(p[0])));
        yield (1 - t) * p[0] + slope * softplus;
      }
      case ElementLoss.Gaussian(double epsilon) -> {
        double logVariance = Math.max(p[1], Math.log(epsilon));
        double z = d * Math.exp(-logVariance);
        gradient[0] = z;
        gradient[1] = (1 - d * z) / 2;
        yield (logVariance + d * z) / 2;
      }
    };
  }
}
