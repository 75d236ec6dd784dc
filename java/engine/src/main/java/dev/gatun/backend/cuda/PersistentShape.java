package dev.gatun.backend.cuda;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentSpec;
import org.jspecify.annotations.Nullable;

/**
 * How the kernels that go through all steps of a layer in one launch divide a stack's work:
 * persistent.cuh. Sizes are those of a block.
 *
 * @param tile sequences
 * @param units of a thread
 * @param forward R h; of a reset-before GRU that of its gates r and z
 * @param backward R' du, likewise
 * @param candidate of a reset-before GRU R_n (r * h), and R_n' du_n; of others not used
 * @param forwardBytes shared memory
 * @param backwardBytes likewise
 */
record PersistentShape(
    int tile,
    int units,
    Product forward,
    Product backward,
    Product candidate,
    long forwardBytes,
    long backwardBytes) {
  /** Of shared memory, which the compiler itself takes some of: 128 bytes of sums. */
  private static final int RESERVED = 1024;

  /** The most sequences of a block; powers of two. */
  private static final int MOST_TILE = 4;

  /**
   * Floats of R that a thread keeps in registers: of the 255 that it may have, so many that NVRTC
   * 13.0 spills none of them for sm_90 (docs/decisions/0014).
   */
  private static final int HELD = 160;

  /** Threads that share rows: more would read vectors from the same banks of shared memory. */
  private static final int MOST_LANES = 8;

  /** Rows of a thread: each is a sum in a register for each sequence. */
  private static final int MOST_ROWS = 8;

  /** Floats that are read at once. */
  private static final int FOUR = 4;

  /**
   * A matrix divided among the threads of a block, as persistent.cuh's {@code Product}.
   *
   * @param outputs the matrix's rows
   * @param inputs its columns
   * @param rows of a thread
   * @param lanes threads that share them
   * @param held fours of columns in registers, of each row
   */
  record Product(int outputs, int inputs, int rows, int lanes, int held) {
    /**
     * The division with the least work of a thread; null if there is none.
     *
     * @param most floats in registers
     */
    static @Nullable Product of(int outputs, int inputs, int most) {
      Product best = null;
      for (int lanes = 1; lanes <= MOST_LANES; lanes *= 2) {
        int rows = Math.ceilDiv(outputs * lanes, KernelCall.BLOCK);
        if (rows <= MOST_ROWS) {
          int held = Math.max(1, Math.min(fours(inputs, lanes), most / (FOUR * rows)));
          Product each = new Product(outputs, inputs, rows, lanes, held);
          best = best == null || each.work() < best.work() ? each : best;
        }
      }
      return best;
    }

    private static int fours(int inputs, int lanes) {
      return Math.ceilDiv(inputs, FOUR * lanes);
    }

    private int fours() {
      return fours(inputs, lanes);
    }

    /**
     * Of a thread and sequence, in quarters of a clock of a multiprocessor, which multiplies four
     * warps' numbers while it reads, or exchanges, those of one.
     */
    private int work() {
      int exchanges = rows * Integer.numberOfTrailingZeros(lanes);
      return FOUR * rows * fours() + FOUR * (fours() + exchanges);
    }

    /** Bytes of what registers do not hold. */
    private long restBytes() {
      return (long) Float.BYTES * FOUR * (fours() - held) * rows * KernelCall.BLOCK;
    }

    /** Floats of a vector that it multiplies, with the zeros behind it. */
    private int width() {
      return FOUR * fours() * lanes;
    }

    private String text() {
      return "Product<%d, %d, %d>".formatted(rows, lanes, held);
    }
  }

  /**
   * Why these kernels cannot compute a stack; null: they can.
   *
   * @param plan whose x says how many sequences there are at most
   */
  static @Nullable String obstacle(StackPlan plan, CudaContext context) {
    RecurrentSpec spec = plan.spec();
    Precision precision = context.precision();
    if (precision != Precision.FP32 && precision != Precision.TF32) {
      return "these compute in fp32, not in " + precision.label();
    }
    if (spec.cell() == Cell.SOFTMAX) {
      return "these have no softmax over the units";
    }
    if (spec.projectionSize() > 0) {
      return "these have no projection";
    }
    if (plan.io().decay() != null) {
      return "these have no decay of the states";
    }
    return of(plan, context) == null
        ? "recurrent weights of %d units do not fit into a multiprocessor"
            .formatted(spec.hiddenSize())
        : null;
  }

  /** The shape of a stack that has no other {@link #obstacle}; null if R is too large. */
  static @Nullable PersistentShape of(StackPlan plan, CudaContext context) {
    Device device = context.device();
    int maxBatch = Math.toIntExact(plan.io().x().dim(1));
    Mode mode = plan.mode();
    RecurrentSpec spec = plan.spec();
    int wanted = Math.ceilDiv(maxBatch, device.multiprocessors());
    int limit = device.sharedMemory() - RESERVED;
    for (int tile = MOST_TILE; tile >= 1; tile /= 2) {
      PersistentShape shape = tile > 1 && tile / 2 >= wanted ? null : of(spec, tile);
      if (shape != null
          && shape.forwardBytes <= limit
          && (mode == Mode.INFERENCE || shape.backwardBytes <= limit)) {
        return shape;
      }
    }
    return null;
  }

  private static @Nullable PersistentShape of(RecurrentSpec spec, int tile) {
    boolean reset = spec.cell() == Cell.GRU_RESET_BEFORE;
    int size = spec.hiddenSize();
    int rows = reset ? 2 * size : spec.gateRows();
    int held = reset ? HELD - HELD / 3 : HELD; // of its two products one has twice the rows
    Product forward = Product.of(rows, size, held);
    Product backward = Product.of(size, rows, held);
    Product candidate = Product.of(size, size, HELD / 3);
    if (forward == null || backward == null || candidate == null) {
      return null;
    }
    boolean hats = spec.cell() == Cell.LSTM && spec.regularization().layerNorm();
    int shares = spec.gateRows() + (hats ? size : 0);
    Product other = reset ? candidate : null;
    return new PersistentShape(
        tile,
        Math.ceilDiv(tile * size, KernelCall.BLOCK),
        forward,
        backward,
        candidate,
        bytes(tile, forward, other, shares),
        bytes(tile, backward, other, 2 * size));
  }

  /** Shared memory: of R what registers do not hold, then vectors and what products give. */
  private static long bytes(int tile, Product product, @Nullable Product other, int results) {
    long rest = product.restBytes() + (other == null ? 0 : other.restBytes());
    int vectors = product.width() + (other == null ? 0 : other.width());
    return rest + (long) Float.BYTES * tile * (vectors + FOUR * Math.ceilDiv(results, FOUR));
  }

  /** What stands in front of the sources of these kernels. */
  String defines() {
    return """
        #define TILE %d
        #define UNITS %d
        #define FORWARD %s
        #define BACKWARD %s
        #define CANDIDATE %s
        """
        .formatted(tile, units, forward.text(), backward.text(), candidate.text());
  }
}
