package dev.gatun.backend.cpu;

import dev.gatun.backend.Activation;
import dev.gatun.backend.ActivationIo;
import dev.gatun.backend.RowActivation;
import dev.gatun.tensor.Usage;

/** An activation of rows, in parts that depend on their number alone. */
final class CpuActivation implements RowActivation {
  /** Rows of a part, as those of {@link RowOps}. */
  private static final int ROWS = 64;

  private final Team team;
  private final Usage usage;
  private final Activation activation;
  private final ActivationIo io;
  private final int width;
  private final Team.Task forwardTask = this::forwardPart;
  private final Team.Task backwardTask = this::backwardPart;
  private int rows;

  CpuActivation(Team team, Usage usage, Activation activation, ActivationIo io) {
    this.team = team;
    this.usage = usage;
    this.activation = activation;
    this.io = io;
    width = io.width();
  }

  @Override
  public void forward(int count) {
    run(count, forwardTask);
  }

  @Override
  public void backward(int count) {
    io.gradientOut();
    run(count, backwardTask);
  }

  private void run(int count, Team.Task task) {
    io.check(count);
    usage.check();
    rows = count;
    team.run((count + ROWS - 1) / ROWS, task);
  }

  private void forwardPart(int part) {
    int end = Math.min(rows, (part + 1) * ROWS);
    long x = io.x().address();
    long y = io.y().address();
    for (int row = part * ROWS; row < end; row++) {
      long at = 4L * row * width;
      Activated.forward(activation, width, x + at, y + at);
    }
  }

  private void backwardPart(int part) {
    int end = Math.min(rows, (part + 1) * ROWS);
    long y = io.y().address();
    long dy = io.gradientIn().address();
    long dx = io.gradientOut().address();
    for (int row = part * ROWS; row < end; row++) {
      long at = 4L * row * width;
      Activated.backward(activation, width, y + at, dy + at, dx + at);
    }
  }
}
