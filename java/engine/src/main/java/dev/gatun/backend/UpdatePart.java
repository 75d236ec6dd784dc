package dev.gatun.backend;

import java.util.ArrayList;
import java.util.List;

/**
 * A range of the flat parameters that is updated alike.
 *
 * @param offset its first element
 * @param size its elements, at least 1
 * @param rate what the rate is multiplied with, at least 0
 * @param decay what the penalty is multiplied with, at least 0
 * @param row elements of a row, of which only those are updated whose gradient is not all zero; 0:
 *     every element is
 */
public record UpdatePart(long offset, long size, double rate, double decay, int row) {
  /** Checks the ranges. */
  public UpdatePart {
    if (offset < 0 || size < 1) {
      throw new IllegalArgumentException(
          "a part of %d elements from %d: give at least 1 and 0".formatted(size, offset));
    }
    if (!(rate >= 0 && rate <= Double.MAX_VALUE && decay >= 0 && decay <= Double.MAX_VALUE)) {
      throw new IllegalArgumentException(
          "rate %s and decay %s must be finite and at least 0".formatted(rate, decay));
    }
    if (row < 0 || (row > 0 && size % row != 0)) {
      throw new IllegalArgumentException(
          "a part of %d elements does not divide into rows of %d".formatted(size, row));
    }
  }

  /** A part whose every element is updated. */
  public UpdatePart(long offset, long size, double rate, double decay) {
    this(offset, size, rate, decay, 0);
  }

  /** All of them, by the rule as it is. */
  public static UpdatePart all(long size) {
    return new UpdatePart(0, size, 1, 1);
  }

  /** The first element after it. */
  public long end() {
    return offset + size;
  }

  /** Parts that touch and are updated alike, as one. */
  public static List<UpdatePart> joined(List<UpdatePart> parts) {
    List<UpdatePart> joined = new ArrayList<>();
    for (UpdatePart part : parts) {
      UpdatePart last = joined.isEmpty() ? null : joined.getLast();
      if (last != null
          && last.row + part.row == 0
          && last.end() == part.offset
          && last.rate == part.rate
          && last.decay == part.decay) {
        joined.removeLast();
        part = new UpdatePart(last.offset, last.size + part.size, part.rate, part.decay);
      }
      joined.add(part);
    }
    return List.copyOf(joined);
  }
}
