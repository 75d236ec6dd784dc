package dev.gatun.app.report;

import static dev.gatun.app.report.Diagnosis.text;

import dev.gatun.app.report.Diagnosis.Verdict;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  static final double LEARNT_LITTLE = 0.5;

  /** Of a loss that falls evenly so many of the reports are below the one before. */
  private static final double MOSTLY = 0.9;

  /** And its second half falls by so much of what the first half does: a curve would bend. */
  private static final double STRAIGHT = 0.6;

  /** What a look at the gradients says in the log. */
  private static final Pattern ALONG_TIME =
      Pattern.compile("\\S+ (gradients (vanish|explode) in (.*): [^;]*);.*");

  /** A line of gradients.csv about the parameters of a layer. */
  private static final Pattern OF_LAYER = Pattern.compile("(\\d+),(.*),parameters,,(.*)");

  private static final int LEAST_LOOKS = 3;

  /** What a run says of its classifier at the end. */
  private static final Pattern CLASSIFIER =
      Pattern.compile("\\S+ \\w+: accuracy ([0-9.]+) %, macro F1 ([0-9.]+),.*");

  /** Beyond so many classes rounded figures no longer tell their number. */
  private static final int MOST_CLASSES = 20;

  private static final double ROUNDED = 1e-4;

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

  /** What watched gradients said of each layer's steps, the last of each. */
  static List<Diagnosis> alongTime(List<String> log) {
    Map<String, Diagnosis> last = new LinkedHashMap<>();
    for (String line : log) {
      Matcher of = ALONG_TIME.matcher(line);
      if (of.matches()) {
        boolean vanish = of.group(2).equals("vanish");
        last.put(
            of.group(3),
            new Diagnosis(
                vanish ? Verdict.VANISHING_GRADIENTS : Verdict.EXPLODING_GRADIENTS,
                of.group(1),
                vanish
                    ? List.of(
                        "use an LSTM or a GRU for model.cell",
                        "read only as far back as matters: a smaller data.window or"
                            + " train.time_steps",
                        "read out more than the last step: model.readout: mean or attention")
                    : List.of(
                        "clip gradients with train.clip: 1",
                        "lower train.rate",
                        "use an LSTM or a GRU, or shorter windows (train.time_steps)")));
      }
    }
    return List.copyOf(last.values());
  }

  /**
   * Layers whose gradient is exactly zero since some look: with ReLU no unit answers any input any
   * more, so that none will change (Lu et al. 2019, "Dying ReLU and initialization").
   */
  static List<Diagnosis> deadUnits(List<String> gradients) {
    Map<String, long[]> zeros = new LinkedHashMap<>(); // the first and how many, in a row
    for (String line : gradients) {
      Matcher of = OF_LAYER.matcher(line);
      if (!of.matches()) {
        continue;
      }
      long step = Long.parseLong(of.group(1));
      long[] run = zeros.computeIfAbsent(of.group(2), layer -> new long[2]);
      boolean zero = of.group(3).matches("0\\.0");
      run[0] = zero && run[1] > 0 ? run[0] : step;
      run[1] = zero ? run[1] + 1 : 0;
    }
    List<Diagnosis> dead = new ArrayList<>();
    zeros.forEach(
        (layer, run) -> {
          if (run[1] >= LEAST_LOOKS) {
            dead.add(
                new Diagnosis(
                    Verdict.DEAD_UNITS,
                    text(
                        "the gradient of layer %s is exactly 0 since step %d: no unit answers",
                        layer, run[0]),
                    List.of(
                        "use tanh, leaky-relu or elu for relu, or a GRU",
                        "lower train.rate: one large step is enough to put units out",
                        "clip gradients with train.clip: 1")));
          }
        });
    return dead;
  }

  /**
   * Says of everything the same class: of K classes, one of them with the share a, macro F1 is then
   * 2 a / (1 + a) / K.
   */
  static List<Diagnosis> oneClass(List<String> log) {
    Matcher of =
        log.stream()
            .map(CLASSIFIER::matcher)
            .filter(Matcher::matches)
            .reduce((first, second) -> second)
            .orElse(null);
    if (of == null) {
      return List.of();
    }
    double share = Double.parseDouble(of.group(1)) / 100;
    double macro = Double.parseDouble(of.group(2));
    double own = 2 * share / (1 + share);
    long classes = macro > 0 ? Math.round(own / macro) : 0;
    if (classes < 2 || classes > MOST_CLASSES || Math.abs(own / classes - macro) > ROUNDED) {
      return List.of();
    }
    return List.of(
        new Diagnosis(
            Verdict.ONE_CLASS,
            text(
                "accuracy %s %% with macro F1 %s is what one class of %d gives that is said of"
                    + " everything",
                of.group(1), of.group(2), classes),
            List.of(
                "look at confusion.svg, and at the shares of the classes with gatun data",
                "weigh the classes with train.class_weights: balanced, or train.balance: batches",
                "lower train.rate; see whether gatun train --overfit 10 learns")));
  }

  /** A loss that falls along a straight line, and not far: steps are too small for it to bend. */
  static List<Diagnosis> even(double[] train) {
    int n = train.length;
    double first = train[0];
    double last = train[n - 1];
    int falls = 0;
    for (int i = 1; i < n; i++) {
      falls += train[i] < train[i - 1] ? 1 : 0;
    }
    boolean straight = train[n / 2] - last > STRAIGHT * (first - train[(n - 1) / 2]);
    boolean little = last > LEARNT_LITTLE * first && last < first;
    if (!straight || !little || falls < MOSTLY * (n - 1)) {
      return List.of();
    }
    return List.of(
        new Diagnosis(
            Verdict.RATE_TOO_LOW,
            text(
                "training loss fell evenly from %.4g to %.4g, by %.2g %% in all, and does not bend",
                first, last, 100 * (first - last) / Math.abs(first)),
            List.of(
                "raise train.rate ten times, and again while the curve stays straight",
                "raise train.epochs if the rate is a usual one"
                    + " (docs/techniques/starting-points.md)")));
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
