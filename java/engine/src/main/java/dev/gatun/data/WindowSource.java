package dev.gatun.data;

import java.util.List;

/**
 * Windows of a scaled series with what comes after them. A window ends at a row; its inputs are
 * that row and the {@code length - 1} before it, its targets lie 1 to {@code horizon} rows later.
 * No input is ever later than a target.
 */
public final class WindowSource implements BatchSource {
  private final Series series;
  private final Scaler scaler;
  private final WindowSpec spec;
  private final BatchLayout layout;
  private final Order order;
  private final int firstEnd;
  private final int stride;
  private final float[] scaled;
  private final int[] targetColumns;

  /** The windows a source holds: those that end at {@code first}, {@code first + stride}, ... */
  private record Ends(int first, int count, int stride) {}

  private WindowSource(
      Series series, Scaler scaler, WindowSpec spec, int batch, Ends ends, Order order) {
    if (!scaler.names().equals(series.names())) {
      throw new IllegalArgumentException(
          "the scaler knows columns %s, the series has %s"
              .formatted(scaler.names(), series.names()));
    }
    this.series = series;
    this.scaler = scaler;
    this.spec = spec;
    this.order = order;
    firstEnd = ends.first();
    stride = ends.stride();
    targetColumns = columns(series, spec.targets());
    int[] inputs = columns(series, spec.inputs());
    layout =
        new BatchLayout(
            spec.length(),
            Math.min(batch, ends.count()),
            inputs.length,
            TargetKind.VALUES,
            spec.outputs());
    if (series.rows() > Integer.MAX_VALUE / inputs.length) {
      throw new IllegalArgumentException(
          "%d rows of %d inputs are more than the 2^31 - 1 values of a series: give fewer of either"
              .formatted(series.rows(), inputs.length));
    }
    scaled = new float[series.rows() * inputs.length];
    for (int row = 0; row < series.rows(); row++) {
      for (int c = 0; c < inputs.length; c++) {
        scaled[row * inputs.length + c] =
            (float) scaler.scale(inputs[c], series.value(row, inputs[c]));
      }
    }
  }

  private static int[] columns(Series series, List<String> names) {
    return names.stream().mapToInt(series::column).toArray();
  }

  /**
   * Windows that lie, with their targets, wholly within some rows; shuffled anew in every epoch.
   *
   * @param training the rows
   * @param batch N
   * @param seed of the order
   * @throws IllegalArgumentException if the rows are too few for a window, or a column is unknown
   */
  public static WindowSource training(
      Series series, Scaler scaler, WindowSpec spec, Range training, int batch, long seed) {
    training.within(series.rows(), "the series");
    long needed = (long) spec.length() + spec.horizon();
    if (training.size() < needed) {
      throw new IllegalArgumentException(
          "%d training rows are too few: a window of %d and a horizon of %d need at least %d"
              .formatted(training.size(), spec.length(), spec.horizon(), needed));
    }
    int count = (int) ((training.size() - needed) / spec.stride()) + 1;
    Ends ends = new Ends(training.from() + spec.length() - 1, count, spec.stride());
    return new WindowSource(series, scaler, spec, batch, ends, Order.shuffled(count, seed));
  }

  /**
   * Every window whose targets lie within some rows, in order, whatever the stride; its inputs may
   * reach back before them.
   *
   * @param rows the rows to predict
   * @param batch N
   * @throws IllegalArgumentException if no window's targets fit, or a column is unknown
   */
  public static WindowSource evaluation(
      Series series, Scaler scaler, WindowSpec spec, Range rows, int batch) {
    rows.within(series.rows(), "the series");
    long firstEnd = Math.max(spec.length() - 1L, (long) rows.from() - spec.ahead(0));
    long count = rows.to() - (long) spec.horizon() - firstEnd;
    if (count < 1) {
      throw new IllegalArgumentException(
          ("no window fits: rows %d to %d of the series are to be predicted, and a window of %d and"
                  + " a horizon of %d take %d rows")
              .formatted(
                  rows.from() + 1,
                  rows.to(),
                  spec.length(),
                  spec.horizon(),
                  (long) spec.length() + spec.horizon()));
    }
    return sequential(series, scaler, spec, batch, new Ends((int) firstEnd, (int) count, 1));
  }

