package dev.gatun.app.search;

import java.util.random.RandomGenerator;

/**
 * Chooses the values of trials. Immutable: what it knows it has from the history alone, so that a
 * study that is continued, or shared, goes on as if it had not been interrupted.
 */
public interface Strategy {
  /**
   * The next trial's point.
   *
   * @param history so far; running trials are in it
   * @param random a stream of this trial's own
   * @return a code ({@link Domain}) for each parameter of the space in its order; those of
   *     parameters that are then not there do not matter
   */
  double[] suggest(History history, RandomGenerator random);

  /**
   * How many trials it has left.
   *
   * @return {@link Long#MAX_VALUE} unless it comes to an end
   */
  default long remaining(History history) {
    return Long.MAX_VALUE;
  }

  /**
   * Refuses a study that it is not made for.
   *
   * @throws IllegalArgumentException saying what would be right
   */
  default void check(Space space, int objectives) {}
}
