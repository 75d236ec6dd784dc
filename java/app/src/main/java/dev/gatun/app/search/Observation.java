package dev.gatun.app.search;

import dev.gatun.app.search.TrialRecord.State;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a strategy may learn from a trial.
 *
 * @param codes in the parameters' order
 * @param state how the trial stands
 * @param loss of the first objective, finite. A pruned trial has its last report's, but none better
 *     than the finished ones' median: it was not stopped for being good. One that failed, or
 *     reported nothing, has the worst of all; one that runs, NaN
 */
@SuppressWarnings("ArrayRecordComponent") // within this package, never changed nor compared
record Observation(double[] codes, State state, double loss) {
  /** Of all trials by number. */
  static List<Observation> of(History history) {
    double[] finished =
        history.trials().stream()
            .filter(t -> t.state() == State.FINISHED)
            .mapToDouble(history::loss)
            .filter(Double::isFinite)
            .sorted()
            .toArray();
    double median = finished.length == 0 ? 0 : finished[finished.length / 2];
    double worst = finished.length == 0 ? 0 : finished[finished.length - 1];
    List<Observation> all = new ArrayList<>();
    for (TrialRecord trial : history.trials()) {
      double loss =
          switch (trial.state()) {
            case RUNNING -> Double.NaN;
            case FAILED -> worst;
            case FINISHED -> Math.clamp(history.loss(trial), -Double.MAX_VALUE, worst);
            case PRUNED -> Math.clamp(lastReport(history, trial, worst), median, worst);
          };
      all.add(new Observation(history.space().array(trial.codes()), trial.state(), loss));
    }
    return all;
  }

  private static double lastReport(History history, TrialRecord trial, double otherwise) {
    double last = otherwise;
    for (double value : trial.reports().values()) {
      last = Double.isNaN(value) ? otherwise : history.loss(value);
    }
    return last;
  }

  /**
   * All trials by number, the best first: by loss, or by front and then the wider gap where there
   * are several objectives. Those that have not finished come after: pruned, failed, running (a
   * liar that keeps others away from what is being tried).
   */
  static List<Integer> ranked(History history) {
    List<Observation> all = of(history);
    double[] order = new double[all.size()];
    double[] then = new double[all.size()];
    for (int i = 0; i < order.length; i++) {
      order[i] = all.get(i).loss();
    }
    if (history.goals().size() > 1) {
      fronts(history, order, then);
    }
    return IntStream.range(0, order.length)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingInt(i -> stage(all.get(i).state()))
                .thenComparingDouble(i -> order[i])
                .thenComparingDouble(i -> then[i])
                .thenComparingInt(i -> i))
        .toList();
  }

  private static int stage(State state) {
    return switch (state) {
      case FINISHED -> 0;
      case PRUNED -> 1;
      case FAILED -> 2;
      case RUNNING -> 3;
    };
  }

  private static void fronts(History history, double[] order, double[] then) {
    List<TrialRecord> trials =
        history.trials().stream().filter(t -> t.state() == State.FINISHED).toList();
    List<double[]> losses = trials.stream().map(history::losses).toList();
    int[] ranks = ParetoFront.ranks(losses);
    for (int rank = 0; rank <= Arrays.stream(ranks).max().orElse(-1); rank++) {
      List<Integer> front = new ArrayList<>();
      for (int i = 0; i < ranks.length; i++) {
        if (ranks[i] == rank) {
          front.add(i);
        }
      }
      double[] crowding = ParetoFront.crowding(front.stream().map(losses::get).toList());
      for (int i = 0; i < crowding.length; i++) {
        int number = trials.get(front.get(i)).number();
        order[number] = rank;
        then[number] = -crowding[i];
      }
    }
  }
}
