package dev.gatun.app.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What the curves and the log of a run say. The thresholds are rules of thumb, stated with each
 * verdict.
 *
 * @param verdict in one word
 * @param evidence the figures behind it
 * @param advice what to try
 */
public record Diagnosis(Verdict verdict, String evidence, List<String> advice) {
  private static final int LEAST_REPORTS = 5;

  /** Losses within this share count as equal: less is noise between seeds. */
  private static final double NOISE = 0.01;

  private static final double OVERFIT = 0.05;
  private static final double DIVERGED = 0.5;

  /** A loss that rose and is still so far above its least has not come back by itself. */
  private static final double STILL_ABOVE = 0.1;

  /** What can be told, the gravest first. */
  public enum Verdict {
    TOO_SHORT,
    NON_FINITE,
    DIVERGING,
    EXPLODING_GRADIENTS,
    VANISHING_GRADIENTS,
    DEAD_UNITS,
    ONE_CLASS,
    OVERFITTING,
    RATE_TOO_LOW,
    UNDERFITTING,
    PLATEAUED,
    NOISY,
    GOOD
  }

  /** Reads the curves of a run: the gravest of {@link #all}. */
  public static Diagnosis of(Metrics metrics) {
    return all(metrics, List.of()).getFirst();
  }

  /** Reads the curves and the log of a run that nobody watched the gradients of. */
  public static List<Diagnosis> all(Metrics metrics, List<String> log) {
    return all(metrics, log, List.of());
  }

  /**
   * Reads the curves and the log of a run.
   *
   * @param log its lines
   * @param gradients the lines of {@code gradients.csv}; empty: nobody watched them
   * @return at least one, the gravest first
   */
  public static List<Diagnosis> all(Metrics metrics, List<String> log, List<String> gradients) {
    List<Diagnosis> found = new ArrayList<>(Symptoms.nonFinite(log));
    List<Diagnosis> signs = new ArrayList<>(Symptoms.deadUnits(gradients));
    signs.addAll(Symptoms.oneClass(log));
    double[] train = metrics.column("train_loss");
    int n = train.length;
    if (n < LEAST_REPORTS) {
      found.add(
          new Diagnosis(
              Verdict.TOO_SHORT,
              n + " reports; " + LEAST_REPORTS + " are needed",
              List.of("train longer, or report more often with train.report_every")));
      found.addAll(Symptoms.alongTime(log));
      found.addAll(signs);
      return found;
    }
    double least = Arrays.stream(train).filter(Double::isFinite).min().orElse(Double.NaN);
    double last = train[n - 1];
    int lowest = Double.isNaN(least) ? 0 : indexOf(train, least);
    double most = Arrays.stream(train, lowest, n).max().orElse(Double.NaN);
    boolean diverges =
        Arrays.stream(train).anyMatch(x -> !Double.isFinite(x))
            || (rose(least, most, DIVERGED)
                && rose(least, last, STILL_ABOVE)
                && last - least > NOISE * Math.abs(train[0] - least));
    if (diverges) {
      found.add(
          new Diagnosis(
              Verdict.DIVERGING,
              text("training loss rose from %.4g to %.4g", least, most),
              List.of("lower train.rate", "clip gradients with train.clip", "add a warm-up")));
    }
    found.addAll(Symptoms.gradients(metrics.column("gradient_norm"), train));
    List<Diagnosis> alongTime = Symptoms.alongTime(log);
    boolean learnt = last < Symptoms.LEARNT_LITTLE * train[0];
    found.addAll(learnt ? List.of() : alongTime);
    found.addAll(signs);
    if (!diverges) {
      List<Diagnosis> overfitting = overfitting(train, metrics.column("validation_loss"));
      found.addAll(overfitting);
      // What falls on while validation rises is no reason to train longer.
      found.addAll(overfitting.isEmpty() ? trend(train, least) : List.of());
      found.addAll(Symptoms.noise(train));
      // Steps far back may not matter to a run that learns all the same.
      found.addAll(learnt ? alongTime : List.of());
      if (found.isEmpty()) {
        found.add(
            new Diagnosis(
                Verdict.GOOD,
                text("training loss settled at %.4g and validation did not turn", last),
                List.of()));
      }
    }
    return found;
  }

  /** Whether a loss, which may be negative, rose by more than a share of itself. */
  private static boolean rose(double from, double to, double share) {
    return to - from > share * Math.abs(from);
  }

  private static List<Diagnosis> overfitting(double[] train, double[] validation) {
    double[] known = Arrays.stream(validation).filter(Double::isFinite).toArray();
    if (known.length < LEAST_REPORTS) {
      return List.of();
    }
    double last = train[train.length - 1];
    double best = Arrays.stream(known).min().orElseThrow();
    double end = known[known.length - 1];
    if (!(rose(best, end, OVERFIT) && last < train[indexOf(validation, best)])) {
      return List.of();
    }
    return List.of(
        new Diagnosis(
            Verdict.OVERFITTING,
            text(
                "validation loss rose from %.4g to %.4g while training loss went on falling to"
                    + " %.4g",
                best, end, last),
            List.of(
                "stop early with train.patience (the best checkpoint is kept in any case)",
                "raise model.dropout or train.weight_decay",
                "use a smaller model.hidden, or more data")));
  }

  private static List<Diagnosis> trend(double[] train, double least) {
    List<Diagnosis> even = Symptoms.even(train);
    if (!even.isEmpty()) {
      return even;
    }
    int n = train.length;
    double before = train[n - 1 - Math.max(1, n / 5)];
    double last = train[n - 1];
    double fall = (before - last) / Math.abs(before);
    if (fall > NOISE) {
      return List.of(
          new Diagnosis(
              Verdict.UNDERFITTING,
              text("training loss still fell from %.4g to %.4g in the last fifth", before, last),
              List.of("raise train.epochs", "raise train.rate", "use a larger model.hidden")));
    }
    double half = train[n / 2];
    if (Math.abs(half - last) <= NOISE * Math.abs(half) && least > NOISE * Math.abs(train[0])) {
      return List.of(
          new Diagnosis(
              Verdict.PLATEAUED,
              text("training loss stands at %.4g since the first half", last),
              List.of(
                  "change train.rate by a factor of 3 either way",
                  "let the rate fall with train.schedule=cosine",
                  "use a larger model")));
    }
    return List.of();
  }

  private static int indexOf(double[] values, double value) {
    for (int i = 0; i < values.length; i++) {
      if (values[i] == value) {
        return i;
      }
    }
    throw new IllegalArgumentException(value + " is not among the values");
  }

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is in a library for builds only
  static String text(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
