package dev.gatun.app.tune;

import dev.gatun.app.config.InputException;
import dev.gatun.app.report.Progress;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.search.TrialRecord.State;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a study stands, told while it runs: a line for each trial that ends, and on a terminal one
 * below them that is redrawn in place. For any number of threads.
 */
public final class StudyStatus implements AutoCloseable {
  private static final long REDRAW_MILLIS = 500;

  /** Trials at a time that are named; more are only counted. */
  private static final int NAMED = 4;

  /** What would take longer, in nanoseconds, is not foreseen: a hundred days. */
  private static final double LONGEST = 100 * 86_400e9;

  private final Progress progress;
  private final Study study;
  private final List<String> objectives;
  private final int total;
  private final LongSupplier nanos;

  /** When each trial that runs in this process began. */
  private final Map<Integer, Long> begun = new HashMap<>();

  private final @Nullable Thread drawer;
  private long ended;
  private double spent;
  private boolean closed;

  /**
   * Begins to draw, if there is a terminal.
   *
   * @param objectives their names
   * @param total trials of the whole study
   * @param nanos a clock, as {@link System#nanoTime}
   */
  public StudyStatus(
      Progress progress, Study study, List<String> objectives, int total, LongSupplier nanos) {
    this.progress = progress;
    this.study = study;
    this.objectives = List.copyOf(objectives);
    this.total = total;
    this.nanos = nanos;
    drawer =
        progress.onTerminal()
            ? Thread.ofPlatform().daemon().name("gatun-status").start(this::redraw)
            : null;
  }

  private void redraw() {
    try {
      while (draw()) {
        synchronized (this) {
          if (!closed) {
            wait(REDRAW_MILLIS); // not a sleep: an interrupt would close the journal's channel
          }
        }
      }
    } catch (UncheckedIOException | InputException e) {
      return; // of the journal: whoever runs trials will say so
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean draw() {
    // Outside of the lock: a study may be busy with its next trial.
    List<TrialRecord> trials = study.trials();
    synchronized (this) {
      if (!closed) {
        progress.show(bar(trials));
      }
      return !closed;
    }
  }

  private String bar(List<TrialRecord> trials) {
    long over = trials.stream().filter(t -> t.state() != State.RUNNING).count();
    return Progress.bar(over, total) + " " + over + "/" + total + rest(trials);
  }

  /** What is best, what runs and what is left, each after a mark. */
  private String rest(List<TrialRecord> trials) {
    List<Integer> running =
        trials.stream().filter(t -> t.state() == State.RUNNING).map(TrialRecord::number).toList();
    TrialRecord best = best();
    String left = left(trials, running.size());
    return (best == null
            ? ""
            : "; best %s of trial %d"
                .formatted(StudyCharts.value(best.values().getFirst()), best.number()))
        + (running.isEmpty() ? "" : "; " + named(running))
        + (left.isEmpty() ? "" : "; " + left + " left");
  }

  private static String named(List<Integer> running) {
    return running.size() > NAMED
        ? running.size() + " running"
        : running.stream().map(String::valueOf).collect(Collectors.joining(", ", "running ", ""));
  }

  /** As long as the trials of this process took on average; empty before the first has ended. */
  private String left(List<TrialRecord> trials, int running) {
    if (ended == 0) {
      return "";
    }
    double each = spent / ended;
    double work = each * Math.max(0, total - trials.size());
    for (TrialRecord trial : trials) {
      if (trial.state() == State.RUNNING) {
        Long since = begun.get(trial.number());
        work += since == null ? each : Math.max(0, each - (nanos.getAsLong() - since));
      }
    }
    double left = work / Math.max(1, running);
    return left > LONGEST ? "" : Progress.clock(Duration.ofNanos((long) left));
  }

  /** The best so far; null before one has finished. */
  private @Nullable TrialRecord best() {
    try {
      return study.best();
    } catch (NoSuchElementException e) {
      return null;
    }
  }

  /** A trial of this process begins, or goes on. */
  public synchronized void begins(int trial) {
    begun.put(trial, nanos.getAsLong());
  }

  /** A trial of this process is no longer run, and has perhaps not ended. */
  public synchronized void leaves(int trial) {
    Long since = begun.remove(trial);
    if (since != null && study.trials().get(trial).state() != State.RUNNING) {
      ended++;
      spent += nanos.getAsLong() - since;
    }
  }

  /**
   * Tells how a trial has ended.
   *
   * @param deviations of its objectives over folds, by their names
   */
  public void tell(int number, Map<String, Double> deviations) {
    List<TrialRecord> trials = study.trials();
    TrialRecord trial = trials.get(number);
    long over = trials.stream().filter(t -> t.state() != State.RUNNING).count();
    String how =
        switch (trial.state()) {
          case FINISHED -> StudyCharts.values(objectives, trial, deviations);
          case PRUNED -> "stopped early";
          case FAILED -> "failed: " + trial.reason();
          case RUNNING -> "is run again";
        };
    synchronized (this) {
      progress.line("%d/%d  trial %d %s%s".formatted(over, total, number, how, rest(trials)));
    }
  }

  /** Prints a line above what is redrawn. */
  public synchronized void line(String text) {
    progress.line(text);
  }

  /** Removes what is redrawn. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
      progress.close();
    }
    if (drawer != null) {
      try {
        drawer.join(); // it reads the journal, which is closed next
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
