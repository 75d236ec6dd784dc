package dev.gatun.data;

/** What is done for classes of which there are few examples. */
public enum Balance {
  /** Nothing: each example once in an epoch. */
  NONE,
  /**
   * Examples of smaller classes come again until each class has as many as the largest: the same
   * number of times each, to 1, drawn anew in every epoch.
   */
  OVERSAMPLE,
  /**
   * Every batch has as many of each class, to 1. An epoch stays as long as it is: those of small
   * classes come more often, those of large ones not in each epoch.
   */
  BATCHES
}
