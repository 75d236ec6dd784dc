package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.report.Log;
import dev.gatun.app.report.Metrics;
import dev.gatun.app.report.Progress;
import dev.gatun.app.task.Task;
import dev.gatun.model.GradientFlow;
import dev.gatun.persist.AtomicFiles;
import dev.gatun.train.Outcome;
import dev.gatun.train.SkippedStep;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SequencedMap;

/** Shows a run while it goes on and writes its metrics and curves. */
final class Reporter implements TrainingListener {
  /** The weight of the last step in the running mean shown: about the last 20 steps count. */
  private static final double RECENT = 0.05;

  private final Config config;
  private final RunDirectory run;
  private final Metrics metrics;
  private final Progress progress;
  private final Log log;
  private final Task task;
  private final String unit;
  private final Trackers trackers = new Trackers();
  private final long steps;
  private long stepsHere;
  private long targets;
  private long stepNanos;
  private double recentNanos;
  private long mark = System.nanoTime();
  private long reportedStep = -1;
  private boolean timeUp;

  /**
   * A reporter.
   *
   * @param task what is learnt
   * @param steps of the whole run
   */
  Reporter(
      Config config,
      RunDirectory run,
      Metrics metrics,
      Progress progress,
      Log log,
      Task task,
      long steps) {
    this.config = config;
    this.run = run;
    this.metrics = metrics;
    this.progress = progress;
    this.log = log;
    this.task = task;
    this.unit = task.unit();
    this.steps = steps;
  }

  /** Those who keep the figures besides. */
  Trackers trackers() {
    return trackers;
  }

  @Override
  public void onStep(Trainer trainer) {
    long now = System.nanoTime();
    stepNanos += now - mark;
    recentNanos = stepsHere == 0 ? now - mark : recentNanos + RECENT * (now - mark - recentNanos);
    mark = now;
    stepsHere++;
    targets += trainer.positions();
    int limit = config.get(TrainKeys.MAX_SECONDS);
    if (limit > 0 && trainer.seconds() >= limit && !timeUp) {
      timeUp = true;
      trainer.requestStop();
    }
    if (progress.due()) {
      progress.show(
          new Progress.State(
              trainer.steps(),
              steps,
              trainer.loss(),
              trainer.rate(),
              trainer.positions() / (recentNanos * 1e-9),
              unit,
              left(trainer)));
    }
  }

  private Duration left(Trainer trainer) {
    double seconds = recentNanos * 1e-9 * (steps - trainer.steps());
    int limit = config.get(TrainKeys.MAX_SECONDS);
    if (limit > 0) {
      seconds = Math.min(seconds, limit - trainer.seconds());
    }
    return Duration.ofMillis((long) (Math.max(0, seconds) * 1000));
  }

  @Override
  public void onSkipped(Trainer trainer, SkippedStep skipped) {
    try {
      log.line(skipped.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void onGradients(Trainer trainer, GradientFlow flow) {
    try {
      trackers.gradients(trainer.steps() + 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void onReport(Trainer trainer) {
    try {
      SequencedMap<String, Double> figures = figures(trainer);
      metrics.add(figures);
      trackers.report(trainer.steps(), figures);
      String line = line(trainer);
      if (progress.showsReport(trainer.steps(), steps)) {
        log.line(line);
      } else {
        log.note(line);
      }
      drawCurves();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    reportedStep = trainer.steps();
    mark = System.nanoTime();
  }

  /** The columns of {@code metrics.csv}. */
  private SequencedMap<String, Double> figures(Trainer trainer) {
    SequencedMap<String, Double> figures = new LinkedHashMap<>();
    figures.put("step", (double) trainer.steps());
    figures.put("epoch", (double) trainer.epoch());
    figures.put("seconds", Math.round(trainer.seconds() * 1000) / 1000.0);
    figures.put("train_loss", trainer.trainLoss());
    figures.put("validation_loss", trainer.validationLoss());
    figures.put("rate", trainer.rate());
    figures.put("gradient_norm", trainer.gradientNorm());
    if (StabilityOptions.penalizes(config)) {
      figures.put("penalty", trainer.penalty());
    }
    if (!Double.isNaN(trainer.validationLoss())) {
      figures.putAll(task.validationMeasures(trainer.validationLoss()));
    }
    figures.putAll(ReportedMeasures.columns(trainer.measures()));
    return figures;
  }

  private String line(Trainer trainer) {
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "epoch %d/%d  step %d/%d  loss %s",
            trainer.epoch(),
            config.get(TrainKeys.EPOCHS),
            trainer.steps(),
            steps,
            Numbers.shown(trainer.trainLoss())));
    if (!Double.isNaN(trainer.validationLoss())) {
      line.append("  validation " + Numbers.shown(trainer.validationLoss()));
    }
    return line.append(
            String.format(
                Locale.ROOT,
                "  rate %.1e  %,.0f %s/s  %s",
                trainer.rate(),
                targetsPerSecond(),
                unit,
                Progress.clock(Duration.ofMillis((long) (trainer.seconds() * 1000)))))
        .toString();
  }

  @Override
  public void onCheckpoint(Trainer trainer, Path file) {
    mark = System.nanoTime();
  }

  /** Writes {@code curves.svg} from all reports so far. */
  void drawCurves() throws IOException {
    AtomicFiles.write(run.curves(), Curves.of(run, metrics).toSvg());
  }

  @Override
  public void onEnd(Trainer trainer, Outcome outcome) {
    try {
      if (metrics.size() > 0) {
        AtomicFiles.write(run.curvesPng(), Curves.of(run, metrics).toPng());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Targets a second in this process, validation and saving apart. */
  double targetsPerSecond() {
    return stepNanos == 0 ? 0 : targets / (stepNanos * 1e-9);
  }

  /** The step of the last report; -1 before the first in this process. */
  long reportedStep() {
    return reportedStep;
  }
}
