package dev.gatun.app.tune;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.FoldKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.report.Metrics;
import dev.gatun.app.run.RunDirectory;
import dev.gatun.app.run.Training;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.Trial;
import dev.gatun.backend.Backend;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Runs trials: each a training in a folder of its own. */
final class TrialRunner {
  private final Setup setup;
  private final Path study;
  private final Study events;
  private final TuneSpace space;
  private final BooleanSupplier stopped;

  TrialRunner(Setup setup, Path study, Study events, TuneSpace space, BooleanSupplier stopped) {
    this.setup = setup;
    this.study = study;
    this.events = events;
    this.space = space;
    this.stopped = stopped;
  }

  /** The folder of a trial. */
  static Path folder(Path study, int number) {
    return study.resolve("trials").resolve(Integer.toString(number));
  }

  /** How far the folds of a trial lie apart; nothing without folds, or before two have ended. */
  SequencedMap<String, Double> deviations(int number) {
    SequencedMap<String, Double> deviations;
    try {
      deviations = FoldTable.deviations(setup.section(), folder(study, number));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    deviations.values().removeIf(d -> d.isNaN());
    return deviations;
  }

  /** No trial can mend an objective that is not there. */
  private static final class NoMeasure extends RuntimeException {
    private static final long serialVersionUID = 1;

    NoMeasure(String message) {
      super(message);
    }
  }

  /** Looks for the objectives before the first step. */
  private class Clock extends StepClock {
    final RunDirectory run;

    Clock(Path folder) {
      run = new RunDirectory(folder);
    }

    @Override
    public void onStart(Trainer trainer) {
      try {
        List<String> there = Metrics.read(run.metrics()).columns();
        for (String name : TuneSpace.columns(setup.section())) {
          if (TuneSpace.isMeasure(name) && !there.contains(name)) {
            throw new NoMeasure(
                "%s: tune.objectives: no measure %s; metrics.csv has %s"
                    .formatted(setup.section().file(), name, String.join(", ", there)));
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      super.onStart(trainer);
    }
  }

  /** Reports to the study, and stops what it prunes. */
  private final class Watcher extends Clock {
    private final Trial trial;
    private final String measure = TuneSpace.reported(setup.section().goals().keySet());
    boolean pruned;

    Watcher(Trial trial, Path folder) {
      super(folder);
      this.trial = trial;
    }

    @Override
    public void onReport(Trainer trainer) {
      try {
        // Reports are counted: steps of different batches would not be alike.
        Metrics metrics = Metrics.read(run.metrics());
        int number = metrics.size();
        double value =
            measure.equals(TuneSpace.LOSS)
                ? trainer.validationLoss()
                : metrics.column(measure)[number - 1];
        pruned = pruned || prunes(trial, number, value);
        if (pruned) {
          trainer.requestStop();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      super.onReport(trainer);
    }
  }

  private static boolean prunes(Trial trial, int number, double value) {
    if (Double.isNaN(value)) {
      return false;
    }
    trial.report(number, value);
    return trial.shouldPrune();
  }

  /**
   * Runs one to its end.
   *
   * @return false if it was interrupted, so that it runs on in the journal
   */
  @SuppressWarnings("IllegalCatch") // whatever a combination of values leads to is its failure
  boolean run(Trial trial, Backend backend) {
    try {
      return setup.section().folds().name() == FoldKeys.Kind.NONE
          ? once(trial, backend)
          : folds(trial, backend);
    } catch (NoMeasure e) {
      forget(trial); // which begins anew when the name is right
      throw new InputException(line(e), e);
    } catch (UncheckedIOException e) {
      throw e; // of the journal, without which there is no study
    } catch (IOException | RuntimeException e) {
      if (stopped.getAsBoolean()) {
        return false; // what a process that ends can no longer begin
      }
      events.fail(trial.number(), line(e));
    } catch (OutOfMemoryError e) {
      events.fail(trial.number(), "out of memory: " + e.getMessage());
    }
    return true;
  }

  private boolean once(Trial trial, Backend backend) throws IOException {
    Path folder = folder(study, trial.number());
    Config config = setup.config(0, space.settings(trial.values()));
    Watcher watcher = new Watcher(trial, folder);
    Training.Result result = train(config, folder, backend, watcher);
    if (isInterrupted(result) && !watcher.pruned) {
      return false;
    }
    if (watcher.pruned && result.outcome() == Outcome.INTERRUPTED) {
      events.prune(trial);
    } else {
      List<String> names = List.copyOf(setup.section().goals().keySet());
      events.tell(trial, values(names, result, watcher));
    }
    return true;
  }

  /** The folds one after another; those that have ended are in the trial's table. */
  private boolean folds(Trial trial, Backend backend) throws IOException {
    Path folder = folder(study, trial.number());
    List<String> names = TuneSpace.columns(setup.section());
    String reported = TuneSpace.reported(setup.section().goals().keySet());
    FoldTable table = FoldTable.read(folder, names);
    int count = setup.section().folds().number("count");
    for (int fold = table.rows().size() + 1; fold <= count; fold++) {
      Config config = setup.config(fold, space.settings(trial.values()));
      Path run = folder.resolve("fold-" + fold);
      Clock clock = new Clock(run);
      Training.Result result = train(config, run, backend, clock);
      if (isInterrupted(result)) {
        return false;
      }
      double[] values = values(names, result, clock);
      table = table.with(folder, Arrays.stream(values).boxed().toList());
      if (prunes(trial, fold, table.mean(reported)) && fold < count) {
        events.prune(trial);
        return true;
      }
    }
    FoldTable all = table;
    events.tell(trial, setup.section().goals().keySet().stream().mapToDouble(all::mean).toArray());
    return true;
  }

  /** Trains in a folder, or goes on there. */
  static Training.Result train(Config config, Path folder, Backend backend, StepClock clock)
      throws IOException {
    boolean resume = Files.isRegularFile(new RunDirectory(folder).config());
    if (!resume) {
      clear(folder);
    }
    return Training.trial(config, backend, clock).run(folder, "trial", resume, r -> {});
  }

  private boolean isInterrupted(Training.Result result) {
    return result.interrupted()
        || (stopped.getAsBoolean() && result.outcome() == Outcome.INTERRUPTED);
  }

  private void forget(Trial trial) {
    try {
      clear(folder(study, trial.number()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A process that died before it had written config.yaml left nothing of a run. */
  private static void clear(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static double[] values(List<String> names, Training.Result result, StepClock clock)
      throws IOException {
    if (result.outcome().failed()) {
      throw new ArithmeticException(
          result.outcome() == Outcome.DIVERGED
              ? "diverged: the loss rose far above what it began with"
              : "diverged: the loss or its gradient was not finite");
    }
    double[] values = new double[names.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (names.get(i)) {
            case TuneSpace.LOSS ->
                Double.isFinite(result.bestLoss()) ? result.bestLoss() : Double.NaN;
            case "parameters" -> result.parameters();
            case "step_seconds" -> clock.seconds();
            default -> measure(names.get(i), result);
          };
    }
    return values;
  }

  /** At the report with the best validation loss. */
  private static double measure(String name, Training.Result result) throws IOException {
    Metrics metrics = Metrics.read(result.run().metrics());
    double[] losses = metrics.column(TuneSpace.LOSS);
    int best = 0;
    for (int i = 1; i < losses.length; i++) {
      best = losses[i] < losses[best] ? i : best;
    }
    return metrics.column(name)[best];
  }

  private static String line(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
  }
}
