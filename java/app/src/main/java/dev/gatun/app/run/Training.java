package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.report.Log;
import dev.gatun.app.report.Metrics;
import dev.gatun.app.report.Progress;
import dev.gatun.app.task.LearntStarts;
import dev.gatun.app.task.SeriesTask;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.Updates;
import dev.gatun.backend.Backend;
import dev.gatun.data.BatchSource;
import dev.gatun.model.Model;
import dev.gatun.optim.Optimizer;
import dev.gatun.persist.FormatException;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainerBuilder;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Trains what a configuration describes, from data to charts. */
public final class Training {
  private final Config config;
  private final boolean raised;
  private final Backend backend;
  private final String note;
  private final Progress progress;
  private final @Nullable TrainingListener watcher;
  private List<String> starts = List.of();

  /**
   * A training.
   *
   * @param config what and how
   * @param backend what computes; stays the caller's
   * @param note what follows the description of the backend in the log
   */
  public Training(Config config, Backend backend, String note) {
    this(config, backend, note, null);
  }

  private Training(
      Config config, Backend backend, String note, @Nullable TrainingListener watcher) {
    this.config = OverfitQuestions.longEnough(config);
    raised = !this.config.get(TrainKeys.EPOCHS).equals(config.get(TrainKeys.EPOCHS));
    this.backend = backend;
    this.note = note;
    this.watcher = watcher;
    progress = watcher == null ? new Progress() : Progress.silent();
  }

  /**
   * A training among others: it shows nothing, and leaves the test part alone, which is for the one
   * that is chosen.
   *
   * @param watcher is told what happens, after the metrics are written, and may ask it to stop
   */
  public static Training trial(Config config, Backend backend, TrainingListener watcher) {
    return new Training(config, backend, "", watcher);
  }

  /**
   * What came of a run.
   *
   * @param run its folder
   * @param outcome why it ended
   * @param interrupted whether a signal ended it
   * @param epochs done
   * @param steps done
   * @param trainLoss since the report before the last; NaN without a report
   * @param validationLoss at the last report; NaN without
   * @param bestLoss the best validation loss; infinite without
   * @param test measures of the best checkpoint on {@code testPart}; empty if the run was
   *     interrupted or failed, or learnt by heart
   * @param testPart test, validation or training
   * @param parameters how many there are
   * @param seconds of training, with those before a resume
   * @param tokensPerSecond steps of time a second, in this process
   */
  public record Result(
      RunDirectory run,
      Outcome outcome,
      boolean interrupted,
      int epochs,
      long steps,
      double trainLoss,
      double validationLoss,
      double bestLoss,
      SequencedMap<String, Double> test,
      String testPart,
      long parameters,
      double seconds,
      double tokensPerSecond) {}

  /**
   * Trains in a new folder, or goes on in one.
   *
   * @param folder the run's folder; null: the next free one in {@code runs}
   * @param name of the configuration, for that
   * @param resume whether the folder holds a run to continue
   * @param done gets the result first: a process that was asked to end may do so after that
   * @throws InputException if configuration, data or folder is wrong; nothing is written then
   */
  public Result run(@Nullable Path folder, String name, boolean resume, Consumer<Result> done)
      throws IOException {
    try (HeldRun before = resume && folder != null ? heldForResume(folder) : null) {
      return run(folder, name, before, done);
    }
  }

  private Result run(
      @Nullable Path folder, String name, @Nullable HeldRun before, Consumer<Result> done)
      throws IOException {
    Task task = Task.of(config);
    int overfit = config.get(TrainKeys.OVERFIT);
    try (BatchSource training = overfit > 0 ? task.overfitting(overfit) : task.training();
        BatchSource validation = overfit > 0 ? null : task.validation()) {
      int accumulate = config.get(TrainKeys.ACCUMULATE);
      long epochSteps = Math.ceilDiv(training.batches(0), accumulate);
      try (Model model = build(task, before);
          Optimizer optimizer = Updates.optimizer(config, model.parameters())) {
        TrainerBuilder builder =
            Trainer.of(
                    model, task.loss(), optimizer, Updates.schedule(config, epochSteps), training)
                .accumulate(accumulate)
                .graphs(Updates.graphs(config, backend));
        if (validation != null) {
          builder.validation(validation);
        }
        ReportedMeasures reported = new ReportedMeasures(config, task, model);
        reported.set(builder);
        StabilityOptions.set(
            builder, config, task, reported, Updates.steps(config, epochSteps), epochSteps);
        if (before != null) {
          return train(task, model, reported, builder, before, epochSteps, done);
        }
        try (HeldRun fresh = create(folder, name)) {
          return train(task, model, reported, builder, fresh, epochSteps, done);
        }
      }
    }
  }

