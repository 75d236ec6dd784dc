package dev.gatun.train;

import dev.gatun.backend.Backend;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.optim.Averaging;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Plateau;
import dev.gatun.optim.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The options of a {@link Trainer}; everything given stays the caller's to close. */
public final class TrainerBuilder {
  /** What {@link #divergence} is unless set. */
  public static final double DIVERGENCE = 5;

  final Model model;
  final Loss loss;
  final Optimizer optimizer;
  final Schedule schedule;
  final BatchSource training;
  @Nullable BatchSource validation;
  int epochs = 1;
  long maxSteps = Long.MAX_VALUE;
  int accumulate = 1;
  long reportEvery;
  EarlyStop earlyStop = EarlyStop.after(0);
  @Nullable Measures measures;
  @Nullable Plateau plateau;
  @Nullable Averaging averaging;
  NonFinitePolicy nonFinite = NonFinitePolicy.DEFAULT;
  double divergence = DIVERGENCE;
  @Nullable Path checkpoints;
  long checkpointEvery;
  int checkpointKeep;
  long watchEvery;
  boolean graphs;
  final Map<String, String> strings = new LinkedHashMap<>();
  final List<TrainingListener> listeners = new ArrayList<>();

  TrainerBuilder(
      Model model, Loss loss, Optimizer optimizer, Schedule schedule, BatchSource training) {
    this.model = Objects.requireNonNull(model, "model");
    this.loss = Objects.requireNonNull(loss, "loss");
    this.optimizer = Objects.requireNonNull(optimizer, "optimizer");
    this.schedule = Objects.requireNonNull(schedule, "schedule");
    this.training = Objects.requireNonNull(training, "training");
  }

  /** Data that is looked at, and not learnt from, at each report. */
  public TrainerBuilder validation(BatchSource source) {
    validation = Objects.requireNonNull(source, "source");
    return this;
  }

  /** How often the training data is gone through; 1 unless set. */
  public TrainerBuilder epochs(int count) {
    epochs = atLeast(1, count, "epochs");
    return this;
  }

  /** Ends the run after so many steps, if the epochs have not ended before. */
  public TrainerBuilder maxSteps(long count) {
    maxSteps = atLeast(1, count, "maxSteps");
    return this;
  }

  /** Adds up the gradients of so many batches for one update, as if they were one; 1 unless set. */
  public TrainerBuilder accumulate(int batches) {
    accumulate = atLeast(1, batches, "accumulate");
    return this;
  }

  /** Reports and validates every so many steps instead of after each epoch. */
  public TrainerBuilder reportEvery(long steps) {
    reportEvery = atLeast(1, steps, "reportEvery");
    return this;
  }

  /** Stops after so many reports in a row without a better validation loss. */
  public TrainerBuilder patience(int reports) {
    return earlyStop(EarlyStop.after(atLeast(1, reports, "patience")));
  }

  /** Which figure tells the best checkpoint, and when to stop for want of a better one. */
  public TrainerBuilder earlyStop(EarlyStop how) {
    earlyStop = Objects.requireNonNull(how, "how");
    return this;
  }

  /** What else is measured at each report; an {@link EarlyStop} may go by one of its names. */
  public TrainerBuilder measures(Measures how) {
    measures = Objects.requireNonNull(how, "how");
    return this;
  }

  /**
   * Averages the weights over the steps. Validation, {@link #measures} and checkpoints have the
   * average, once there is one; learning goes on with the weights themselves, which checkpoints
   * keep beside it.
   */
  public TrainerBuilder average(Averaging how) {
    averaging = Objects.requireNonNull(how, "how");
    return this;
  }

  /**
   * Lowers the schedule's rate where the validation loss, without validation data the training
   * loss, has stopped falling.
   */
  public TrainerBuilder reduceOnPlateau(Plateau how) {
    plateau = Objects.requireNonNull(how, "how");
    return this;
  }

  /** Stops after so many steps in a row that were not finite; 10 unless set. */
  public TrainerBuilder maxSkippedInRow(int steps) {
    return nonFinite(nonFinite.withLimit(atLeast(1, steps, "maxSkippedInRow")));
  }

