package dev.gatun.backend.cpu;

import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.kernels.AttentionRows;
import dev.gatun.kernels.Elementwise;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Usage;
import dev.gatun.tensor.Workspace;
import org.jspecify.annotations.Nullable;

/** Attention on a team of threads; a sequence is a part. */
final class CpuAttention implements Attention {
  private final Team team;
  private final Products products;
  private final Usage usage;
  private final AttentionSpec spec;
  private final AttentionIo io;
  private final boolean additive;
  private final float scale;
  private final int width;
  private final int depth;
  private final Workspace workspace = Workspace.host(DType.F32);

  /** For each sequence the share of dv [A], two rows of A and the scores of a query. */
  private final Tensor scratch;

  private final int scratchWidth;
  private final Team.Task forwardTask = this::forwardPart;
  private final Team.Task backwardTask = this::backwardPart;
  private int tq;
  private int tk;
  private int n;

  CpuAttention(Team team, Products products, Usage usage, AttentionSpec spec, AttentionIo io) {
    this.team = team;
    this.products = products;
    this.usage = usage;
    this.spec = spec;
    this.io = io;
    additive = spec.score() == Score.ADDITIVE;
    scale = (float) spec.scale();
    width = io.width();
    depth = io.depth();
    scratchWidth = 3 * width + spec.maxKeys();
    scratch = workspace.real(spec.maxBatch(), scratchWidth);
  }

  private static long address(@Nullable Tensor tensor) {
    return tensor == null ? 0 : tensor.address();
  }

  /** Of row {@code row} of {@code columns}; 0 for none. */
  private static long row(@Nullable Tensor tensor, long row, int columns) {
    return tensor == null ? 0 : tensor.address() + 4 * row * columns;
  }

  /** Floats from one step of a sequence to the next. */
  private long stride(int columns) {
    return (long) n * columns;
  }

  @Override
  public void forward(int queries, int keys, int sequences) {
    run(queries, keys, sequences, forwardTask);
  }

  @Override
  public void backward(int queries, int keys, int sequences) {
    AttentionIo.Gradients d = io.given();
    run(queries, keys, sequences, backwardTask);
    if (d.dVector() != null) {
      products.columnSum(n, width, scratch.address(), scratchWidth, d.dVector().address());
    }
  }

  private void run(int queries, int keys, int sequences, Team.Task task) {
    io.check(spec, queries, keys, sequences);
    usage.check();
    tq = queries;
    tk = keys;
    n = sequences;
    team.run(n, task);
  }

  private int length(int i) {
    return io.lengths() == null ? tk : (int) io.lengths().getLong(i);
  }

  private void forwardPart(int i) {
    int length = length(i);
    long hidden = row(scratch, i, scratchWidth) + 4L * width;
    long keys = row(io.keys(), i, width);
    long values = row(io.values(), i, depth);
    for (int q = 0; q < tq; q++) {
      int row = q * n + i;
      long weights = row(io.weights(), row, tk);
      long query = row(io.queries(), row, width);
      if (additive) {
        AttentionRows.additive(
            length,
            width,
            scale,
            query,
            address(io.vector()),
            keys,
            stride(width),
            hidden,
            weights);
      } else {
        long asked = query == 0 ? address(io.vector()) : query;
        AttentionRows.dot(length, width, scale, asked, keys, stride(width), weights);
      }
      AttentionRows.softmax(length, tk, weights);
      long context = row(io.context(), row, depth);
      AttentionRows.mix(length, depth, weights, values, stride(depth), context);
    }
  }

  private void backwardPart(int i) {
    AttentionIo.Gradients d = io.given();
    int length = length(i);
    long dVector = row(scratch, i, scratchWidth);
    long hidden = dVector + 4L * width;
    long dScores = hidden + 8L * width;
    Elementwise.fill(width, dVector, 0f);
    clear(d.dKeys(), i, width);
    clear(d.dValues(), i, depth);
    long keys = row(io.keys(), i, width);
    long values = row(io.values(), i, depth);
    long dKeys = row(d.dKeys(), i, width);
    long dValues = row(d.dValues(), i, depth);
    for (int q = 0; q < tq; q++) {
      int row = q * n + i;
      long weights = row(io.weights(), row, tk);
      long dContext = row(d.dContext(), row, depth);
      AttentionRows.mixBackward(
          length, depth, weights, values, stride(depth), dContext, dValues, dScores);
      long query = row(io.queries(), row, width);
      long dQuery = row(d.dQueries(), row, width);
      if (dQuery != 0) {
        Elementwise.fill(width, dQuery, 0f);
      }
      if (additive) {
        AttentionRows.additiveBackward(
            length,
            width,
            scale,
            query,
            address(io.vector()),
            keys,
            stride(width),
            hidden,
            dScores,
            dQuery,
            dKeys,
            dVector);
      } else if (query == 0) {
        AttentionRows.dotBackward(
            length,
            width,
            scale,
            address(io.vector()),
            keys,
            stride(width),
            dScores,
            dVector,
            dKeys);
      } else {
        AttentionRows.dotBackward(
            length, width, scale, query, keys, stride(width), dScores, dQuery, dKeys);
      }
    }
  }

  private void clear(@Nullable Tensor gradient, int i, int columns) {
    for (int s = 0; gradient != null && s < tk; s++) {
      Elementwise.fill(columns, row(gradient, (long) s * n + i, columns), 0f);
    }
  }

  @Override
  public long bytes() {
    return workspace.bytes();
  }

  @Override
  public void close() {
    workspace.close();
  }
}
