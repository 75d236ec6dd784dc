package dev.gatun.app.search;

import dev.gatun.app.search.TrialRecord.State;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A study so far, as its events tell it: what strategies and pruners decide by. */
public final class History {
  private final Space space;
  private final List<Goal> goals;
  private final List<TrialRecord> trials = new ArrayList<>();
  private long seed;

  History(Space space, List<Goal> goals) {
    this.space = space;
    this.goals = List.copyOf(goals);
  }

  /**
   * Takes an event in. What comes for a trial that has ended is left out: another process may have
   * given it up before.
   */
  void add(StudyEvent event) {
    switch (event) {
      case StudyEvent.Created created -> {
        check(created);
        seed = created.seed();
      }
      case StudyEvent.Suggested begun -> begin(begun);
      case StudyEvent.Reported report ->
          replace(report, t -> t.with(report.step(), report.value()));
      case StudyEvent.Pruned end -> replace(end, t -> t.ended(State.PRUNED, List.of(), ""));
      case StudyEvent.Finished end -> replace(end, t -> t.ended(State.FINISHED, end.values(), ""));
      case StudyEvent.Failed end ->
          replace(end, t -> t.ended(State.FAILED, List.of(), end.reason()));
    }
  }

  private void check(StudyEvent.Created created) {
    if (!created.space().equals(space.toString())) {
      throw new IllegalArgumentException(
          "the log is of a study of another space\n%s\nthan this one's\n%s"
              .formatted(created.space(), space));
    }
    if (!created.goals().equals(goals)) {
      throw new IllegalArgumentException(
          "the log is of a study with the goals " + created.goals() + ", not " + goals);
    }
  }

  private void begin(StudyEvent.Suggested begun) {
    if (begun.trial() != trials.size()) {
      throw new IllegalStateException(
          "trial " + begun.trial() + " begins where " + trials.size() + " is the next");
    }
    trials.add(TrialRecord.begun(begun));
  }

  private void replace(StudyEvent.OfTrial event, UnaryOperator<TrialRecord> change) {
    if (event.trial() < 0 || event.trial() >= trials.size()) {
      throw new IllegalStateException("an event of trial " + event.trial() + ", which never began");
    }
    TrialRecord trial = trials.get(event.trial());
    if (trial.state() == State.RUNNING) {
      trials.set(event.trial(), change.apply(trial));
    }
  }

  /** What is searched. */
  public Space space() {
    return space;
  }

  /** One for each objective. */
  public List<Goal> goals() {
    return goals;
  }

  /** The study's. */
  public long seed() {
    return seed;
  }

  /** All trials by number: a view that grows. */
  public List<TrialRecord> trials() {
    return Collections.unmodifiableList(trials);
  }

  /** The finished trial with the best first objective; of equal ones the first. */
  public @Nullable TrialRecord best() {
    @Nullable TrialRecord best = null;
    for (TrialRecord trial : trials) {
      if (trial.state() == State.FINISHED && (best == null || loss(trial) < loss(best))) {
        best = trial;
      }
    }
    return best;
  }

  /** Every objective's value of a finished trial as what is to be small. */
  double[] losses(TrialRecord trial) {
    double[] losses = new double[goals.size()];
    for (int i = 0; i < losses.length; i++) {
      losses[i] = goals.get(i).loss(trial.values().get(i));
    }
    return losses;
  }

  /** The finished trials that no other beats in every objective, by number. */
  List<TrialRecord> front() {
    List<TrialRecord> finished = trials.stream().filter(t -> t.state() == State.FINISHED).toList();
    int[] ranks = ParetoFront.ranks(finished.stream().map(this::losses).toList());
    return IntStream.range(0, ranks.length)
        .filter(i -> ranks[i] == 0)
        .mapToObj(finished::get)
        .toList();
  }

  /** The first objective's value as what is to be small. */
  double loss(TrialRecord trial) {
    return loss(trial.values().getFirst());
  }

  /** A value of the first objective, or a report, as what is to be small. */
  double loss(double value) {
    return goals.getFirst().loss(value);
  }
}
