package dev.gatun.app.search;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * How much each parameter matters: by how much a random forest's error grows when that parameter's
 * values are exchanged at random among the trials that a tree has not seen (Breiman, "Random
 * Forests", 2001, section 10), as a part of the sum over all parameters.
 */
public final class Importance {
  private static final int TREES = 64;

  private Importance() {}

  /**
   * Of a study's finished trials.
   *
   * @param study has at least 4 of them with finite values
   * @param objective which one, from 0
   * @return a part of 1 for each parameter, the largest first; all 0 where nothing can be told
   * @throws IllegalArgumentException for fewer trials
   */
  public static SequencedMap<String, Double> of(Study study, int objective) {
    List<TrialRecord> trials =
        study.trials().stream()
            .filter(t -> t.state() == TrialRecord.State.FINISHED)
            .filter(t -> Double.isFinite(t.values().get(objective)))
            .toList();
    if (trials.size() < 4) {
      throw new IllegalArgumentException(
          "importance needs at least 4 finished trials, not " + trials.size());
    }
    double[][] points =
        trials.stream()
            .map(t -> study.space().features(study.space().array(t.codes())))
            .toArray(double[][]::new);
    double[] values = trials.stream().mapToDouble(t -> t.values().get(objective)).toArray();
    boolean[] choices = study.space().choices();
    double[] gains = gains(points, values, choices, study.seed());
    double sum = Arrays.stream(gains).sum();
    SequencedMap<String, Double> parts = new LinkedHashMap<>();
    IntStream.range(0, gains.length)
        .boxed()
        .sorted((a, b) -> Double.compare(gains[b], gains[a]))
        .forEach(
            i ->
                parts.put(
                    study.space().parameters().get(i).name(), sum > 0 ? gains[i] / sum : 0.0));
    return parts;
  }

  private static double[] gains(double[][] points, double[] values, boolean[] choices, long seed) {
    int n = points.length;
    double[] gains = new double[choices.length];
    for (int tree = 0; tree < TREES; tree++) {
      SplittableRandom random = Streams.of(seed, tree);
      boolean[] seen = new boolean[n];
      int[] rows = random.ints(n, 0, n).toArray();
      for (int row : rows) {
        seen[row] = true;
      }
      int[] unseen = IntStream.range(0, n).filter(i -> !seen[i]).toArray();
      RegressionTree grown = new RegressionTree(points, values, choices, rows);
      for (int d = 0; d < gains.length; d++) {
        int[] donors = unseen.clone();
        for (int i = donors.length - 1; i > 0; i--) {
          int j = random.nextInt(i + 1);
          int kept = donors[i];
          donors[i] = donors[j];
          donors[j] = kept;
        }
        for (int i = 0; i < unseen.length; i++) {
          double[] point = points[unseen[i]].clone();
          double error = values[unseen[i]] - grown.predict(point);
          point[d] = points[donors[i]][d];
          double after = values[unseen[i]] - grown.predict(point);
          gains[d] += (after * after - error * error) / unseen.length;
        }
      }
    }
    return Arrays.stream(gains).map(g -> Math.max(0, g)).toArray();
  }
}
