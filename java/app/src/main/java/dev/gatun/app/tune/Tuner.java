package dev.gatun.app.tune;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.report.Progress;
import dev.gatun.app.run.Interrupt;
import dev.gatun.app.run.RunDirectory;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.Trial;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.search.TrialRecord.State;
import dev.gatun.backend.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.SequencedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs a study of configurations: trials at a time, each a run in a folder of its own, with a
 * journal that other processes may share and that a later one goes on from.
 */
public final class Tuner {
  /** The journal within the study's folder. */
  static final String JOURNAL = "study.journal";

  private final TuneSection section;
  private final Setup setup;
  private final Path folder;
  private final Progress progress = new Progress();
  private final long start = System.nanoTime();
  private volatile boolean stopped;

  /**
   * A study, or another worker of one.
   *
   * @param overrides of the configuration, for all trials
   * @param folder of the study, made if missing
   */
  public Tuner(
      TuneSection section, List<String> overrides, List<Config.Option> options, Path folder) {
    this.section = section;
    setup = new Setup(section, overrides, options);
    this.folder = folder;
  }

  /**
   * What came of it.
   *
   * @param trials as the journal tells them
   * @param best null if no trial has finished
   * @param deviations of the best's objectives over its folds; empty without folds
   * @param settings of the best, by key
   * @param test measures of the best on the test part; empty if interrupted
   * @param testPart what that was
   * @param interrupted whether a signal ended it
   */
  public record Result(
      List<TrialRecord> trials,
      @Nullable TrialRecord best,
      SequencedMap<String, Double> deviations,
      Map<String, String> settings,
      SequencedMap<String, Double> test,
      String testPart,
      boolean interrupted,
      double seconds) {}

  /**
   * Runs trials until the study has so many.
   *
   * @param trials of the whole study, those before and those of other processes included
   * @param jobs trials at a time
   * @param open a backend with a job's share of threads
   * @throws InputException if the section, the configuration or the journal is wrong
   */
  public Result run(int trials, int jobs, Supplier<Backend> open) throws IOException {
    TuneSpace space = checked();
    make();
    try (StudyJournal journal = new StudyJournal(folder.resolve(JOURNAL), this::warn);
        Owner owner = Owner.register(folder)) {
      Study study = study(space, journal, owner);
      StudyBase.hold(folder, setup, study, journal);
      try (Interrupt interrupt = new Interrupt(this::stop)) {
        int all = say(study, trials, jobs);
        StudyFiles files = new StudyFiles(setup, folder, study, space, all);
        TrialRunner runner = new TrialRunner(setup, folder, study, space, () -> stopped);
        Supplier<@Nullable Trial> next = () -> next(study, journal, owner, all);
        List<String> objectives = List.copyOf(section.goals().keySet());
        try (StudyStatus status =
            new StudyStatus(progress, study, objectives, all, System::nanoTime)) {
          each(jobs, () -> work(next, runner, files, status, open));
        }
        return end(study, files, open, interrupt::requested);
      }
    }
  }

  /**
   * Checks what no trial could mend.
   *
   * @throws InputException if the section or the configuration is wrong
   */
  public void check() {
    checked();
  }

  private TuneSpace checked() {
    TuneSpace space = TuneSpace.of(section);
    space.check(setup);
    return space;
  }

  private void make() throws IOException {
    if (Files.isRegularFile(folder)) {
      throw new InputException("--run %s: is a file; give a folder".formatted(folder));
    }
    try {
      Files.createDirectories(folder.resolve("trials"));
      refuseOrphans();
    } catch (IOException e) {
      throw new InputException(
          "--run %s: no folder can be made there (%s); give one where you may write"
              .formatted(folder, e.getClass().getSimpleName()),
          e);
    }
  }

  /** Trials without their journal are another study's, or have lost it. */
  private void refuseOrphans() throws IOException {
    Path journal = folder.resolve(JOURNAL);
    if (Files.exists(journal) && Files.size(journal) > 0) {
      return;
    }
    // A trial is a run, or with folds has runs.
    try (Stream<Path> runs = Files.walk(folder.resolve("trials"), 2)) {
      if (runs.anyMatch(run -> Files.exists(new RunDirectory(run).config()))) {
        throw new InputException(
            "%s: missing or empty, but %s has trials; put the journal back, or give another --run"
                .formatted(journal, folder.resolve("trials")));
      }
    }
  }

  private void warn(String warning) {
    progress.line("warning: " + warning);
  }

  private Study study(TuneSpace space, StudyJournal journal, Owner owner) {
    try {
      return space.study(section).log(journal).owner(owner.name()).open();
    } catch (IllegalArgumentException e) {
      throw new InputException(
          "%s: %s%ngive the same tune: section as when the study began, or another --run"
              .formatted(folder.resolve(JOURNAL), e.getMessage()),
          e);
    }
  }

  private void stop() {
    stopped = true;
  }

