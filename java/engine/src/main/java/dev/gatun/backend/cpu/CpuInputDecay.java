package dev.gatun.backend.cpu;

import dev.gatun.backend.InputDecay;
import dev.gatun.backend.InputDecayIo;
import dev.gatun.kernels.InputDecays;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;

/** The decay of missing inputs, in parts that depend on the number of rows alone. */
final class CpuInputDecay implements InputDecay {
  /** Rows of a part, as those of {@link RowOps}. */
  private static final int ROWS = 64;

  private final Team team;
  private final Products products;
  private final Usage usage;
  private final InputDecayIo io;
  private final int c;
  private final Team.Task forwardTask = this::forwardPart;
  private final Team.Task backwardTask = this::backwardPart;
  private int rows;

  CpuInputDecay(Team team, Products products, Usage usage, InputDecayIo io) {
    this.team = team;
    this.products = products;
    this.usage = usage;
    this.io = io;
    c = io.inputs();
  }

  @Override
  public void forward(int count) {
    run(count, forwardTask);
  }

  @Override
  public void backward(int count) {
    InputDecayIo.Gradients d = io.given();
    run(count, backwardTask);
    if (count > 0) {
      products.columnSum(count, 2 * c, d.scratch().address(), 2 * c, d.dDecay().address());
    }
  }

  private void run(int count, Team.Task task) {
    io.check(count);
    usage.check();
    rows = count;
    team.run((count + ROWS - 1) / ROWS, task);
  }

  private void forwardPart(int part) {
    int from = part * ROWS;
    InputDecays.forward(
        Math.min(ROWS, rows - from),
        c,
        io.x().address() + 12L * c * from,
        io.mean().address(),
        io.decay().address(),
        io.y().address() + 8L * c * from);
  }

  private void backwardPart(int part) {
    int from = part * ROWS;
    InputDecayIo.Gradients d = io.given();
    Tensor dx = d.dx();
    InputDecays.backward(
        Math.min(ROWS, rows - from),
        c,
        io.x().address() + 12L * c * from,
        io.mean().address(),
        io.decay().address(),
        d.dy().address() + 8L * c * from,
        d.scratch().address() + 8L * c * from,
        dx == null ? 0 : dx.address() + 12L * c * from);
  }
}
