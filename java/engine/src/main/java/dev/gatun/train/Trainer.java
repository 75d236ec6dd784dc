package dev.gatun.train;

import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.model.GradientFlow;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.NonFinite;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.optim.Averaging;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.WeightAverage;
import dev.gatun.tensor.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model: {@link #run} does all of it, {@link #step}, {@link #report} and {@link #save} are
 * its pieces for a loop of one's own. For one thread; {@link #requestStop} may come from any.
 *
 * <p>The order of the data is a function of seed and epoch, masks of seed and step: a run that was
 * resumed from a checkpoint gives the same bits as one that was not interrupted.
 */
public final class Trainer extends RunFigures implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Trainer.class.getName());
  private final TrainerBuilder options;
  private final Model model;
  private final Optimizer optimizer;
  private final Plan plan;
  private final UpdateStep update;
  private final @Nullable Evaluator evaluator;
  private final Batch[] batches;
  private final Checkpoint checkpoint;
  private final Saving saving;
  private final @Nullable WeightAverage average;
  private final Usage usage = new Usage("the trainer");
  private final TrainingListener[] listeners;
  private long startNanos = System.nanoTime();
  private double weight;
  private volatile boolean stopRequested;
  private final Runnable watch = this::watchGradients;

  /** Steps of time that a look at gradients takes; each costs about a step. */
  private static final int WATCHED = 9;

  Trainer(TrainerBuilder options) {
    super(new Progress(options.earlyStop), new Divergence(options));
    this.options = options;
    model = options.model;
    optimizer = options.optimizer;
    listeners = options.listeners.toArray(TrainingListener[]::new);
    BatchSource training = options.training;
    batches = new Batch[options.accumulate];
    plan = model.plan(PlanSpec.training(training.layout()), options.loss);
    update = new UpdateStep(plan, optimizer, options.graphs);
    saving = new Saving(this, options, divergence);
    Evaluator made = null;
    WeightAverage mean = null;
    try {
      Averaging how = options.averaging;
      mean = how == null ? null : new WeightAverage(model.parameters(), how);
      for (int i = 0; i < batches.length; i++) {
        batches[i] = training.newBatch();
      }
      BatchSource validation = options.validation;
      made = validation == null ? null : new Evaluator(model, options.loss.measured(), validation);
      checkpoint = new Checkpoint(model, optimizer, plan, training, mean);
    } catch (RuntimeException | Error e) {
      free(made, mean);
      throw e;
    }
    evaluator = made;
    average = mean;
  }

  /**
   * Starts the options of a trainer.
   *
   * @param model what learns
   * @param loss what becomes small
   * @param optimizer made for the model's parameters
   * @param schedule the rate of each step
   * @param training what it learns from
   */
  public static TrainerBuilder of(
      Model model, Loss loss, Optimizer optimizer, Schedule schedule, BatchSource training) {
    return new TrainerBuilder(model, loss, optimizer, schedule, training);
  }

  /**
   * Trains until the configured end, early stop or {@link #requestStop}, with reports and
   * checkpoints on the way and a checkpoint at the end.
   *
   * @throws IOException if a checkpoint cannot be written
   */
  public Outcome run() throws IOException {
    usage.enter();
    try {
      return runToEnd();
    } finally {
      usage.exit();
    }
  }

  private Outcome runToEnd() throws IOException {
    for (TrainingListener listener : listeners) {
      listener.onStart(this);
    }
    if (progress.step == 0) {
      divergence.begin(progress);
    }
    saving.first(progress);
    Outcome outcome = ended();
    while (outcome == null) {
      if (progress.reportDue) {
        report();
      } else {
        step();
        saving.every(progress);
      }
      outcome = ended();
    }
    if (!outcome.failed() && !model.parameters().finite()) {
      outcome = Outcome.NON_FINITE;
    } else if (outcome != Outcome.INTERRUPTED && !outcome.failed() && divergence.atEnd(progress)) {
      outcome = Outcome.DIVERGED;
    }
    if (outcome.failed()) {
      if (outcome == Outcome.DIVERGED && progress.stepped > 0) {
        report(); // the figures that say so
      }
      saving.goBack(outcome);
    } else {
      saving.last();
    }
    stopRequested = false;
    for (TrainingListener listener : listeners) {
      listener.onEnd(this, outcome);
    }
    return outcome;
  }

  private @Nullable Outcome ended() {
    int patience = options.earlyStop.patience();
    boolean patient = patience == 0 || progress.reportsSinceBest < patience;
    boolean done = progress.epoch >= options.epochs || progress.step >= options.maxSteps;
    // A stop that is asked for when nothing is left to do interrupts nothing.
    if (stopRequested && (progress.reportDue || (patient && !done))) {
      return Outcome.INTERRUPTED;
    }
    if (progress.skippedInRow >= options.nonFinite.limit()) {
      return Outcome.NON_FINITE;
    }
    if (divergence.now(progress)) {
      return Outcome.DIVERGED;
    }
    if (progress.reportDue) {
      return null;
    }
    if (!patient) {
      return Outcome.EARLY_STOPPED;
    }
    return done ? Outcome.COMPLETED : null;
  }

  /**
   * One update from the next batch, or the next few where gradients are accumulated. Allocates
   * nothing; listeners are told. A gradient that is not finite leaves the parameters as they are. A
   * step without any valid target has loss 0 and gradients of zero, and is an update like others.
   *
   * @throws IllegalStateException if the trainer, its model or their backend has been closed
   */
  public void step() {
    usage.enter();
    try {
      runStep();
    } finally {
      usage.exit();
    }
  }

  private void runStep() {
    int left = options.training.batches(progress.epoch) - progress.index;
    int count = Math.min(options.accumulate, left);
    fill(count);
    double rate =
        options.schedule.at(progress.step) * progress.plateau.scale() * progress.rateScale;
    boolean watched = options.watchEvery > 0 && progress.step % options.watchEvery == 0;
    double own = update.run(batches, count, weight, progress, rate, watched ? watch : null);
    progress.updated(rate, optimizer);
    loss = own + progress.penalty;
    progress.forwards += count;
    progress.step++;
    long nonFinite = optimizer.nonFinite();
    if (nonFinite >= 0) {
      skipped(nonFinite, count);
    } else {
      progress.stepped(loss, weight, options.nonFinite);
      divergence.stepped(progress, own);
      if (average != null) {
        average.update(progress.step);
      }
    }
    int epoch = progress.epoch;
    progress.advance(count, options);
    for (TrainingListener listener : listeners) {
      listener.onStep(this);
    }
    if (progress.epoch > epoch) {
      for (TrainingListener listener : listeners) {
        listener.onEpoch(this);
      }
    }
  }

  private void watchGradients() {
    GradientFlow flow = GradientFlow.of(plan, model.parameters(), WATCHED);
    for (TrainingListener listener : listeners) {
      listener.onGradients(this, flow);
    }
  }

  private void fill(int count) {
    positions = 0;
    weight = 0;
    sequences = 0;
    for (int i = 0; i < count; i++) {
      options.training.fill(progress.epoch, progress.index + i, batches[i]);
      positions += batches[i].targetCount();
      weight += plan.weight(batches[i]);
      sequences += batches[i].size();
    }
  }

  private void skipped(long index, int count) {
    double scale = model.backend().lossScale();
    progress.skip(scale > 1, options.nonFinite);
    String parameter = model.parameters().at(index).name();
    NonFinite fault = update.fault();
    SkippedStep skipped =
        new SkippedStep(
            progress.step,
            progress.epoch,
            progress.index + (fault == null ? 0 : update.faultBatch()),
            fault == null ? count : 1,
            SkippedStep.Cause.of(fault),
            fault == null ? parameter.substring(0, parameter.indexOf('.')) : fault.layer(),
            parameter,
            progress.skippedInRow,
            scale,
            progress.rateScale);
    LOG.log(skipped.level(), skipped.toString());
    for (TrainingListener listener : listeners) {
      listener.onSkipped(this, skipped);
    }
  }

  /**
   * Takes the mean training loss since the last report and, with validation data, the loss on that;
   * writes checkpoints where a folder was given; tells listeners. Without any valid target since
   * then the training loss is 0, without any step that was not skipped NaN.
   *
   * @throws IllegalStateException if the validation data has no valid target to tell good from bad
   * @throws IOException if a checkpoint cannot be written
   */
  public void report() throws IOException {
    progress.startReport();
    swapAverage();
    try {
      if (evaluator != null) {
        progress.validated(evaluator.validationLoss());
      }
      measured = options.measures == null ? measured : options.measures.measure();
    } finally {
      swapAverage();
    }
    progress.watch(options.plateau, evaluator != null);
    boolean ruined = divergence.doubtful(progress);
    boolean best = best(ruined);
    for (TrainingListener listener : listeners) {
      listener.onReport(this);
    }
    if (best) {
      saving.best();
    }
    saving.report(progress, ruined);
  }

  private void swapAverage() {
    if (average != null) {
      average.swap();
    }
  }

  private boolean best(boolean ruined) {
    EarlyStop rule = options.earlyStop;
    if (evaluator == null && rule.metric().equals(EarlyStop.VALIDATION_LOSS)) {
      return false;
    }
    return progress.judge(ruined ? Double.NaN : value(rule), rule);
  }

  /**
   * Writes everything that {@link #resume} needs, atomically.
   *
   * @param file a safetensors file, created or replaced; its folder is created
   * @throws IOException if it cannot be written
   */
  public void save(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    progress.seconds = seconds();
    startNanos = System.nanoTime();
    checkpoint.write(file, progress, options.strings);
    for (TrainingListener listener : listeners) {
      listener.onCheckpoint(this, file);
    }
  }

  /**
   * Continues a run from its checkpoint: same model, seed, data and options, other objects. Nothing
   * changes if it does not fit. The data is known again by some batches of its first epoch, which
   * are filled for that.
   *
   * @throws dev.gatun.persist.FormatException if the file is broken or of another model, optimizer
   *     or seed, or of other data or another order of it
   * @throws IOException if it cannot be read
   */
  public void resume(Path file) throws IOException {
    progress = checkpoint.read(file, options.earlyStop);
    startNanos = System.nanoTime();
  }

  /** Asks {@link #run} to finish the step, save and return; it can be run on. From any thread. */
  public void requestStop() {
    stopRequested = true;
  }

  /** The steps of an epoch. */
  public long stepsInEpoch(int epoch) {
    return Math.ceilDiv(options.training.batches(epoch), options.accumulate);
  }

  /** Seconds since the trainer was made, with those before each resume. */
  public double seconds() {
    return progress.seconds + (System.nanoTime() - startNanos) * 1e-9;
  }

  /** The bytes of the plans for training and validation. */
  public long bytes() {
    return plan.bytes() + (evaluator == null ? 0 : evaluator.bytes());
  }

  /**
   * Frees the plans; model, optimizer and data stay the caller's.
   *
   * @throws IllegalStateException if a step or run goes on; {@link #requestStop} ends it
   */
  @Override
  public void close() {
    if (usage.close()) {
      free(evaluator, average);
    }
  }

  private void free(@Nullable Evaluator made, @Nullable WeightAverage mean) {
    if (made != null) {
      made.close();
    }
    if (mean != null) {
      mean.close();
    }
    for (@Nullable Batch batch : batches) {
      if (batch != null) { // null where construction failed half-way
        batch.close();
      }
    }
    update.close();
    plan.close();
  }
}