  /** Says what is to be done, and gives the trials that there will be. */
  private int say(Study study, int trials, int jobs) {
    int known = study.trials().size();
    long left = study.remaining();
    boolean fewer = left < (long) trials - known;
    int all = fewer ? known + (int) left : trials;
    progress.line(
        "study %s: %s, %s%s%d trials, %d at a time; seed %d"
            .formatted(
                folder,
                Names.of(section.strategy().name()),
                section.folds().numbers().isEmpty()
                    ? ""
                    : section.folds().number("count") + " folds, ",
                known > 0 ? known + " begun before, of " : "",
                all,
                jobs,
                study.seed()));
    if (fewer && trials < Integer.MAX_VALUE) {
      progress.line(
          left == 0
              ? "every point of the grid has been tried"
              : "the grid has %d points left: the study ends with them".formatted(left));
    }
    return all;
  }

  /** Runs one trial after another. */
  private static void work(
      Supplier<@Nullable Trial> trials,
      TrialRunner runner,
      StudyFiles files,
      StudyStatus status,
      Supplier<Backend> open) {
    try (Backend backend = open.get()) {
      Trial next = trials.get();
      while (next != null) {
        int number = next.number();
        status.begins(number);
        boolean done = runner.run(next, backend);
        status.leaves(number);
        next = trials.get(); // first, so that it is told what runs now
        if (done) {
          status.tell(number, runner.deviations(number));
          refresh(files, status);
        }
      }
    }
  }

  /** The report of a study that runs; it goes on without one, which a later trial may write. */
  private static void refresh(StudyFiles files, StudyStatus status) {
    try {
      files.refresh();
    } catch (IOException e) {
      status.line("%s: not written now: %s".formatted(files.report(), e.getMessage()));
    }
  }

  private void each(int jobs, Runnable worker) {
    if (jobs == 1) {
      worker.run();
      return;
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(jobs)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < jobs; i++) {
        all.add(threads.submit(worker));
      }
      for (Future<?> one : all) {
        join(one);
      }
    }
  }

  private void join(Future<?> worker) {
    try {
      worker.get();
    } catch (InterruptedException e) {
      stop();
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      stop();
      if (e.getCause() instanceof RuntimeException own) {
        throw own;
      }
      throw new IllegalStateException("a job of the study failed", e.getCause());
    }
  }

  /** What a dead process has left, else a new trial; null if there are enough. */
  private @Nullable Trial next(Study study, StudyJournal journal, Owner owner, int trials) {
    if (stopped) {
      return null;
    }
    try (var _ = journal.lock()) {
      List<TrialRecord> all = study.trials();
      for (TrialRecord trial : all) {
        if (trial.state() == State.RUNNING && owner.takes(trial)) {
          return study.resume(trial.number());
        }
      }
      return all.size() >= trials ? null : study.ask();
    } catch (NoSuchElementException e) {
      return null; // the strategy has gone through all
    }
  }

  private static @Nullable TrialRecord best(Study study) {
    try {
      return study.best();
    } catch (NoSuchElementException e) {
      return null;
    }
  }

  private Result end(
      Study study, StudyFiles files, Supplier<Backend> open, BooleanSupplier interrupted)
      throws IOException {
    TrialRecord best = best(study);
    files.write("");
    SequencedMap<String, Double> deviations = new LinkedHashMap<>();
    if (best == null) {
      progress.line("report: " + files.report());
      return result(study, null, deviations, Map.of(), BestTest.NONE, interrupted);
    }
    Path trial = TrialRunner.folder(folder, best.number());
    deviations = FoldTable.deviations(section, trial);
    deviations.forEach(
        (name, deviation) ->
            progress.line(
                "best, trial %d, standard deviation of %s over the folds: %s"
                    .formatted(best.number(), name, Numbers.shown(deviation))));
    // Trials that others still run may be better.
    boolean over = study.trials().stream().noneMatch(t -> t.state() == State.RUNNING);
    BestTest test =
        over && !interrupted.getAsBoolean()
            ? BestTest.of(setup, files.settings(best), trial, open)
            : BestTest.NONE;
    if (!test.text().isEmpty()) {
      progress.line("best, trial " + best.number() + ", " + test.text());
      files.write(test.text());
    }
    progress.line("best configuration: %s; report: %s".formatted(files.best(), files.report()));
    return result(study, best, deviations, files.searched(best), test, interrupted);
  }

  private Result result(
      Study study,
      @Nullable TrialRecord best,
      SequencedMap<String, Double> deviations,
      Map<String, String> settings,
      BestTest test,
      BooleanSupplier interrupted) {
    boolean stopping = interrupted.getAsBoolean();
    if (stopping) {
      progress.line("interrupted, saved; continue with the same command");
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    return new Result(
        study.trials(),
        best,
        deviations,
        settings,
        test.measures(),
        test.part(),
        stopping,
        seconds);
  }
}
