package dev.gatun.backend.cpu;

import dev.gatun.kernels.Elementwise;
import java.util.Objects;

/**
 * One thread's way through the steps of a pass, in one of two divisions of the work. By sequences:
 * each worker has its own and never meets another. By columns: every worker goes through the steps
 * of all sequences, and they divide the columns of each product and the rows of each cell in {@link
 * Lockstep}. An element is computed in the same order either way.
 */
final class PassWorker {
  private final Pass pass;
  private final Regularizer regular;
  private final int number;
  private final Rows rows;
  private final Lockstep lockstep;
  private final Lockstep.Place place = new Lockstep.Place();
  private final Lockstep.Chunk copyEmptyTask = this::copyEmpty;
  private final Lockstep.Chunk maskInputTask = this::maskInput;
  private final Lockstep.Chunk multiplyInputTask = this::multiplyInput;
  private final Lockstep.Chunk fadeTask = this::fade;
  private final Lockstep.Chunk maskStateTask = this::maskState;
  private final Lockstep.Chunk productTask = this::product;
  private final Lockstep.Chunk cellTask = this::cell;
  private final Lockstep.Chunk zoneStateTask = this::zoneState;
  private final Lockstep.Chunk copyLastTask = this::copyLast;
  private final Lockstep.Chunk startBackTask = this::startBack;
  private final Lockstep.Chunk splitGradientTask = this::splitGradient;
  private final Lockstep.Chunk cellBackTask = this::cellBack;
  private final Lockstep.Chunk productBackTask = this::productBack;
  private final Lockstep.Chunk afterBackTask = this::afterBack;
  private final Lockstep.Chunk fadeBackTask = this::fadeBack;
  private final Lockstep.Chunk inputGradientTask = this::inputGradient;
  private final Lockstep.Chunk finishBackTask = this::finishBack;

  /** Workers that go together: 1 where the work is divided by sequences. */
  private int together;

  private int part;
  private int active;
  private int step;
  private int stage;

  PassWorker(Pass pass, int number, Rows rows, Lockstep lockstep) {
    this.pass = pass;
    regular = pass.regular;
    this.number = number;
    this.rows = rows;
    this.lockstep = lockstep;
  }

  private boolean run(int chunks, Lockstep.Chunk work) {
    if (together == 1) {
      work.run(0, 1);
      return true;
    }
    return lockstep.run(place, chunks, work);
  }

  /** As many chunks as there are workers and rows. */
  private int byRows() {
    return Math.min(active, together);
  }

  private void start(int workers) {
    together = workers;
    part = workers == 1 ? number : 0;
    lockstep.enter(place, number);
    rows.blockRows = 0;
    rows.used = 0;
  }

  /**
   * Runs through the steps of this worker's sequences.
   *
   * @param workers how many go together; 1: by sequences
   * @param blockGates where the gates of a block go in inference, the same for all that go together
   */
  void forward(int workers, long blockGates) {
    start(workers);
    active = pass.sequences.size(part);
    boolean more = run(1, copyEmptyTask);
    for (step = 0; more && step < pass.sequences.time(); step++) {
      active = pass.sequences.active(part, step, active);
      if (active == 0) {
        return;
      }
      if (rows.used == rows.blockRows) {
        gatherBlock(blockGates);
        more =
            (!regular.masksInput() || run(together, maskInputTask))
                && run(together, multiplyInputTask);
      }
      pass.place(rows, part, step, active);
      regular.place(rows, active);
      System.arraycopy(rows.to, rows.used, rows.gates, 0, active);
      rows.used += active;
      pass.prepareForward(rows, active);
      more = more && (pass.decay == null || run(byRows(), fadeTask));
      more = more && (!regular.masksState() || run(byRows(), maskStateTask));
      for (stage = 0; more && stage < pass.products(); stage++) {
        more = run(together, productTask) && (stage >= pass.cells() || run(byRows(), cellTask));
      }
      more = more && (!regular.zonesState() || run(byRows(), zoneStateTask));
      if (more && pass.ends(part, step)) {
        more = run(1, copyLastTask);
      }
    }
  }

  private void copyEmpty(int chunk, int chunks) {
    pass.copyEmpty(part);
  }

  /** The rows of the steps from the present one on that fill a block. */
  private void gatherBlock(long blockGates) {
    int count = 0;
    int running = active;
    for (int s = step; s < pass.sequences.time() && count < Pass.BLOCK_ROWS; s++) {
      running = pass.sequences.active(part, s, running);
      for (int i = 0; i < running; i++) {
        int row = pass.row(pass.sequences.rank(part, i), s);
        rows.from[count] =
            regular.masksInput() ? regular.maskedInput(row) : pass.io.x + 4L * row * pass.inputSize;
        rows.to[count] =
            pass.training
                ? pass.gates + 4L * pass.gateRows * row
                : blockGates + 4L * pass.gateRows * count;
        count++;
      }
    }
    rows.blockRows = count;
    rows.used = 0;
  }