  /** What is done about losses and gradients that are not finite. */
  public TrainerBuilder nonFinite(NonFinitePolicy policy) {
    nonFinite = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * Ends {@link Trainer#run} with {@link Outcome#DIVERGED} where most of the last steps have a loss
   * that is above what the run began with by more than so many times that. Its measure is the loss
   * of the first eight batches with the initial values, whether negative or next to 0: its size, or
   * the most that one of them is away from it. They are run once before the first step, and again
   * before the initial checkpoint is replaced.
   *
   * @param factor above 0; 0: the run goes on whatever its loss is
   */
  public TrainerBuilder divergence(double factor) {
    if (!(factor >= 0 && factor <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "divergence " + factor + " must be at least 0, and finite");
    }
    divergence = factor;
    return this;
  }

  /**
   * Writes {@code last.safetensors} before the first step, at each report and at the end, and with
   * validation data or an {@link #earlyStop} by another figure {@code best.safetensors} when it is
   * the best so far.
   *
   * @param folder created if missing
   */
  public TrainerBuilder checkpoints(Path folder) {
    checkpoints = Objects.requireNonNull(folder, "folder");
    return this;
  }

  /** Also writes {@code last.safetensors} every so many steps. */
  public TrainerBuilder checkpointEvery(long steps) {
    checkpointEvery = atLeast(1, steps, "checkpointEvery");
    return this;
  }

  /**
   * Keeps the newest of those that {@link #checkpointEvery} writes as {@code step-N.safetensors}.
   *
   * @param count how many
   */
  public TrainerBuilder checkpointKeep(int count) {
    checkpointKeep = atLeast(1, count, "checkpointKeep");
    return this;
  }

  /**
   * Looks at gradients in the first step and every so many from there: {@link
   * TrainingListener#onGradients}. Such a step costs some others.
   */
  public TrainerBuilder watchGradients(long everySteps) {
    watchEvery = atLeast(1, everySteps, "watchGradients");
    return this;
  }

  /**
   * Has a GPU repeat whole training steps, as one launch each, instead of being asked for every
   * kernel: the first step of each shape runs as always, the second is recorded. Results are the
   * same, bit for bit. Ragged batches run as always, and so does everything, with a line in the
   * log, if the device refuses. Layers, losses and optimizers of one's own keep what changes from
   * step to step in tensors ({@link dev.gatun.backend.Backend#record}).
   *
   * @param value false unless set
   */
  public TrainerBuilder graphs(boolean value) {
    graphs = value;
    return this;
  }

  /** A string to keep in each checkpoint, as the configuration or the vocabulary. */
  public TrainerBuilder metadata(String key, String value) {
    strings.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value"));
    return this;
  }

  /** Someone to be told what happens. */
  public TrainerBuilder listener(TrainingListener listener) {
    listeners.add(Objects.requireNonNull(listener, "listener"));
    return this;
  }

  /**
   * Reserves the plans for training and validation.
   *
   * @throws IllegalArgumentException if options contradict each other, or the shapes of the data
   *     are not the model's and the loss's
   * @throws IllegalStateException if the model or its backend has been closed
   */
  public Trainer build() {
    checkEarlyStop();
    if (checkpointKeep > 0 && checkpointEvery == 0) {
      throw new IllegalArgumentException("checkpointKeep needs checkpointEvery");
    }
    if (checkpointEvery > 0 && checkpoints == null) {
      throw new IllegalArgumentException("checkpointEvery needs a folder for checkpoints");
    }
    if (optimizer.parameters() != model.parameters()) {
      throw new IllegalArgumentException(
          "the optimizer was made for the parameters of another model than the one to train");
    }
    Backend backend = model.backend();
    if (graphs && !backend.hasGraphs()) {
      throw new IllegalArgumentException(
          "graphs: the backend %s has none, only a GPU does: leave them out, or use the backend cuda"
              .formatted(backend.name()));
    }
    if (training.batches(0) < 1) {
      throw new IllegalArgumentException("the training data has no batches");
    }
    DataFit.check("training", training.layout(), model, loss);
    if (validation != null) {
      DataFit.check("validation", validation.layout(), model, loss);
    }
    return new Trainer(this);
  }

  private void checkEarlyStop() {
    String metric = earlyStop.metric();
    if (earlyStop.patience() > 0
        && validation == null
        && metric.equals(EarlyStop.VALIDATION_LOSS)) {
      throw new IllegalArgumentException(
          "patience " + earlyStop.patience() + " needs validation data");
    }
    if (!earlyStop.isLoss() && measures == null) {
      throw new IllegalArgumentException(
          "early stopping by %s needs measures that give it".formatted(metric));
    }
  }

  private static <T extends Number> T atLeast(long least, T value, String name) {
    if (value.longValue() < least) {
      throw new IllegalArgumentException(name + " " + value + " must be at least " + least);
    }
    return value;
  }
}
