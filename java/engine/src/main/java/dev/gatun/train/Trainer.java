package dev.gatun.train;

import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedule;
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
public final class Trainer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Trainer.class.getName());
  private final TrainerBuilder options;
  private final Model model;
  private final Optimizer optimizer;
  private final Plan plan;
  private final UpdateStep update;
  private final @Nullable Evaluator evaluator;
  private final Batch[] batches;
  private final Checkpoint checkpoint;
  private final Usage usage = new Usage("the trainer");
  private final TrainingListener[] listeners;
  private Progress progress = new Progress();
  private long startNanos = System.nanoTime();
  private double loss = Double.NaN;
  private double rate = Double.NaN;
  private double norm = Double.NaN;
  private long positions;
  private double weight;
  private int sequences;
  private volatile boolean stopRequested;

  Trainer(TrainerBuilder options) {
    this.options = options;
    model = options.model;
    optimizer = options.optimizer;
    listeners = options.listeners.toArray(TrainingListener[]::new);
    BatchSource training = options.training;
    batches = new Batch[options.accumulate];
    plan = model.plan(PlanSpec.training(training.layout()), options.loss);
    update = new UpdateStep(plan, optimizer, options.graphs);
    Evaluator made = null;
    try {
      for (int i = 0; i < batches.length; i++) {
        batches[i] = training.newBatch();
      }
      BatchSource validation = options.validation;
      made = validation == null ? null : new Evaluator(model, options.loss, validation);
      checkpoint = new Checkpoint(model, optimizer, plan, training);
    } catch (RuntimeException | Error e) {
      free(made);
      throw e;
    }
    evaluator = made;
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
    Outcome outcome = ended();
    while (outcome == null) {
      if (progress.reportDue) {
        report();
      } else {
        step();
        saveEvery();
      }
      outcome = ended();
    }
    if (outcome != Outcome.NON_FINITE) {
      outcome = model.parameters().finite() ? outcome : Outcome.NON_FINITE;
      saveLast();
    }
    stopRequested = false;
    for (TrainingListener listener : listeners) {
      listener.onEnd(this, outcome);
    }
    return outcome;
  }

  private @Nullable Outcome ended() {
    if (stopRequested) {
      return Outcome.INTERRUPTED;
    }
    if (progress.skippedInRow >= options.maxSkippedInRow) {
      return Outcome.NON_FINITE;
    }
    if (progress.reportDue) {
      return null;
    }
    if (options.patience > 0 && progress.reportsSinceBest >= options.patience) {
      return Outcome.EARLY_STOPPED;
    }
    boolean done = progress.epoch >= options.epochs || progress.step >= options.maxSteps;
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
    rate = options.schedule.at(progress.step) * progress.plateau.scale();
    loss = update.run(batches, count, weight, progress.forwards, rate);
    progress.forwards += count;
    norm = optimizer.norm();
    progress.step++;
    long nonFinite = optimizer.nonFinite();
    if (nonFinite >= 0) {
      skipped(nonFinite, count);
    } else {
      progress.stepped(loss, weight);
    }
    progress.advance(count, options);
    for (TrainingListener listener : listeners) {
      listener.onStep(this);
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
    String parameter = model.parameters().at(index).name();
    SkippedStep skipped = progress.skip(count, parameter, model.backend().lossScale());
    LOG.log(skipped.level(), skipped.toString());
    for (TrainingListener listener : listeners) {
      listener.onSkipped(this, skipped);
    }
  }

  /**
   * Takes the mean training loss since the last report and, with validation data, the loss on that;
   * writes checkpoints where a folder was given; tells listeners. Without any valid target since
   * then the training loss is 0.
   *
   * @throws IllegalStateException if the validation data has no valid target to tell good from bad
   * @throws IOException if a checkpoint cannot be written
   */
  public void report() throws IOException {
    progress.startReport();
    boolean best = evaluator != null && progress.validated(evaluator.validationLoss());
    progress.watch(options.plateau, evaluator != null);
    for (TrainingListener listener : listeners) {
      listener.onReport(this);
    }
    Path folder = options.checkpoints;
    if (best && folder != null) {
      save(folder.resolve("best.safetensors"));
    }
    saveLast();
  }

  private void saveEvery() throws IOException {
    // Where a report is due it saves, when there is more to save.
    if (options.checkpointEvery > 0
        && progress.step % options.checkpointEvery == 0
        && !progress.reportDue
        && progress.skippedInRow == 0) {
      saveLast();
    }
  }

  private void saveLast() throws IOException {
    Path folder = options.checkpoints;
    if (folder == null) {
      return;
    }
    // What was saved last can be gone on from; NaN cannot.
    if (model.parameters().finite()) {
      save(folder.resolve("last.safetensors"));
    } else {
      LOG.log(
          System.Logger.Level.WARNING,
          "step {0}: the weights are not finite; the checkpoint before is kept",
          progress.step);
    }
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
    progress = checkpoint.read(file);
    startNanos = System.nanoTime();
  }

  /** Asks {@link #run} to finish the step, save and return; it can be run on. From any thread. */
  public void requestStop() {
    stopRequested = true;
  }

  /** Steps done, skipped ones included. */
  public long steps() {
    return progress.step;
  }

  /** Steps whose update was left out. */
  public long skippedSteps() {
    return progress.skipped;
  }

  /** Epochs done. */
  public int epoch() {
    return progress.epoch;
  }

  /** The next batch's index in its epoch. */
  public int batchIndex() {
    return progress.index;
  }

  /** The steps of an epoch. */
  public long stepsInEpoch(int epoch) {
    return Math.ceilDiv(options.training.batches(epoch), options.accumulate);
  }

  /** The last step's loss, before its update; NaN before the first. */
  public double loss() {
    return loss;
  }

  /** The last step's rate. */
  public double rate() {
    return rate;
  }

  /** The norm of the last step's gradient before clipping. */
  public double gradientNorm() {
    return norm;
  }

  /** The valid positions of the last step. */
  public long positions() {
    return positions;
  }

  /** The sequences of the last step. */
  public int sequences() {
    return sequences;
  }

  /** The training loss over the steps between the last two reports; NaN before the first. */
  public double trainLoss() {
    return progress.trainLoss;
  }

  /** The validation loss at the last report; NaN without. */
  public double validationLoss() {
    return progress.validationLoss;
  }

  /** The best validation loss; infinite without. */
  public double bestLoss() {
    return progress.bestLoss;
  }

  /** The step of the best validation loss. */
  public long bestStep() {
    return progress.bestStep;
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
      free(evaluator);
    }
  }

  private void free(@Nullable Evaluator made) {
    if (made != null) {
      made.close();
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