  /**
   * Every window of a series, in order, with what comes after it known or not: the last one ends at
   * the last row and predicts the future. Unknown targets are 0 with weight 0.
   *
   * @param batch N
   * @throws IllegalArgumentException if the series is shorter than a window, or a column is unknown
   */
  public static WindowSource forecast(Series series, Scaler scaler, WindowSpec spec, int batch) {
    int count = series.rows() - spec.length() + 1;
    if (count < 1) {
      throw new IllegalArgumentException(
          "%d rows are too few for a window of %d".formatted(series.rows(), spec.length()));
    }
    return sequential(series, scaler, spec, batch, new Ends(spec.length() - 1, count, 1));
  }

  private static WindowSource sequential(
      Series series, Scaler scaler, WindowSpec spec, int batch, Ends ends) {
    return new WindowSource(series, scaler, spec, batch, ends, Order.sequential(ends.count()));
  }

  @Override
  public BatchLayout layout() {
    return layout;
  }

  @Override
  public int batches(int epoch) {
    return order.batches(layout.maxBatch());
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    int first = order.firstItem(epoch, index, layout.maxBatch());
    Order.checkLayout(into, layout);
    int size = Math.min(layout.maxBatch(), order.count() - first);
    into.begin(spec.length(), size);
    long count = 0;
    for (int n = 0; n < size; n++) {
      int window = order.item(epoch, first + n);
      int row = lastRow(window) - spec.length() + 1;
      for (int t = 0; t < spec.length(); t++) {
        into.features(t, n, scaled, (row + t) * layout.features());
        if (spec.relative()) {
          into.subtractFeatures(t, n, scaled, lastRow(window) * layout.features());
        }
      }
      boolean known = known(window);
      for (int o = 0; o < spec.outputs(); o++) {
        into.realTarget(n, o, known ? target(window, o) : 0);
      }
      into.weight(n, known ? 1 : 0);
      count += known ? 1 : 0;
    }
    into.targetCount(count);
  }

  private float target(int window, int output) {
    int column = targetColumns[output % targetColumns.length];
    double value = scaler.scale(column, truth(window, output));
    if (spec.difference()) {
      value -= scaler.scale(column, series.value(lastRow(window), column));
    }
    return (float) value;
  }

  /** The number of windows. */
  public int windows() {
    return order.count();
  }

  /** The window that is sequence {@code n} of a batch. */
  public int window(int epoch, int index, int n) {
    return order.item(epoch, order.firstItem(epoch, index, layout.maxBatch()) + n);
  }

  /** The last row a window sees. */
  public int lastRow(int window) {
    return firstEnd + window * stride;
  }

  /** The row that an output of a window is about; for the future, at or beyond the last. */
  public int targetRow(int window, int output) {
    return lastRow(window) + spec.ahead(output / targetColumns.length);
  }

  /** The name of the column that an output is about. */
  public String targetColumn(int output) {
    return spec.targets().get(output % targetColumns.length);
  }

  /** Whether everything the window is asked for lies within the series. */
  public boolean known(int window) {
    return lastRow(window) + spec.horizon() < series.rows();
  }

  /** What came true for an output of a window, in the column's own unit. */
  public double truth(int window, int output) {
    return series.value(targetRow(window, output), targetColumns[output % targetColumns.length]);
  }

  /**
   * An output of the network in the column's own unit: unscaled, and added to the last value seen
   * where differences are predicted.
   *
   * @param window the window it was given
   * @param output 0 to O - 1
   * @param predicted the network's number
   */
  public double restore(int window, int output, double predicted) {
    int column = targetColumns[output % targetColumns.length];
    return spec.difference()
        ? series.value(lastRow(window), column) + scaler.restoreDifference(column, predicted)
        : scaler.restore(column, predicted);
  }
}
