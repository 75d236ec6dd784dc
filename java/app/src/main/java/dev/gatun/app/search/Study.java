package dev.gatun.app.search;

import dev.gatun.app.search.TrialRecord.State;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.SequencedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A search for the best point of a space: asks a strategy for trials, and is told how they end. A
 * seed gives the same trials again, as long as they end in the same order; a study that is opened
 * on its log goes on as if it had never stopped. For any number of threads.
 */
public final class Study {
  private final Space space;
  private final Strategy strategy;
  private final Pruner pruner;
  private final StudyLog log;
  private final String owner;
  private final History history;
  private volatile boolean stopped;

  private Study(Builder builder) {
    space = builder.space;
    strategy = builder.strategy;
    pruner = builder.pruner;
    log = builder.log;
    owner = builder.owner;
    history = new History(space, builder.goals);
    strategy.check(space, builder.goals.size());
    if (builder.goals.size() > 1 && !pruner.equals(Pruner.NONE)) {
      throw new IllegalArgumentException(
          "trials of several objectives are not pruned: take one objective or no pruner");
    }
    try (var _ = log.lock()) {
      boolean[] created = new boolean[1];
      log.replay(
          event -> {
            if (created[0] != event instanceof StudyEvent.OfTrial) {
              throw new IllegalArgumentException("the log is of no study: it begins with " + event);
            }
            created[0] = true;
            take(event);
          });
      if (!created[0]) {
        append(new StudyEvent.Created(space.toString(), builder.goals, builder.seed));
      }
    }
  }

  /** A study to be set up: random search for the least value, kept in memory, unless told. */
  public static Builder of(Space space) {
    return new Builder(space);
  }

  private void take(StudyEvent event) {
    history.add(event);
  }

  private void append(StudyEvent event) {
    log.append(event);
    log.replay(this::take);
  }

  /**
   * Begins a trial, of the strategy's choice.
   *
   * @throws NoSuchElementException when the strategy has no more ({@link #remaining})
   */
  public synchronized Trial ask() {
    try (var _ = log.lock()) {
      log.replay(this::take);
      int number = history.trials().size();
      if (strategy.remaining(history) == 0) {
        throw new NoSuchElementException("every point has been tried, in " + number + " trials");
      }
      double[] codes = strategy.suggest(history, Streams.of(history.seed(), number));
      return begin(number, space.named(space.masked(codes)));
    }
  }

  /**
   * Begins a trial of given values: those known to be good, or those of one that was interrupted.
   *
   * @param values of every parameter that is then there, and of no other
   * @throws IllegalArgumentException naming the value that is missing, too many or outside
   */
  public synchronized Trial ask(Map<String, ?> values) {
    try (var _ = log.lock()) {
      log.replay(this::take);
      return begin(history.trials().size(), space.codes(values));
    }
  }

  /**
   * Goes on with a trial that a dead process left running; who does so sees to it that nobody else
   * does.
   *
   * @throws IllegalArgumentException if it does not run
   */
  public synchronized Trial resume(int number) {
    log.replay(this::take);
    List<TrialRecord> all = history.trials();
    if (number < 0 || number >= all.size() || all.get(number).state() != State.RUNNING) {
      throw new IllegalArgumentException("trial " + number + " does not run");
    }
    return new Trial(this, number, space.values(all.get(number).codes()));
  }

  private Trial begin(int number, SequencedMap<String, Double> codes) {
    append(new StudyEvent.Suggested(number, codes, owner));
    return new Trial(this, number, space.values(codes));
  }

  /**
   * Ends a trial with its result. A value that is NaN makes it a failed one.
   *
   * @param values one for each objective
   */
  public void tell(Trial trial, double... values) {
    if (values.length != history.goals().size()) {
      throw new IllegalArgumentException(
          "%d values for %d objectives".formatted(values.length, history.goals().size()));
    }
    List<Double> results = Arrays.stream(values).boxed().toList();
    end(
        results.stream().anyMatch(v -> v.isNaN())
            ? new StudyEvent.Failed(trial.number(), "the objective is NaN: " + results)
            : new StudyEvent.Finished(trial.number(), results));
  }

  /** Ends a trial that was stopped early. */
  public void prune(Trial trial) {
    end(new StudyEvent.Pruned(trial.number()));
  }

  /**
   * Ends a trial, of this study's or a dead process's, that has no result.
   *
   * @param reason one line
   */
  public void fail(int trial, String reason) {
    end(new StudyEvent.Failed(trial, reason));
  }

  private synchronized void end(StudyEvent event) {
    append(event);
  }

  synchronized void report(Trial trial, long step, double value) {
    if (step < 0) {
      throw new IllegalArgumentException("steps begin at 0, not at " + step);
    }
    append(new StudyEvent.Reported(trial.number(), step, value));
  }

