package dev.gatun.app.tune;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.report.Metrics;
import dev.gatun.app.run.RunDirectory;
import dev.gatun.app.run.Training;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.Trial;
import dev.gatun.backend.Backend;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainingListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
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

  /** Reports to the study, and stops what it prunes. */
  private static final class Watcher implements TrainingListener {
    final Trial trial;
    private final RunDirectory run;
    private final String measure;
    boolean pruned;
    double stepSeconds = Double.NaN;
    private long mark;
    private final List<Double> steps = new ArrayList<>();

    Watcher(Trial trial, RunDirectory run, String measure) {
      this.trial = trial;
      this.run = run;
      this.measure = measure;
    }

    @Override
    public void onStart(Trainer trainer) {
      mark = System.nanoTime();
    }

    @Override
    public void onStep(Trainer trainer) {
      long now = System.nanoTime();
      steps.add((now - mark) * 1e-9);
      mark = now;
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
                : column(metrics, measure)[number - 1];
        if (!Double.isNaN(value)) {
          trial.report(number, value);
          if (trial.shouldPrune()) {
            pruned = true;
            trainer.requestStop();
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      mark = System.nanoTime();
    }

    @Override
    public void onEnd(Trainer trainer, Outcome outcome) {
      // The median: compilation and what else the machine does are in a few of them.
      List<Double> sorted = steps.stream().sorted().toList();
      stepSeconds = sorted.isEmpty() ? Double.NaN : sorted.get(sorted.size() / 2);
    }
  }

  /**
   * Runs one to its end.
   *
   * @return false if it was interrupted, so that it runs on in the journal
   */
  @SuppressWarnings("IllegalCatch") // whatever a combination of values leads to is its failure
  boolean run(Trial trial, Backend backend) {
    Path folder = folder(study, trial.number());
    try {
      Config config = setup.config(space.settings(trial.values()));
      RunDirectory directory = new RunDirectory(folder);
      Watcher watcher = new Watcher(trial, directory, TuneSpace.reported(setup.section()));
      boolean resume = Files.isRegularFile(directory.config());
      if (!resume) {
        clear(folder);
      }
      Training.Result result =
          Training.trial(config, backend, watcher).run(folder, "trial", resume, r -> {});
      if (result.interrupted() || (stopped.getAsBoolean() && interruptedEarly(result, watcher))) {
        return false;
      }
      tell(trial, result, watcher);
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

  private static boolean interruptedEarly(Training.Result result, Watcher watcher) {
    return result.outcome() == Outcome.INTERRUPTED && !watcher.pruned;
  }

  private void tell(Trial trial, Training.Result result, Watcher watcher) throws IOException {
    if (watcher.pruned) {
      events.prune(trial);
    } else if (result.outcome() == Outcome.NON_FINITE) {
      events.fail(trial.number(), "diverged: the loss or its gradient was not finite");
    } else {
      List<String> names = List.copyOf(setup.section().goals().keySet());
      double[] values = new double[names.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = value(names.get(i), result, watcher);
      }
      events.tell(trial, values);
    }
  }

  private static double value(String name, Training.Result result, Watcher watcher)
      throws IOException {
    return switch (name) {
      case TuneSpace.LOSS -> Double.isFinite(result.bestLoss()) ? result.bestLoss() : Double.NaN;
      case "parameters" -> result.parameters();
      case "step_seconds" -> watcher.stepSeconds;
      default -> measure(name, result);
    };
  }

  /** At the report with the best validation loss. */
  private static double measure(String name, Training.Result result) throws IOException {
    Metrics metrics = Metrics.read(result.run().metrics());
    double[] losses = metrics.column(TuneSpace.LOSS);
    int best = 0;
    for (int i = 1; i < losses.length; i++) {
      best = losses[i] < losses[best] ? i : best;
    }
    return column(metrics, name)[best];
  }

  private static double[] column(Metrics metrics, String name) {
    if (!metrics.columns().contains(name)) {
      throw new InputException(
          "tune.objectives: no measure %s; metrics.csv has %s"
              .formatted(name, String.join(", ", metrics.columns())));
    }
    return metrics.column(name);
  }

  private static String line(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
  }
}
