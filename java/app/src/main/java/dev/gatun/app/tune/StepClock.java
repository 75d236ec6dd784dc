package dev.gatun.app.tune;

import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import dev.gatun.train.TrainingListener;
import java.util.ArrayList;
import java.util.List;

/** How long a run's steps take. */
class StepClock implements TrainingListener {
  private final List<Double> steps = new ArrayList<>();
  private long mark;
  private double seconds = Double.NaN;

  /** The median: compilation and what else the machine does are in a few of them. */
  double seconds() {
    return seconds;
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
    mark = System.nanoTime();
  }

  @Override
  public void onEnd(Trainer trainer, Outcome outcome) {
    List<Double> sorted = steps.stream().sorted().toList();
    // A run that had ended before it was resumed has no step here.
    seconds =
        sorted.isEmpty() ? trainer.seconds() / trainer.steps() : sorted.get(sorted.size() / 2);
  }
}
