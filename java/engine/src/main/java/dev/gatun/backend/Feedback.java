package dev.gatun.backend;

/** Shows a decoder some of what it said: {@link LayerOperations#feedback}. Holds no memory. */
@FunctionalInterface
public interface Feedback {
  /**
   * mixed[s, i] = given[s, i], or with the probability given, from the second step on, the class of
   * the largest of logits[s - 1, i], the first of equal ones.
   *
   * @param t steps, at least 1
   * @param n sequences, at least 1
   */
  void run(int t, int n);
}
