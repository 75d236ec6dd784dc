package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.EmbeddingKeys;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.StabilityKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.Updates;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.TargetKind;
import dev.gatun.model.Model;
import dev.gatun.optim.Optimizer;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What is asked when a few examples cannot be learnt by heart, each with what it measured: the same
 * few steps with one thing changed.
 */
final class OverfitQuestions {
  /** The part of the first loss that counts as nothing. */
  private static final double NOTHING = 0.05;

  /** A change that leaves less than this part of the loss has found a cause. */
  private static final double CAUSE = 0.5;

  /** So has one that lets the loss fall so many times as far, where that is not next to nothing. */
  private static final double FARTHER = 2;

  /** Steps of each trial, and the least of a run to judge: enough to tell a better setting. */
  private static final int STEPS = 300;

  /** The part of all targets from which one class rules. */
  private static final double RULES = 0.8;

  private final Config config;
  private final Backend backend;
  private final int examples;
  private final int steps;
  private double first;
  private double base;

  OverfitQuestions(Config config, Backend backend, long steps) {
    this.config = config;
    this.backend = backend;
    examples = config.get(TrainKeys.OVERFIT);
    this.steps = (int) Math.min(steps, STEPS);
  }

  /**
   * What a few examples are learnt by: where {@code train.steps} does not say, enough epochs for as
   * many steps as can be judged. An epoch of a few examples may be one step.
   */
  static Config longEnough(Config config) {
    int examples = config.get(TrainKeys.OVERFIT);
    if (examples == 0 || config.get(TrainKeys.STEPS) > 0) {
      return config;
    }
    int batches = Math.ceilDiv(examples, config.get(TrainKeys.BATCH));
    int epochs = Math.ceilDiv(STEPS, Math.ceilDiv(batches, config.get(TrainKeys.ACCUMULATE)));
    return config.get(TrainKeys.EPOCHS) < epochs ? config.with(TrainKeys.EPOCHS, epochs) : config;
  }

  /** What one trial found. */
  private record Answer(String question, String measured, double left) {
    boolean found() {
      return left < CAUSE;
    }

    @Override
    public String toString() {
      return "%s? %s%s".formatted(question, measured, found() ? ": yes" : ": no");
    }
  }

  /**
   * Says whether the examples were learnt, else asks.
   *
   * @param loss at the end of the run
   * @return lines for people
   */
  List<String> ask(double loss) throws IOException {
    base = trial(config, steps);
    if (loss <= NOTHING * first) {
      return List.of(
          "learnt %d examples by heart: the loss fell from %s to %s"
              .formatted(examples, Numbers.shown(first), Numbers.shown(loss)));
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        "%d examples were not learnt by heart: the loss fell from %s to %s; after %d steps it is %s"
            .formatted(
                examples, Numbers.shown(first), Numbers.shown(loss), steps, Numbers.shown(base)));
    List<Answer> answers = List.of(imbalance(), backbone(), rate(), batch(), method());
    Answer best = answers.getFirst();
    for (int i = 0; i < answers.size(); i++) {
      lines.add("%d. %s".formatted(i + 1, answers.get(i)));
      best = answers.get(i).left < best.left ? answers.get(i) : best;
    }
    lines.add(
        best.found()
            ? "most likely: " + best.question
            : "none of these: look at the data (gatun data), or give it more train.epochs");
    return lines;
  }

