package dev.gatun.backend;

import java.util.Objects;

/**
 * Windows over the steps of a sequence, one for each step of an output: step j sees the input's
 * steps j*S - left to j*S - left + K - 1, where those before the first and after a sequence's last
 * are zero.
 *
 * @param kernel K, the steps of a window
 * @param stride S, from one window to the next
 * @param padding where windows lie
 */
public record UnfoldSpec(int kernel, int stride, Padding padding) {
  /** How a sequence of T steps is continued. */
  public enum Padding {
    /** Zeros on both sides, (K - 1) / 2 before it: T / S windows, rounded up. */
    SAME,
    /** Zeros before it: no window sees what comes after its step. T / S windows, rounded up. */
    CAUSAL,
    /** None: (T - K) / S + 1 windows, rounded down, and none of fewer than K steps. */
    VALID
  }

  /** Checks the sizes. */
  public UnfoldSpec {
    Objects.requireNonNull(padding, "padding");
    if (kernel < 1 || stride < 1) {
      throw new IllegalArgumentException(
          "unfold: windows of %d steps, %d apart: both must be at least 1"
              .formatted(kernel, stride));
    }
  }

  /** The zeros before a sequence. */
  public int left() {
    return switch (padding) {
      case SAME -> (kernel - 1) / 2;
      case CAUSAL -> kernel - 1;
      case VALID -> 0;
    };
  }

  /** The windows of a sequence of so many steps. */
  public int windows(int steps) {
    if (padding == Padding.VALID) {
      return steps < kernel ? 0 : (steps - kernel) / stride + 1;
    }
    return Math.ceilDiv(steps, stride);
  }

  /** The steps t of a call that gets t: at least 1, though every sequence may have none. */
  public int time(int t) {
    return Math.max(1, windows(t));
  }
}
