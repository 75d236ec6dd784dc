package dev.gatun.backend;

/** What a sequence's valid steps become, feature by feature. */
public enum PoolingKind {
  /** Their mean. */
  MEAN,
  /** The largest, the first of equals. */
  MAX
}