  synchronized boolean shouldPrune(Trial trial) {
    log.replay(this::take);
    TrialRecord known = history.trials().get(trial.number());
    return !known.reports().isEmpty() && pruner.prunes(history, known);
  }

  /** {@link #optimize(Objective, long, int)} on this thread. */
  public Study optimize(Objective objective, long trials) {
    return optimize(objective, trials, 1);
  }

  /**
   * Runs trials until so many have been begun by this call, the strategy has no more, or {@link
   * #stop}. A trial whose objective throws is recorded as failed; an {@link Error} is thrown on.
   *
   * @param trials how many
   * @param jobs how many at a time, each on a thread of its own; 1: on this one
   */
  public Study optimize(Objective objective, long trials, int jobs) {
    AtomicLong left = new AtomicLong(trials);
    Runnable worker =
        () -> {
          while (!stopped && left.getAndDecrement() > 0) {
            Trial trial;
            try {
              trial = ask();
            } catch (NoSuchElementException e) {
              return;
            }
            run(objective, trial);
          }
        };
    if (jobs <= 1) {
      worker.run();
      return this;
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(jobs)) {
      List<? extends Future<?>> all =
          IntStream.range(0, jobs).mapToObj(i -> threads.submit(worker)).toList();
      for (Future<?> one : all) {
        join(one);
      }
    }
    return this;
  }

  private static void join(Future<?> worker) {
    try {
      worker.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a thread of the study failed", e.getCause());
    }
  }

  /** One trial to its end. */
  @SuppressWarnings("IllegalCatch") // whatever the objective throws is the trial's failure
  private void run(Objective objective, Trial trial) {
    try {
      tell(trial, objective.value(trial));
    } catch (PrunedException e) {
      prune(trial);
    } catch (Exception e) {
      fail(trial.number(), e.toString());
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
        stop();
      }
    }
  }

  /** Lets {@link #optimize} begin no more trials. */
  public void stop() {
    stopped = true;
  }

  /** How many trials the strategy can still give; {@link Long#MAX_VALUE} unless it has an end. */
  public synchronized long remaining() {
    log.replay(this::take);
    return strategy.remaining(history);
  }

  /** What is searched. */
  public Space space() {
    return space;
  }

  /** One for each objective. */
  public List<Goal> goals() {
    return history.goals();
  }

  /** The seed of the log, where that was there before. */
  public long seed() {
    return history.seed();
  }

  /** All trials as of now, other processes' too. */
  public synchronized List<TrialRecord> trials() {
    log.replay(this::take);
    return List.copyOf(history.trials());
  }

  /**
   * The finished trial with the best (first) objective.
   *
   * @throws NoSuchElementException when none has finished
   */
  public synchronized TrialRecord best() {
    log.replay(this::take);
    @Nullable TrialRecord best = history.best();
    if (best == null) {
      throw new NoSuchElementException(
          "none of %d trials has finished, %d failed"
              .formatted(
                  history.trials().size(),
                  history.trials().stream().filter(t -> t.state() == State.FAILED).count()));
    }
    return best;
  }

  /**
   * The finished trials that no other beats: at least as good in every objective, and better in
   * one. By number.
   */
  public synchronized List<TrialRecord> front() {
    log.replay(this::take);
    return history.front();
  }

  /** The values of a trial. */
  public SequencedMap<String, Object> values(TrialRecord trial) {
    return space.values(trial.codes());
  }

  /** Sets a study up. */
  public static final class Builder {
    private final Space space;
    private Strategy strategy = new RandomSearch();
    private Pruner pruner = Pruner.NONE;
    private List<Goal> goals = List.of(Goal.MINIMIZE);
    private StudyLog log = new MemoryLog();
    private String owner = "";
    private long seed;

    private Builder(Space space) {
      this.space = space;
    }

    /** How trials are chosen. */
    public Builder strategy(Strategy value) {
      strategy = value;
      return this;
    }

    /** When they are stopped early. */
    public Builder pruner(Pruner value) {
      pruner = value;
      return this;
    }

    /** One for each objective. */
    public Builder goals(Goal... value) {
      goals = List.of(value);
      return this;
    }

    /** Of everything that is drawn. A log that has events brings its own. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** Where events are kept; one that has some is gone on with. */
    public Builder log(StudyLog value) {
      log = value;
      return this;
    }

    /** Who runs the trials that this study begins, for {@link TrialRecord#owner}. */
    public Builder owner(String value) {
      owner = value;
      return this;
    }

    /**
     * Opens it.
     *
     * @throws IllegalArgumentException when the log is of another study, or the strategy or pruner
     *     is not made for the space or goals
     */
    public Study open() {
      if (goals.isEmpty()) {
        throw new IllegalArgumentException("a study needs at least one goal");
      }
      return new Study(this);
    }
  }
}
