package dev.gatun.data;

/**
 * A change of a training sequence that leaves its meaning: a model sees each example in a new way
 * in every epoch. Implement it for one of your own; {@link Augmentations} has the usual ones. It
 * must allocate nothing, and draw from nothing but what it is given.
 */
public interface Augmentation {
  /**
   * Changes a sequence.
   *
   * @param steps overwritten
   * @param draws at the place of this epoch, example and augmentation
   */
  void apply(Steps steps, Draws draws);

  /** What it leaves as it was: targets that hang on more are refused. */
  Keeps keeps();

  /** Whether it takes tokens as well as numbers. */
  default boolean takesTokens() {
    return true;
  }

  /** What an augmentation leaves as it was. */
  enum Keeps {
    /** Steps are where they were: a target for each step still fits. */
    STEPS,
    /** Steps come in their order: a sequence of labels still fits. */
    ORDER,
    /** Nothing but the sequence's meaning as a whole. */
    MEANING
  }
}
