package dev.gatun.backend.cpu;

import dev.gatun.backend.Feedback;
import dev.gatun.backend.FeedbackIo;
import dev.gatun.kernels.Philox;
import dev.gatun.kernels.Reductions;
import dev.gatun.tensor.Usage;

/** Scheduled sampling, in parts that depend on the number of rows alone. */
final class CpuFeedback implements Feedback {
  /** Rows of a part, as those of {@link RowOps}. */
  private static final int ROWS = 64;

  private static final double WORDS = 0x1p32;

  private final Team team;
  private final Usage usage;
  private final FeedbackIo io;
  private final Team.Task task = this::runPart;
  private int rows;
  private int sequences;
  private long counterHigh;
  private long threshold;

  CpuFeedback(Team team, Usage usage, FeedbackIo io) {
    this.team = team;
    this.usage = usage;
    this.io = io;
  }

  @Override
  public void run(int t, int n) {
    io.check(t, n);
    usage.check();
    rows = t * n;
    sequences = n;
    counterHigh = io.key().counterHigh();
    threshold = Math.round((1 - io.probability().get(0)) * WORDS);
    team.run((rows + ROWS - 1) / ROWS, task);
  }

  private void runPart(int part) {
    int end = Math.min(rows, (part + 1) * ROWS);
    for (int row = part * ROWS; row < end; row++) {
      io.mixed().setLong(row, shown(row));
    }
  }

  private long shown(int row) {
    int word = Philox.word(io.key().seed(), row / 4, counterHigh, row % 4);
    if (row < sequences || Integer.toUnsignedLong(word) < threshold) {
      return io.given().getLong(row);
    }
    long before = (long) (row - sequences) * io.width() * Float.BYTES;
    return Reductions.largest(io.width(), io.logits().address() + before);
  }
}
