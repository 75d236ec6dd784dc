package dev.gatun.backend.cuda;

import dev.gatun.backend.MaskKey;
import org.jspecify.annotations.Nullable;

/** The kernels that a stack of cells shares, on device addresses, and the stack's random masks. */
final class CellKernels {
  /** Columns that a block of columnSums and columnProducts takes: a warp. */
  private static final int SUM_COLUMNS = 32;

  private static final double WORDS = 0x1p32;

  /** Elements that a thread of dropout takes: the words that Philox gives at once. */
  private static final int DROPPED = 4;

  private final CudaContext context;
  private final @Nullable MaskKey mask;
  private final KernelCall fill;
  private final KernelCall columnSums;
  private final KernelCall dropout;
  private final KernelCall maskInput;
  private final KernelCall maskWeights;
  private final KernelCall normalizeRows;
  private final KernelCall normalizeBackward;
  private final KernelCall columnProducts;

  /**
   * Compiles or loads them.
   *
   * @param mask the key of the stack's masks; null: none is drawn
   */
  CellKernels(CudaContext context, @Nullable MaskKey mask) {
    this.context = context;
    this.mask = mask;
    KernelLibrary ops = KernelLibrary.of(context.device(), "ops.cu");
    KernelLibrary regular = KernelLibrary.of(context.device(), "regular.cu");
    fill = new KernelCall(context, ops, "fillFloat", 3);
    columnSums = new KernelCall(context, ops, "columnSums", 4);
    dropout = new KernelCall(context, ops, "dropout", 8);
    maskInput = new KernelCall(context, regular, "maskInput", 12);
    maskWeights = new KernelCall(context, regular, "maskWeights", 10);
    normalizeRows = new KernelCall(context, regular, "normalizeRows", 4);
    normalizeBackward = new KernelCall(context, regular, "normalizeBackward", 7);
    columnProducts = new KernelCall(context, regular, "columnProducts", 6);
  }

  /** A kernel of a pass, of a source, with {@code arguments} after its fields. */
  KernelCall cell(String file, PassFields fields, String name, int arguments) {
    KernelLibrary library = KernelLibrary.of(context.device(), file);
    return new KernelCall(context, library, name, fields.segment(), 1 + arguments);
  }

  /** A kernel of all steps of a pass, of a source for a shape, with arguments t and n. */
  KernelCall allSteps(
      String file, PersistentShape shape, PassFields fields, String name, long sharedBytes) {
    KernelLibrary library = KernelLibrary.of(context.device(), file, shape.defines());
    return new KernelCall(context, library, name, fields.segment(), 3).shared(sharedBytes);
  }

  /** What a random word is below where a mask keeps an element. */
  static long threshold(double rate) {
    return Math.round((1 - rate) * WORDS);
  }

  private static float scale(double rate) {
    return (float) (1 / (1 - rate));
  }

  void zero(long count, long y) {
    fill.set(0, count).set(1, y).set(2, 0f).run(count);
  }

  /** sums [columns] += the sum over the rows of x. */
  void columnSums(long rows, int columns, long x, long sums) {
    columnSums.set(0, rows).set(1, columns).set(2, x).set(3, sums);
    columnSums.run((columns + SUM_COLUMNS - 1) / SUM_COLUMNS, 1, KernelCall.BLOCK);
  }

  /** sums [columns] += the sum over the rows of a * b. */
  void columnProducts(long rows, int columns, long a, long b, long sums) {
    columnProducts(rows, columns, a, columns, b, sums);
  }

  /** The same with the rows of a {@code stride} floats apart. */
  void columnProducts(long rows, int columns, long a, int stride, long b, long sums) {
    columnProducts.set(0, rows).set(1, columns).set(2, a).set(3, (long) stride);
    columnProducts.set(4, b).set(5, sums);
    columnProducts.run((columns + SUM_COLUMNS - 1) / SUM_COLUMNS, 1, KernelCall.BLOCK);
  }

  /** Normalises the rows of v; inverses [rows] or 0. */
  void normalize(int rows, int width, long v, long inverses) {
    normalizeRows.set(0, (long) rows).set(1, width).set(2, v).set(3, inverses);
    normalizeRows.run(rows, 1, KernelCall.BLOCK);
  }

  /**
   * From dL/d(hat * gain) to dL/dv.
   *
   * @param from the first of these rows in what the normalisation keeps
   */
  void normalizeBackward(int rows, int width, long d, Normalized norm, long from, long dv) {
    normalizeBackward.set(0, (long) rows).set(1, width).set(2, d);
    normalizeBackward.set(3, norm.hat() + Float.BYTES * from * width);
    normalizeBackward.set(4, norm.inverses() + Float.BYTES * from).set(5, norm.gain()).set(6, dv);
    normalizeBackward.run(rows, 1, KernelCall.BLOCK);
  }

  /**
   * What a normalisation keeps.
   *
   * @param hat [rows, width], the normalised rows
   * @param inverses [rows], 1 / deviation; 0 in inference
   * @param gain [width]
   */
  record Normalized(long hat, long inverses, long gain) {}

  /** Drops elements of a layer's output in place. */
  void dropout(long count, long x, double rate, int layer) {
    MaskKey key = key();
    dropout.set(0, count).set(1, x).set(2, x).set(3, scale(rate)).set(4, threshold(rate));
    dropout.set(5, key.seed()).set(6, key.layer() + layer).set(7, step());
    dropout.run((count + DROPPED - 1) / DROPPED);
  }

  /** Masks the input of a layer, the same in all steps, and zeroes its padding; to may be x. */
  void maskInput(InputMask of, int t, int n, long x, long to) {
    maskInput.set(0, t).set(1, n).set(2, of.width()).set(3, of.lengths()).set(4, x).set(5, to);
    maskInput.set(6, scale(of.rate())).set(7, of.first()).set(8, threshold(of.rate()));
    boolean drawn = of.rate() > 0;
    maskInput.set(9, drawn ? key().seed() : 0).set(10, drawn ? key().layer() + of.layer() : 0);
    maskInput.set(11, drawn ? step() : 0);
    maskInput.run((long) n * of.width());
  }

  /**
   * The mask of a layer's input.
   *
   * @param layer of the stack
   * @param width C
   * @param rate 0: only padding is zeroed
   * @param first the mask's first element
   * @param lengths [N], or 0
   */
  record InputMask(int layer, int width, double rate, long first, long lengths) {}

  /**
   * Masks recurrent weights, or their gradient.
   *
   * @param add whether the result is added to what is there
   * @param first the mask's first element
   */
  void maskWeights(
      long count, long from, long to, boolean add, double rate, long first, int layer) {
    MaskKey key = key();
    maskWeights.set(0, count).set(1, from).set(2, to).set(3, add ? 1 : 0).set(4, scale(rate));
    maskWeights.set(5, first).set(6, threshold(rate)).set(7, key.seed());
    maskWeights.set(8, key.layer() + layer).set(9, step());
    maskWeights.run(count);
  }

  private MaskKey key() {
    if (mask == null) {
      throw new IllegalStateException("a plan for inference draws no masks");
    }
    return mask;
  }

  /** Refuses a mask whose step has been closed since. */
  void checkMemory() {
    if (mask != null) {
      DeviceMemory.address(mask.step());
    }
  }

  private long step() {
    return DeviceMemory.address(key().step());
  }

  /** Writes seed, layer and step of a layer's masks to its fields. */
  void addKey(PassFields fields, int layer) {
    fields.add(mask == null ? 0 : mask.seed());
    fields.add(mask == null ? 0 : mask.layer() + layer);
    fields.add(mask == null ? 0 : step());
  }
}