  private HeldRun heldForResume(Path folder) throws IOException {
    RunDirectory run = RunDirectory.open(folder);
    HeldRun held = HeldRun.hold(run);
    try {
      List<String> changes = config.changesFrom(ResumedDevice.expected(run, config));
      if (!changes.isEmpty()) {
        throw new InputException(
            "--resume: %s differs from %s in %s%ngive the same values, or another --run for a new run"
                .formatted(config.name(), run.config(), String.join("; ", changes)));
      }
      run.checkResumable();
      ResumedDevice.check(run, backend, config, note);
      ResumedDevice.reproduce(run, backend);
      return held;
    } catch (IOException | RuntimeException e) {
      held.close();
      throw e;
    }
  }

  /**
   * A model as a run begins with: initial values, learnt from data where the configuration says so,
   * or those of {@code train.init}. The caller closes it.
   */
  public static Model fresh(Config config, Task task, Backend backend) throws IOException {
    return new Training(config, backend, "").build(task, null);
  }

  private Model build(Task task, @Nullable HeldRun before) throws IOException {
    Model model = task.model().build(backend, config.get(TrainKeys.SEED));
    try {
      if (before == null || !Files.isRegularFile(before.run().last())) {
        starts = LearntStarts.apply(config, task, model);
      }
      if (!config.get(TrainKeys.INIT).toString().isEmpty()) {
        model.load(config.file(TrainKeys.INIT));
      }
      return model;
    } catch (FormatException e) {
      model.close();
      throw config.error(TrainKeys.INIT, String.valueOf(e.getMessage()));
    } catch (IOException | RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  private HeldRun create(@Nullable Path folder, String name) throws IOException {
    return folder == null ? HeldRun.createNext(name, config) : HeldRun.create(folder, config);
  }

  private Result train(
      Task task,
      Model model,
      ReportedMeasures reported,
      TrainerBuilder builder,
      HeldRun held,
      long epochSteps,
      Consumer<Result> done)
      throws IOException {
    RunDirectory run = held.run();
    boolean before = Files.isRegularFile(run.log());
    boolean going = Files.isRegularFile(run.last());
    Metrics metrics =
        going && Files.isRegularFile(run.metrics())
            ? Metrics.read(run.metrics())
            : Metrics.create(run.metrics(), reported.names());
    Log log = new Log(run.log(), progress);
    long steps = Updates.steps(config, epochSteps);
    Reporter reporter = new Reporter(config, run, metrics, progress, log, task, steps);
    try (EngineNotes _ = new EngineNotes(log);
        Trackers trackers = reporter.trackers();
        Trainer trainer =
            watched(TrainerOptions.set(builder, config, task, run, log).listener(reporter))
                .build()) {
      begin(trainer, held, metrics, log, before);
      trackers.open(config, run, trainer.steps(), model.parameters(), log);
      log.line("run " + run.path() + ": " + start(task, model, trainer));
      log.line(backend.description() + note);
      ResumedDevice.warn(run, backend, log);
      log.lines(task.notes());
      log.lines(startNotes());
      try (Interrupt interrupt = new Interrupt(trainer::requestStop)) {
        Outcome outcome = DeviceFailure.named(trainer, run, progress, log);
        if (outcome.failed()) {
          log.line(StabilityOptions.failed(config, run, trainer, outcome));
        }
        boolean stopped = outcome == Outcome.INTERRUPTED && interrupt.requested();
        if (outcome == Outcome.INTERRUPTED
            && !stopped
            && reporter.reportedStep() != trainer.steps()) {
          trainer.report();
        }
        progress.close();
        double seconds = trainer.seconds();
        SequencedMap<String, Double> test = new LinkedHashMap<>();
        if (stopped) {
          log.line(
              "interrupted after step %d, saved; continue with --run %s --resume"
                  .formatted(trainer.steps(), run.path()));
        } else if (!outcome.failed()) {
          log.line(ending(outcome, trainer));
          test = afterwards(task, model, run, log, trainer);
        }
        trackers.end(!stopped && !outcome.failed());
        Result result = result(run, task, trainer, reporter, outcome, stopped, test, seconds);
        done.accept(result);
        return result;
      }
    }
  }

  private List<String> startNotes() {
    if (!raised) {
      return starts;
    }
    String longer =
        "train.epochs is %d here: few examples make few steps; give train.steps for other many"
            .formatted(config.get(TrainKeys.EPOCHS));
    return Stream.concat(Stream.of(longer), starts.stream()).toList();
  }

  private TrainerBuilder watched(TrainerBuilder builder) {
    return watcher == null ? builder : builder.listener(watcher);
  }

  /** A model that has learnt a few examples by heart has nothing to say about others. */
  private SequencedMap<String, Double> afterwards(
      Task task, Model model, RunDirectory run, Log log, Trainer trainer) throws IOException {
    if (watcher != null) {
      return new LinkedHashMap<>();
    }
    if (config.get(TrainKeys.OVERFIT) == 0) {
      return FinalTest.of(task, model, run, log);
    }
    OverfitQuestions questions = new OverfitQuestions(config, backend, trainer.steps());
    for (String line : questions.ask(trainer.trainLoss())) {
      log.line(line);
    }
    return new LinkedHashMap<>();
  }

  /**
   * Goes on from the last checkpoint where there is one.
   *
   * @param before whether a process has been at this run already
   */
  private static void begin(Trainer trainer, HeldRun held, Metrics metrics, Log log, boolean before)
      throws IOException {
    RunDirectory run = held.run();
    if (held.problem() != null) {
      log.line(
          "%s cannot be locked (%s): start no second process on it"
              .formatted(run.path(), held.problem()));
    }
    if (Files.isRegularFile(run.last())) {
      resume(trainer, run);
      metrics.cutBack(trainer.steps());
    } else if (before) {
      log.line("no checkpoint in %s yet: begins again".formatted(run.checkpoints()));
    }
  }

  private static Result result(
      RunDirectory run,
      Task task,
      Trainer trainer,
      Reporter reporter,
      Outcome outcome,
      boolean stopped,
      SequencedMap<String, Double> test,
      double seconds) {
    return new Result(
        run,
        outcome,
        stopped,
        trainer.epoch(),
        trainer.steps(),
        trainer.trainLoss(),
        trainer.validationLoss(),
        trainer.bestLoss(),
        test,
        task.measuredName(),
        task.model().parameterCount(),
        seconds,
        reporter.targetsPerSecond() * task.stepsPerTarget());
  }

  private static void resume(Trainer trainer, RunDirectory run) throws IOException {
    try {
      trainer.resume(run.last());
    } catch (FormatException e) {
      throw new InputException("--resume: " + e.getMessage(), e);
    }
  }

  private String start(Task task, Model model, Trainer trainer) {
    return "%s%,d parameters; %,d %s to train on, %,d to validate, %,d to test"
        .formatted(
            trainer.steps() > 0 ? "continues after step " + trainer.steps() + ", " : "",
            model.spec().parameterCount(),
            task.split().training().size(),
            task instanceof SeriesTask ? "rows" : task.countedIn(),
            task.split().validation().size(),
            task.split().test().size());
  }

  private String ending(Outcome outcome, Trainer trainer) {
    String why =
        switch (outcome) {
          case COMPLETED -> "done";
          case EARLY_STOPPED -> StabilityOptions.stopped(config);
          default -> watcher == null ? "stopped: train.max_seconds is over" : "stopped early";
        };
    String best =
        Double.isFinite(trainer.bestLoss())
            ? ", best validation loss %s at step %d"
                .formatted(Numbers.shown(trainer.bestLoss()), trainer.bestStep())
            : ", training loss " + Numbers.shown(trainer.trainLoss());
    return "%s after %d steps in %.1f s%s".formatted(why, trainer.steps(), trainer.seconds(), best);
  }
}
