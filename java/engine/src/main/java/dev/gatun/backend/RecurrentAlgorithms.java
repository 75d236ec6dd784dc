package dev.gatun.backend;

/** How a GPU's algorithm for a recurrent stack is found. */
public enum RecurrentAlgorithms {
  /** The one that takes every stack. */
  STANDARD("standard"),

  /**
   * By measuring, once for each shape of stack, on random numbers: the fastest of those whose
   * results agree with the standard one's. The answer is kept on disk for later processes, and in a
   * run's checkpoints, which it resumes by: algorithms differ in their last bits, and so may plans
   * of different sizes.
   */
  MEASURED("measured");

  private final String label;

  RecurrentAlgorithms(String label) {
    this.label = label;
  }

  /** Its name in files. */
  public String label() {
    return label;
  }
}
