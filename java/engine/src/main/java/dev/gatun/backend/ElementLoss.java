package dev.gatun.backend;

import java.util.List;

/**
 * A loss f(p, t) of numbers that is summed over elements. A loss that takes k numbers for each
 * target finds them in k blocks of O columns: number j of target o in column j * O + o.
 */
public sealed interface ElementLoss {
  /** k, numbers of the prediction for each number of the target. */
  default int outputs() {
    return 1;
  }

  /** (p - t)^2. */
  record Squared() implements ElementLoss {}

  /** |p - t|; its gradient where they are equal is 0. */
  record Absolute() implements ElementLoss {}

  /**
   * Huber 1964: (p - t)^2 / 2 where |p - t| is at most delta, else delta * (|p - t| - delta / 2).
   *
   * @param delta above 0
   */
  record Huber(double delta) implements ElementLoss {
    /** Checks delta. */
    public Huber {
      if (!(delta > 0 && delta <= Double.MAX_VALUE)) {
        throw new IllegalArgumentException("delta " + delta + " must be finite and above 0");
      }
    }
  }

  /**
   * The pinball loss (Koenker and Bassett 1978): max(q * (t - p), (q - 1) * (t - p)) for each level
   * q, so that p becomes the q-quantile. Its gradient where they are equal is 0.
   *
   * @param levels at least one, each between 0 and 1; one output for each
   */
  record Quantile(List<Double> levels) implements ElementLoss {
    /** Checks and copies the levels. */
    public Quantile {
      levels = List.copyOf(levels);
      if (levels.isEmpty()) {
        throw new IllegalArgumentException("a quantile loss needs at least one level");
      }
      for (double level : levels) {
        if (!(level > 0 && level < 1)) {
          throw new IllegalArgumentException("the level " + level + " must be between 0 and 1");
        }
      }
    }

    @Override
    public int outputs() {
      return levels.size();
    }
  }

  /**
   * Binary cross-entropy with logits: -(w * t * log sigmoid(p) + (1 - t) * log(1 - sigmoid(p))),
   * for t from 0 to 1.
   *
   * @param positiveWeight w, finite and above 0; 1 for none
   */
  record Logistic(double positiveWeight) implements ElementLoss {
    /** Checks the weight. */
    public Logistic {
      if (!(positiveWeight > 0 && positiveWeight <= Double.MAX_VALUE)) {
        throw new IllegalArgumentException(
            "positiveWeight " + positiveWeight + " must be finite and above 0");
      }
    }
  }

  /**
   * The negative log-likelihood of a Gaussian (Nix and Weigend 1994), without its constant log(2
   * pi) / 2: (s + (t - m)^2 / exp(s)) / 2, with the mean m in the first block of columns and the
   * logarithm s of the variance in the second. An s below log(epsilon) counts as that; its gradient
   * is passed on, so that it can rise again.
   *
   * @param epsilon the smallest variance, finite and above 0
   */
  record Gaussian(double epsilon) implements ElementLoss {
    /** Checks epsilon. */
    public Gaussian {
      if (!(epsilon > 0 && epsilon <= Double.MAX_VALUE)) {
        throw new IllegalArgumentException("epsilon " + epsilon + " must be finite and above 0");
      }
    }

    @Override
    public int outputs() {
      return 2;
    }
  }
}
