package dev.gatun.backend;

import java.util.ArrayList;
import java.util.List;

/**
 * A stack of recurrent layers.
 *
 * @param cell the cell of every layer
 * @param inputSize C, features of the input
 * @param hiddenSize H, units of a layer and direction
 * @param projectionSize P, the width of h after a projection, or 0 for none (LSTM only, P &lt; H)
 * @param layers L, at least 1
 * @param bidirectional whether each layer also runs backwards in time; outputs are concatenated
 * @param bias whether the gates have biases
 * @param dropout the probability of zeroing an output of a layer that feeds another, 0 to below 1
 * @param regularization of every cell
 * @param options of every cell
 */
public record RecurrentSpec(
    Cell cell,
    int inputSize,
    int hiddenSize,
    int projectionSize,
    int layers,
    boolean bidirectional,
    boolean bias,
    double dropout,
    Regularization regularization,
    CellOptions options) {

  /** The largest width: products of two of them still count in a long with room to spare. */
  private static final int MAX_SIZE = 1 << 24;

  /** Checks every size. */
  public RecurrentSpec {
    atLeast(1, inputSize, "inputSize");
    atMost(MAX_SIZE, inputSize, "inputSize");
    atLeast(1, hiddenSize, "hiddenSize");
    atMost(MAX_SIZE, hiddenSize, "hiddenSize");
    atLeast(0, projectionSize, "projectionSize");
    atLeast(1, layers, "layers");
    if (projectionSize > 0 && cell != Cell.LSTM) {
      throw new IllegalArgumentException(
          "projectionSize %d: only an LSTM has a projection, not %s"
              .formatted(projectionSize, cell));
    }
    if (projectionSize >= hiddenSize) {
      throw new IllegalArgumentException(
          "projectionSize %d must be smaller than hiddenSize %d"
              .formatted(projectionSize, hiddenSize));
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("dropout " + dropout + " must be in [0, 1)");
    }
    if (dropout > 0 && layers == 1) {
      throw new IllegalArgumentException(
          "dropout %s works between recurrent layers and there is only one".formatted(dropout));
    }
    regularization.check(cell);
    options.check(cell, regularization);
  }

  /** A stack of regularised cells. */
  public RecurrentSpec(
      Cell cell,
      int inputSize,
      int hiddenSize,
      int projectionSize,
      int layers,
      boolean bidirectional,
      boolean bias,
      double dropout,
      Regularization regularization) {
    this(
        cell,
        inputSize,
        hiddenSize,
        projectionSize,
        layers,
        bidirectional,
        bias,
        dropout,
        regularization,
        CellOptions.NONE);
  }

  /** A stack of plain cells. */
  public RecurrentSpec(
      Cell cell,
      int inputSize,
      int hiddenSize,
      int projectionSize,
      int layers,
      boolean bidirectional,
      boolean bias,
      double dropout) {
    this(
        cell,
        inputSize,
        hiddenSize,
        projectionSize,
        layers,
        bidirectional,
        bias,
        dropout,
        Regularization.NONE);
  }

  private static void atMost(int most, int value, String name) {
    if (value > most) {
      throw new IllegalArgumentException(name + " " + value + " must be at most " + most);
    }
  }

  private static void atLeast(int least, int value, String name) {
    if (value < least) {
      throw new IllegalArgumentException(name + " " + value + " must be at least " + least);
    }
  }

  /** One unidirectional layer with biases. */
  public static RecurrentSpec of(Cell cell, int inputSize, int hiddenSize) {
    return new RecurrentSpec(cell, inputSize, hiddenSize, 0, 1, false, true, 0);
  }

  /** The same with another number of layers and the dropout between them. */
  public RecurrentSpec stacked(int count, double rate) {
    return like(
        inputSize, projectionSize, count, bidirectional, bias, rate, regularization, options);
  }

  /** The same for another input. */
  public RecurrentSpec withInput(int size) {
    return like(
        size, projectionSize, layers, bidirectional, bias, dropout, regularization, options);
  }

  /** The same in both directions. */
  public RecurrentSpec bothDirections() {
    return like(inputSize, projectionSize, layers, true, bias, dropout, regularization, options);
  }

  /** The same with a projection of h to {@code size}. */
  public RecurrentSpec projected(int size) {
    return like(inputSize, size, layers, bidirectional, bias, dropout, regularization, options);
  }

  /** The same without biases. */
  public RecurrentSpec withoutBias() {
    return like(
        inputSize, projectionSize, layers, bidirectional, false, dropout, regularization, options);
  }

  /** The same with regularised cells. */
  public RecurrentSpec regularized(Regularization how) {
    return like(inputSize, projectionSize, layers, bidirectional, bias, dropout, how, options);
  }

  /** The same with other options of the cells. */
  public RecurrentSpec with(CellOptions other) {
    return like(
        inputSize, projectionSize, layers, bidirectional, bias, dropout, regularization, other);
  }

  /** The same cell with as many units. */
  private RecurrentSpec like(
      int input,
      int projection,
      int count,
      boolean both,
      boolean biases,
      double rate,
      Regularization how,
      CellOptions other) {
    return new RecurrentSpec(
        cell, input, hiddenSize, projection, count, both, biases, rate, how, other);
  }

  /** D, 1 or 2. */
  public int directions() {
    return bidirectional ? 2 : 1;
  }

  /** The width of h of one direction: P, or H without a projection. */
  public int stateSize() {
    return projectionSize > 0 ? projectionSize : hiddenSize;
  }

  /** The width of y: D times {@link #stateSize}. */
  public int outputSize() {
    return directions() * stateSize();
  }

  /** The width of the input of a layer. */
  public int inputSize(int layer) {
    return layer == 0 ? inputSize : outputSize();
  }

  /** G*H, the rows of a weight matrix. */
  public int gateRows() {
    return cell.gates() * hiddenSize;
  }

  /** Every weight with its place in one flat block, in PyTorch's order and with its names. */
  public List<WeightView> weights() {
    List<WeightView> views = new ArrayList<>();
    long at = 0;
    for (int layer = 0; layer < layers; layer++) {
      for (int direction = 0; direction < directions(); direction++) {
        for (Weight weight : Weight.values()) {
          long[] shape = shape(weight, layer);
          if (shape.length > 0) {
            WeightView view = new WeightView(weight, layer, direction, at, shape);
            views.add(view);
            at += view.size();
          }
        }
      }
    }
    return List.copyOf(views);
  }

  private long[] shape(Weight weight, int layer) {
    return switch (weight) {
      case INPUT -> new long[] {gateRows(), inputSize(layer)};
      case RECURRENT -> new long[] {gateRows(), stateSize()};
      case INPUT_BIAS, RECURRENT_BIAS -> bias ? new long[] {gateRows()} : new long[0];
      case PROJECTION -> projectionSize > 0 ? new long[] {projectionSize, hiddenSize} : new long[0];
      case PEEPHOLE -> options.peephole() ? new long[] {3L * hiddenSize} : new long[0];
      case INPUT_NORM, RECURRENT_NORM ->
          regularization.layerNorm() ? new long[] {gateRows()} : new long[0];
      case CELL_NORM, CELL_NORM_BIAS ->
          regularization.layerNorm() && cell.hasCellState() && (bias || weight == Weight.CELL_NORM)
              ? new long[] {hiddenSize}
              : new long[0];
    };
  }

  /** The number of weights in the flat block. */
  public long weightCount() {
    return weights().stream().mapToLong(WeightView::size).sum();
  }

  /** One weight of the stack, or null where the stack has none. */
  public @org.jspecify.annotations.Nullable WeightView weight(
      Weight weight, int layer, int direction) {
    for (WeightView view : weights()) {
      if (view.weight() == weight && view.layer() == layer && view.direction() == direction) {
        return view;
      }
    }
    return null;
  }

  /** The kinds of weights of one layer and direction. */
  public enum Weight {
    /** W, [G*H, C]. */
    INPUT("weight_ih"),
    /** R, [G*H, P or H]. */
    RECURRENT("weight_hh"),
    /** b_W, [G*H]. */
    INPUT_BIAS("bias_ih"),
    /** b_R, [G*H]. */
    RECURRENT_BIAS("bias_hh"),
    /** W_r, [P, H]. */
    PROJECTION("weight_hr"),
    /** The diagonals of the peepholes of i, f and o, [3*H]. */
    PEEPHOLE("weight_ch"),
    /** The gain of the normalised W x, [G*H]. */
    INPUT_NORM("norm_ih"),
    /** The gain of the normalised R h, [G*H]. */
    RECURRENT_NORM("norm_hh"),
    /** The gain of the normalised c, [H]. */
    CELL_NORM("norm_c"),
    /** The shift of the normalised c, [H]. */
    CELL_NORM_BIAS("norm_c_bias");

    private final String prefix;

    Weight(String prefix) {
      this.prefix = prefix;
    }
  }

  /**
   * One weight's place in the flat block.
   *
   * @param weight its kind
   * @param layer from 0
   * @param direction 0 forward, 1 reverse
   * @param offset its first element in the block
   * @param shape rows, columns; or rows
   */
  @SuppressWarnings("ArrayRecordComponent") // the shape is read by index in planning only
  public record WeightView(Weight weight, int layer, int direction, long offset, long[] shape) {
    /** PyTorch's name, as {@code weight_ih_l0_reverse}. */
    public String name() {
      return weight.prefix + "_l" + layer + (direction == 1 ? "_reverse" : "");
    }

    /** Whether it is a matrix, that products are made with. */
    public boolean matrix() {
      return shape.length == 2;
    }

    /** The number of elements. */
    public long size() {
      long size = 1;
      for (long d : shape) {
        size *= d;
      }
      return size;
    }
  }
}
