package dev.gatun.backend.cpu;

import dev.gatun.backend.CtcChecks;
import dev.gatun.backend.CtcIo;
import dev.gatun.kernels.Ctc;
import dev.gatun.kernels.Elementwise;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Connectionist temporal classification, a sequence at a time on each thread. What a sequence gives
 * does not depend on who computes it, and losses are added in their order. Scratch grows to the
 * largest call; after that nothing is allocated.
 */
final class CtcOps implements AutoCloseable {
  private final CtcChecks checks = new CtcChecks(DType.F32);
  private final Usage usage;
  private final Team team;
  private final Team.Task task = this::work;
  private final AtomicInteger next = new AtomicInteger();

  private @Nullable CtcIo io;
  private int t;
  private int n;

  /** I64 [N]: the address of each sequence's labels. */
  private Tensor labels = Tensor.host(DType.I64, 1);

  /** F64: for each thread what a sequence needs. */
  private Tensor scratch = Tensor.host(DType.F64, 1);

  private long scratchOfOne;

  CtcOps(Team team, Usage usage) {
    this.team = team;
    this.usage = usage;
  }

  /** {@link dev.gatun.backend.Backend#ctc}. */
  void run(int steps, int sequences, CtcIo given) {
    checks.check(steps, sequences, given);
    usage.enter(); // it writes to memory that close frees
    try {
      runChecked(steps, sequences, given);
    } finally {
      usage.exit();
    }
  }

  private void runChecked(int steps, int sequences, CtcIo given) {
    t = steps;
    n = sequences;
    io = given;
    long most = findLabels(given);
    int threads = Math.min(team.threads(), n);
    scratchOfOne = Ctc.scratch(t, most);
    if (scratch.size() < threads * scratchOfOne) {
      scratch.memory().close();
      scratch = Tensor.host(DType.F64, threads * scratchOfOne);
    }
    next.set(0);
    team.run(threads, task);
    io = null;
    sum(given);
  }

  /** Fills {@link #labels}; the labels of the longest sequence. */
  private long findLabels(CtcIo given) {
    if (labels.size() < n) {
      labels.memory().close();
      labels = Tensor.host(DType.I64, n);
    }
    long most = 0;
    long flat = 0;
    for (int i = 0; i < n; i++) {
      long count = given.labelLengths().getLong(i);
      long first = given.padded() ? i * given.labels().dim(1) : flat;
      labels.setLong(i, given.labels().address() + Integer.BYTES * first);
      flat += count;
      most = Math.max(most, count);
    }
    return most;
  }

  /** Takes sequences until there are no more; a part has scratch of its own. */
  private void work(int part) {
    CtcIo given = io;
    if (given == null) {
      throw new IllegalStateException("no sequences to work on");
    }
    long mine = scratch.address() + Double.BYTES * scratchOfOne * part;
    for (int i = next.getAndIncrement(); i < n; i = next.getAndIncrement()) {
      sequence(given, i, mine);
    }
  }

  private void sequence(CtcIo given, int i, long mine) {
    int v = given.classes();
    long row = (long) Float.BYTES * v;
    long stride = row * n;
    Tensor gradient = given.dLogits();
    long dx = gradient == null ? 0 : gradient.address() + i * row;
    Tensor lengths = given.lengths();
    int length = lengths == null ? t : (int) lengths.getLong(i);
    int count = (int) given.labelLengths().getLong(i);
    double loss =
        Ctc.sequence(
            length,
            v,
            given.logits().address() + i * row,
            stride,
            labels.getLong(i),
            count,
            given.blank(),
            dx,
            (float) (given.scale().get(0) * given.weight(count)),
            mine);
    given.losses().set(i, loss);
    for (int step = length; dx != 0 && step < t; step++) {
      Elementwise.fill(v, dx + step * stride, 0f);
    }
  }

  private void sum(CtcIo given) {
    double total = 0;
    long impossible = 0;
    for (int i = 0; i < n; i++) {
      double loss = given.losses().get(i);
      if (loss == Double.POSITIVE_INFINITY) {
        impossible++;
      } else {
        total += given.weight(given.labelLengths().getLong(i)) * loss;
      }
    }
    given.loss().set(0, given.scale().get(0) * total);
    given.impossible().setLong(0, given.impossible().getLong(0) + impossible);
  }

  @Override
  public void close() {
    scratch.memory().close();
    labels.memory().close();
  }
}