  private Answer imbalance() {
    Task task = Task.of(config);
    Map<Integer, Integer> counts = new TreeMap<>();
    int all = 0;
    try (BatchSource source = task.overfitting(examples);
        Batch batch = source.newBatch()) {
      TargetKind kind = source.layout().targets();
      if (kind == TargetKind.VALUES
          && config.get(TrainKeys.LOSS) == TrainKeys.Losses.BINARY_CROSS_ENTROPY) {
        return labels(source, batch);
      }
      if (kind != TargetKind.CLASSES && kind != TargetKind.STEP_CLASSES) {
        return new Answer("imbalance", "targets are no classes", 1);
      }
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        for (long row = 0; row < batch.targetRows(); row++) {
          int target = (int) batch.targets().getLong(row);
          if (target >= 0) {
            counts.merge(target, 1, Integer::sum);
            all++;
          }
        }
      }
    }
    int most = counts.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    double share = all == 0 ? 0 : (double) most / all;
    String measured =
        "%d classes, the largest has %.0f %% of %d targets"
            .formatted(counts.size(), 100 * share, all);
    return new Answer("imbalance", measured, share > RULES ? CAUSE * 0.99 : 1);
  }

  /** Of labels that hold or not, each by itself. */
  private static Answer labels(BatchSource source, Batch batch) {
    long hold = 0;
    long all = 0;
    for (int i = 0; i < source.batches(0); i++) {
      source.fill(0, i, batch);
      long targets = batch.targetRows() * source.layout().targetColumns();
      for (long target = 0; target < targets; target++) {
        hold += batch.targets().get(target) >= 0.5 ? 1 : 0;
      }
      all += targets;
    }
    double share = all == 0 ? 0 : (double) hold / all;
    String measured = "%.0f %% of %d logistic targets hold".formatted(100 * share, all);
    boolean rules = Math.max(share, 1 - share) > RULES;
    return new Answer("imbalance", measured, rules ? CAUSE * 0.99 : 1);
  }

  private Answer backbone() throws IOException {
    List<Integer> hidden = config.get(ModelKeys.HIDDEN);
    List<Integer> more = hidden.stream().map(units -> 4 * units).toList();
    Config wider = config.with(ModelKeys.HIDDEN, more);
    String what = "with model.hidden " + more;
    // What the output layer reads is as wide as the table that it has for its weight; a projection
    // keeps its width.
    if (embeds() && config.get(EmbeddingKeys.TIED) && !projects()) {
      int embedding = 4 * config.get(EmbeddingKeys.SIZE);
      wider = wider.with(EmbeddingKeys.SIZE, embedding);
      what += " and model.embedding " + embedding;
    }
    return answer("backbone too simple", what, trial(wider, steps));
  }

  /** Whether tokens enter through a table; the keys about it have no value else. */
  private boolean embeds() {
    return switch (config.get(DataKeys.TYPE)) {
      case TEXT, STRINGS, PAIRS -> config.get(EmbeddingKeys.INPUT) == EmbeddingKeys.Entry.EMBEDDING;
      default -> false;
    };
  }

  private boolean projects() {
    return config.get(ModelKeys.CELL) == Cell.LSTM && config.get(ModelKeys.PROJECTION) > 0;
  }

  private Answer rate() throws IOException {
    double rate = config.get(TrainKeys.RATE);
    double best = Double.POSITIVE_INFINITY;
    double at = rate;
    for (double factor : new double[] {0.01, 0.1, 10, 100}) {
      double loss = trial(config.with(TrainKeys.RATE, factor * rate), steps);
      if (loss < best) {
        best = loss;
        at = factor * rate;
      }
    }
    String side = at < rate ? "large" : "small";
    return answer("rate too " + side, "with train.rate %.1e".formatted(at), best);
  }

  private Answer batch() throws IOException {
    int batch = config.get(TrainKeys.BATCH);
    int accumulate = config.get(TrainKeys.ACCUMULATE);
    if ((long) batch * accumulate >= examples) {
      return new Answer("batch too small", "a step has all examples already", 1);
    }
    double loss = trial(config.with(TrainKeys.BATCH, examples), steps);
    return answer("batch too small", "with train.batch " + examples, loss);
  }

  /** Everything that holds a model back is taken away. */
  private Answer method() throws IOException {
    Config free = config;
    List<Key<Double>> held =
        List.of(
            TrainKeys.CLIP,
            TrainKeys.WEIGHT_DECAY,
            StabilityKeys.CLIP_VALUE,
            StabilityKeys.L1,
            StabilityKeys.L2,
            StabilityKeys.WEIGHT_LIMIT,
            StabilityKeys.ROW_NORM);
    List<String> given = new ArrayList<>();
    for (Key<Double> key : held) {
      if (config.get(key) > 0) {
        given.add(key.path());
      }
      free = free.with(key, 0.0);
    }
    if (!config.get(TrainKeys.FROZEN).isEmpty()) {
      given.add(TrainKeys.FROZEN.path());
    }
    if (!config.get(StabilityKeys.GROUPS).isEmpty()) {
      given.add(StabilityKeys.GROUPS.path());
    }
    if (embeds() && config.get(EmbeddingKeys.FROZEN)) {
      given.add(EmbeddingKeys.FROZEN.path());
      free = free.with(EmbeddingKeys.FROZEN, false);
    }
    String question = "method or configuration wrong";
    if (given.isEmpty()) {
      return new Answer(question, "no limit, penalty or frozen weights are set", 1);
    }
    free = free.with(TrainKeys.FROZEN, List.of()).with(StabilityKeys.GROUPS, List.of());
    return answer(question, "without " + String.join(", ", given), trial(free, steps));
  }

  private Answer answer(String question, String what, double loss) {
    boolean finite = Double.isFinite(loss);
    String measured =
        "%s the loss is %s".formatted(what, finite ? Numbers.shown(loss) : "not finite");
    if (!finite) {
      return new Answer(question, measured, 1);
    }
    double fell = first - loss;
    boolean farther = fell > FARTHER * (first - base) && fell > NOTHING * first;
    double left = Double.isFinite(base) ? loss / Math.max(base, 1e-30) : 0;
    return new Answer(question, measured, farther ? CAUSE * Math.min(1, left) * 0.99 : left);
  }

  /** Trains for some steps from the start; gives the last loss. */
  private double trial(Config with, int count) throws IOException {
    Task task = Task.of(with);
    try (BatchSource training = task.overfitting(examples);
        Model model = task.model().build(backend, with.get(TrainKeys.SEED));
        Optimizer optimizer = Updates.optimizer(with, model.parameters())) {
      int accumulate = with.get(TrainKeys.ACCUMULATE);
      long epochSteps = Math.ceilDiv(training.batches(0), accumulate);
      double[] seen = {Double.NaN, Double.NaN};
      TrainingListener listener =
          new TrainingListener() {
            @Override
            public void onStep(Trainer trainer) {
              seen[0] = trainer.steps() == 1 ? trainer.loss() : seen[0];
              seen[1] = trainer.loss();
            }
          };
      try (Trainer trainer =
          Trainer.of(model, task.loss(), optimizer, Updates.schedule(with, epochSteps), training)
              .accumulate(accumulate)
              .epochs(Integer.MAX_VALUE)
              .maxSteps(count)
              .reportEvery(Integer.MAX_VALUE)
              .divergence(0) // rates that are far too high are tried on purpose
              .listener(listener)
              .build()) {
        trainer.run();
        first = with == config ? seen[0] : first;
        return trainer.skippedSteps() > count / 2 ? Double.NaN : seen[1];
      }
    }
  }
}
