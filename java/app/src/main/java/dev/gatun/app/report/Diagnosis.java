package dev.gatun.app.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What the loss curves of a run say. The thresholds are rules of thumb, stated with each verdict.
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
  private static final double DIVERGED = 1.5;

  /** What can be told from curves. */
  public enum Verdict {
    TOO_SHORT,
    DIVERGING,
    OVERFITTING,
    UNDERFITTING,
    PLATEAUED,
    GOOD
  }

  /** Reads the curves of a run. */
  public static Diagnosis of(Metrics metrics) {
    double[] train = metrics.column("train_loss");
    double[] validation = metrics.column("validation_loss");
    int n = train.length;
    if (n < LEAST_REPORTS) {
      return new Diagnosis(
          Verdict.TOO_SHORT,
          n + " reports; " + LEAST_REPORTS + " are needed",
          List.of("train longer, or report more often with train.report_every"));
    }
    double least = Arrays.stream(train).min().orElseThrow();
    double last = train[n - 1];
    if (Arrays.stream(train).anyMatch(x -> !Double.isFinite(x)) || last > DIVERGED * least) {
      return new Diagnosis(
          Verdict.DIVERGING,
          text("training loss rose from %.4g to %.4g", least, last),
          List.of("lower train.rate", "clip gradients with train.clip", "add a warm-up"));
    }
    double[] known = Arrays.stream(validation).filter(Double::isFinite).toArray();
    if (known.length >= LEAST_REPORTS) {
      double best = Arrays.stream(known).min().orElseThrow();
      double end = known[known.length - 1];
      if (end > best * (1 + OVERFIT) && last < train[indexOf(validation, best)]) {
        return new Diagnosis(
            Verdict.OVERFITTING,
            text(
                "validation loss rose from %.4g to %.4g while training loss went on falling to"
                    + " %.4g",
                best, end, last),
            List.of(
                "stop early with train.patience (the best checkpoint is kept in any case)",
                "raise model.dropout or train.weight_decay",
                "use a smaller model.hidden, or more data"));
      }
    }
    return trend(train, least);
  }

  private static Diagnosis trend(double[] train, double least) {
    int n = train.length;
    double before = train[n - 1 - Math.max(1, n / 5)];
    double last = train[n - 1];
    double fall = (before - last) / Math.abs(before);
    if (fall > NOISE) {
      return new Diagnosis(
          Verdict.UNDERFITTING,
          text("training loss still fell from %.4g to %.4g in the last fifth", before, last),
          List.of("raise train.epochs", "raise train.rate", "use a larger model.hidden"));
    }
    double half = train[n / 2];
    if (Math.abs(half - last) <= NOISE * Math.abs(half) && least > NOISE * Math.abs(train[0])) {
      return new Diagnosis(
          Verdict.PLATEAUED,
          text("training loss stands at %.4g since the first half", last),
          List.of(
              "change train.rate by a factor of 3 either way",
              "let the rate fall with train.schedule=cosine",
              "use a larger model"));
    }
    return new Diagnosis(
        Verdict.GOOD,
        text("training loss settled at %.4g and validation did not turn", last),
        List.of());
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
  private static String text(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
