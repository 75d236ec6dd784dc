package dev.gatun.app.search;

/** Which way an objective is better. */
public enum Goal {
  MINIMIZE,
  MAXIMIZE;

  /** The value as a loss, which is better when it is smaller. */
  double loss(double value) {
    return this == MINIMIZE ? value : -value;
  }
}