  /** Masks the input of a block's rows, dealt out to the chunks. */
  private void maskInput(int chunk, int chunks) {
    int running = active;
    int count = 0;
    for (int s = step; count < rows.blockRows; s++) {
      running = pass.sequences.active(part, s, running);
      for (int i = 0; i < running; i++) {
        if (count++ % chunks == chunk) {
          int rank = pass.sequences.rank(part, i);
          int row = pass.row(rank, s);
          regular.maskInput(rank, row, pass.io.x + 4L * row * pass.inputSize);
        }
      }
    }
  }

  private void multiplyInput(int chunk, int chunks) {
    pass.multiplyInput(rows, chunk, chunks);
  }

  private void fade(int chunk, int chunks) {
    Objects.requireNonNull(pass.decay)
        .forward(rows, share(chunk, chunks), share(chunk + 1, chunks));
  }

  private void fadeBack(int chunk, int chunks) {
    Objects.requireNonNull(pass.decay)
        .backward(rows, share(chunk, chunks), share(chunk + 1, chunks));
  }

  private void maskState(int chunk, int chunks) {
    regular.maskState(rows, share(chunk, chunks), share(chunk + 1, chunks));
  }

  private void product(int chunk, int chunks) {
    pass.product(stage, rows, active, chunk, chunks);
  }

  private void cell(int chunk, int chunks) {
    pass.cell(stage, rows, share(chunk, chunks), share(chunk + 1, chunks));
  }

  private int share(int chunk, int chunks) {
    return (int) ((long) active * chunk / chunks);
  }

  private void zoneState(int chunk, int chunks) {
    regular.zoneState(rows, share(chunk, chunks), share(chunk + 1, chunks));
  }

  private void copyLast(int chunk, int chunks) {
    pass.copyLast(rows, step, active);
  }

  /** Runs back through the steps of this worker's sequences. */
  void backward(int workers) {
    start(workers);
    active = 0;
    boolean more = run(1, startBackTask);
    for (step = pass.sequences.time() - 1; more && step >= 0; step--) {
      active = pass.sequences.active(part, step, active);
      if (active == 0) {
        continue;
      }
      pass.place(rows, part, step, active);
      regular.place(rows, active);
      pass.prepareBackward(rows, active);
      more = more && (!regular.splitsGradient() || run(byRows(), splitGradientTask));
      for (stage = 0; more && stage < pass.products(); stage++) {
        more = run(byRows(), cellBackTask) && run(together, productBackTask);
      }
      more = more && (!regular.splitsGradient() || run(byRows(), afterBackTask));
      more = more && (pass.decay == null || run(byRows(), fadeBackTask));
      if (more && pass.io.dx != 0 && blockEnds()) {
        more = run(together, inputGradientTask);
        rows.blockRows = 0;
      }
    }
    if (more) {
      run(1, finishBackTask);
    }
  }

  private void startBack(int chunk, int chunks) {
    pass.startBack(part);
  }

  /** In a task of its own: with the cell it is more than C2 compiles without leaving vectors. */
  private void splitGradient(int chunk, int chunks) {
    int from = share(chunk, chunks);
    int to = share(chunk + 1, chunks);
    addOutputGradient(from, to);
    regular.beforeBackward(rows, from, to);
  }

  private void cellBack(int chunk, int chunks) {
    int from = share(chunk, chunks);
    int to = share(chunk + 1, chunks);
    if (stage == 0 && !regular.splitsGradient()) {
      addOutputGradient(from, to);
    }
    pass.cellBack(stage, rows, from, to);
  }

  private void addOutputGradient(int from, int to) {
    for (int i = from; pass.io.dy != 0 && i < to; i++) {
      Elementwise.add(pass.out, pass.io.dy + 4L * rows.row[i] * pass.io.yStride, rows.dh[i]);
    }
  }

  private void afterBack(int chunk, int chunks) {
    regular.afterBackward(rows, share(chunk, chunks), share(chunk + 1, chunks), pass.carries);
  }

  private void productBack(int chunk, int chunks) {
    pass.productBack(stage, rows, active, chunk, chunks);
  }

  /** Notes the step's rows for dL/dx; whether they fill a block or are the last. */
  private boolean blockEnds() {
    for (int i = 0; i < active; i++) {
      rows.from[rows.blockRows] = rows.gates[i];
      rows.to[rows.blockRows++] = pass.io.dx + 4L * rows.row[i] * pass.inputSize;
    }
    return step == 0 || rows.blockRows >= Pass.BLOCK_ROWS;
  }

  private void inputGradient(int chunk, int chunks) {
    pass.multiplyGradient(rows, chunk, chunks);
  }

  private void finishBack(int chunk, int chunks) {
    pass.finishBack(part);
  }
}
