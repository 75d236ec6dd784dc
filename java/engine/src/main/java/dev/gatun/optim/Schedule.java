package dev.gatun.optim;

/**
 * The learning rate at each update, counted from 0: a function of the step alone, so that a resumed
 * run goes on where it stopped. {@link Schedules} has the usual ones.
 */
@FunctionalInterface
public interface Schedule {
  /** The rate of update {@code step}, from 0. */
  double at(long step);
}
