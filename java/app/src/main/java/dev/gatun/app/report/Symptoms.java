package dev.gatun.app.report;

import static dev.gatun.app.report.Diagnosis.text;

import dev.gatun.app.report.Diagnosis.Verdict;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a run's log and its gradients show besides its losses. */
final class Symptoms {
  /** A line about a step that was left out; those for fp16's loss scale are ordinary. */
  private static final Pattern SKIPPED =
      Pattern.compile("\\S+ (step \\d+ \\(.*\\) skipped: .*not finite.*)");

  private static final String ORDINARY = "loss scale";

  /** A norm of gradients so many times the usual one before it is a spike. */
  private static final double SPIKE = 50;

  /**
   * Gradients that have fallen to this share of the first, while the loss has not, carry nothing.
   */
  private static final double VANISHED = 1e-4;

  /** The part of the first loss that is left when little has been learnt. */
  private static final double LEARNT_LITTLE = 0.5;

  /** A loss that goes to and fro by so much of itself between reports is noisy. */
  private static final double RESTLESS = 0.05;

  private Symptoms() {}

  static List<Diagnosis> nonFinite(List<String> log) {
    List<String> skipped =
        log.stream()
            .map(SKIPPED::matcher)
            .filter(Matcher::matches)
            .map(m -> m.group(1))
            .filter(line -> !line.contains(ORDINARY))
            .toList();
    if (skipped.isEmpty()) {
      return List.of();
    }
    return List.of(
        new Diagnosis(
            Verdict.NON_FINITE,
            text(
                "%d step%s left out, the first: %s",
                skipped.size(), skipped.size() == 1 ? " was" : "s were", skipped.getFirst()),
            List.of(
                "lower train.rate, or warm up with train.schedule.warmup",
                "clip gradients with train.clip: 1",
                "look at the data of that batch with gatun data")));
  }

  static List<Diagnosis> gradients(double[] norms, double[] losses) {
    double[] known = Arrays.stream(norms).filter(Double::isFinite).toArray();
    int n = known.length;
    if (n < 5) {
      return List.of();
    }
    for (int i = 2; i < n; i++) {
      // Of those before: norms that fall as a model learns are no spikes at their start.
      double usual = median(Arrays.copyOf(known, i));
      if (usual > 0 && known[i] > SPIKE * usual) {
        return List.of(exploding(known[i], usual));
      }
    }
    double end = median(Arrays.copyOfRange(known, n - Math.max(1, n / 5), n));
    boolean learnt = losses[losses.length - 1] < LEARNT_LITTLE * losses[0];
    if (end < VANISHED * known[0] && !learnt) {
      return List.of(
          new Diagnosis(
              Verdict.VANISHING_GRADIENTS,
              text(
                  "the norm of the gradient fell from %.3g to %.3g while the loss stayed at %.4g",
                  known[0], end, losses[losses.length - 1]),
              List.of(
                  "use an LSTM or a GRU for model.cell",
                  "use tanh or ReLU with layer normalisation (model.layer_norm)",
                  "shorten the way back through time")));
    }
    return List.of();
  }

  private static Diagnosis exploding(double norm, double usual) {
    return new Diagnosis(
        Verdict.EXPLODING_GRADIENTS,
        text("the norm of the gradient was %.3g at one report and %.3g before", norm, usual),
        List.of(
            text("clip gradients with train.clip: %.1g", 2 * usual),
            "lower train.rate",
            "use an LSTM or a GRU, or shorter windows (train.time_steps)"));
  }

  static List<Diagnosis> noise(double[] train) {
    int half = train.length / 2;
    double turns = 0;
    double moved = 0;
    for (int i = half + 1; i < train.length; i++) {
      moved += Math.abs(train[i] - train[i - 1]);
      if (i > half + 1) {
        turns += (train[i] - train[i - 1]) * (train[i - 1] - train[i - 2]) < 0 ? 1 : 0;
      }
    }
    int steps = train.length - half - 1;
    double mean = Arrays.stream(train, half, train.length).map(Math::abs).average().orElse(0);
    double share = moved / steps / mean;
    if (steps < 4 || share < RESTLESS || turns < 0.4 * (steps - 1)) {
      return List.of();
    }
    return List.of(
        new Diagnosis(
            Verdict.NOISY,
            text(
                "training loss went to and fro by %.0f %% from report to report in the second half",
                100 * share),
            List.of(
                "raise train.batch or train.accumulate",
                "lower train.rate, or let it fall with train.schedule=cosine",
                "report over more steps with train.report_every")));
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }
}
