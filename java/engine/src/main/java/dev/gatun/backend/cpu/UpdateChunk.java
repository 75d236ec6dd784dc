package dev.gatun.backend.cpu;

import dev.gatun.backend.UpdatePart;
import dev.gatun.kernels.Reductions;
import java.util.ArrayList;
import java.util.List;

/**
 * A range of one part: at most {@link FlatOps#CHUNK} elements, or one row; whole rows of a part
 * that goes by rows.
 */
record UpdateChunk(int part, long offset, int size) {
  static UpdateChunk[] of(List<UpdatePart> parts) {
    List<UpdateChunk> all = new ArrayList<>();
    for (int part = 0; part < parts.size(); part++) {
      UpdatePart each = parts.get(part);
      int row = Math.max(1, each.row());
      int most = Math.max(1, FlatOps.CHUNK / row) * row;
      for (long at = each.offset(); at < each.end(); at += most) {
        all.add(new UpdateChunk(part, at, (int) Math.min(most, each.end() - at)));
      }
    }
    return all.toArray(UpdateChunk[]::new);
  }

  /**
   * The first row from {@code from} on that has a gradient, or has none.
   *
   * @param gradients address of all of them
   * @param from its first element, from the chunk's start
   * @param row elements of a row
   * @param wanted whether it has one
   * @return its first element, or the chunk's size
   */
  int next(long gradients, int from, int row, boolean wanted) {
    int at = from;
    // Squares in double: none is so small that it vanishes, and NaN is not zero.
    while (at < size
        && (Reductions.sumOfSquares(row, gradients + 4 * (offset + at)) != 0) != wanted) {
      at += row;
    }
    return at;
  }
}
