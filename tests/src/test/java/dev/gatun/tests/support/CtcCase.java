package dev.gatun.tests.support;

import dev.gatun.backend.Backend;
import dev.gatun.backend.CtcIo;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One call of {@link Backend#ctc} on tensors of its own. */
public final class CtcCase {
  private final Backend backend;
  private final int t;
  private final int n;

  /** What it works on. */
  public final CtcIo io;

  /** How a batch is given. */
  public enum Form {
    PADDED,
    FLAT
  }

  /**
   * Reserves a call.
   *
   * @param logits [t, n, v] in the backend's memory
   * @param lengths of the sequences; null: all have t steps
   * @param labels of each sequence
   */
  public CtcCase(
      Backend backend,
      Workspace workspace,
      Tensor logits,
      int @Nullable [] lengths,
      int[][] labels,
      int blank,
      boolean perLabel,
      Form form) {
    this.backend = backend;
    t = (int) logits.dim(0);
    n = labels.length;
    int[] counts = Arrays.stream(labels).mapToInt(each -> each.length).toArray();
    io =
        new CtcIo(
            logits,
            lengths == null ? null : ints(workspace, lengths, n),
            form == Form.FLAT ? flat(workspace, labels) : padded(workspace, labels),
            ints(workspace, counts, n),
            blank,
            perLabel,
            Host.write(backend, workspace.tensor(DType.F64, 1), 0.5),
            workspace.tensor(DType.F64, n + 1),
            workspace.tensor(DType.F64, 1),
            workspace.tensor(DType.I64, 1),
            // values that have to be overwritten
            fill(workspace.real(logits.shape()), 77));
  }

  private Tensor ints(Workspace workspace, int[] values, long... shape) {
    return Host.write(
        backend,
        workspace.tensor(DType.I32, shape),
        Arrays.stream(values).asDoubleStream().toArray());
  }

  private Tensor flat(Workspace workspace, int[][] labels) {
    int[] all = Arrays.stream(labels).flatMapToInt(Arrays::stream).toArray();
    return ints(workspace, all, all.length);
  }

  /** Rows are one longer than they must be, and padded with what is no label. */
  private Tensor padded(Workspace workspace, int[][] labels) {
    int width = 1 + Arrays.stream(labels).mapToInt(each -> each.length).max().orElse(0);
    int[] all = new int[n * width];
    Arrays.fill(all, -1);
    for (int i = 0; i < n; i++) {
      System.arraycopy(labels[i], 0, all, i * width, labels[i].length);
    }
    return ints(workspace, all, n, width);
  }

  private Tensor fill(Tensor tensor, double value) {
    backend.fill(tensor, value);
    return tensor;
  }

  /** The same with the gradient elsewhere, or null for none. */
  public CtcIo withGradient(@Nullable Tensor dLogits) {
    return new CtcIo(
        io.logits(),
        io.lengths(),
        io.labels(),
        io.labelLengths(),
        io.blank(),
        io.perLabel(),
        io.scale(),
        io.losses(),
        io.loss(),
        io.impossible(),
        dLogits);
  }

  /** Runs it. */
  public CtcCase run() {
    backend.ctc(t, n, io);
    return this;
  }

  /** The loss. */
  public double loss() {
    return Host.get(backend, io.loss(), 0);
  }

  /** Of each sequence. */
  public double[] losses() {
    return Arrays.copyOf(Host.read(backend, io.losses()), n);
  }

  /** The sequences counted as impossible so far. */
  public long impossible() {
    return (long) Host.get(backend, io.impossible(), 0);
  }

  /** The gradient. */
  public double[] gradient() {
    Tensor d = io.dLogits();
    return d == null ? new double[0] : Host.read(backend, d);
  }
}
