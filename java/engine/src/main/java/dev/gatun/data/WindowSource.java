package dev.gatun.data;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Windows of a scaled series with what comes after them. A window ends at a row; its inputs are
 * that row and the {@code length - 1} before it, its targets lie 1 to {@code horizon} rows later.
 * No input is ever later than a target.
 */
public final class WindowSource implements BatchSource {
  private final Series series;
  private final Scaler scaler;
  private final WindowSpec spec;
  private final Curriculum curriculum;
  private final BatchLayout layout;
  private final Order order;
  private final int firstEnd;
  private final int stride;
  private final WindowInputs inputs;
  private final int[] targetColumns;

  /** The windows that are there, where some were left out for missing values. */
  private final int @Nullable [] kept;

  private final int possible;

  /** How state is carried from window to window; null: windows are apart. */
  private final @Nullable WindowStreams streams;

  /** The windows a source holds: those that end at {@code first}, {@code first + stride}, ... */
  private record Ends(int first, int count, int stride) {}

  /** What the windows are for. */
  private enum Purpose {
    TRAINING,
    EVALUATION,
    FORECAST
  }

  private WindowSource(
      WindowData data,
      int batch,
      Ends ends,
      Purpose purpose,
      long seed,
      Curriculum curriculum,
      int carriedOffsets) {
    series = data.series();
    scaler = data.scaler();
    spec = data.spec();
    this.curriculum = curriculum;
    firstEnd = ends.first();
    stride = ends.stride();
    possible = ends.count();
    targetColumns = columns(series, spec.targets());
    inputs = new WindowInputs(data, columns(series, spec.inputs()));
    boolean carries = carriedOffsets > 0;
    kept = carries && purpose == Purpose.TRAINING ? null : kept(data.drops(), purpose);
    int count = kept == null ? possible : kept.length;
    if (count == 0) {
      throw new IllegalArgumentException(
          "each of %d windows has a missing value; fill them in, or make windows shorter"
              .formatted(possible));
    }
    order =
        purpose != Purpose.TRAINING || carries
            ? Order.sequential(count)
            : series.inFile() ? Order.permuted(count, seed) : Order.shuffled(count, seed);
    int size = Math.min(batch, count);
    streams =
        carries
            ? new WindowStreams(size, count / size, carriedOffsets, purpose == Purpose.TRAINING)
            : null;
    layout =
        new BatchLayout(spec.length(), size, inputs.width(), TargetKind.VALUES, spec.outputs());
  }

  private static int[] columns(Series series, List<String> names) {
    return names.stream().mapToInt(series::column).toArray();
  }

  /** Nothing is learnt from values that were filled in, nor measured on them. */
  private int @Nullable [] kept(boolean drops, Purpose purpose) {
    if (!series.hasGaps()) {
      return null;
    }
    int[] good = new int[possible];
    int count = 0;
    for (int i = 0; i < possible; i++) {
      int end = firstEnd + i * stride;
      boolean complete = !drops || inputs.complete(end - spec.length() + 1, end + 1);
      if (complete && (purpose == Purpose.FORECAST || targetsKnown(end))) {
        good[count++] = i;
      }
    }
    return Arrays.copyOf(good, count);
  }

  private boolean targetsKnown(int end) {
    if (end + spec.horizon() >= series.rows()) {
      return false;
    }
    for (int o = 0; o < spec.outputs(); o++) {
      int row = end + spec.ahead(o / targetColumns.length);
      if (!series.known(row, targetColumns[o % targetColumns.length])) {
        return false;
      }
    }
    return true;
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
    return training(
        new WindowData(series, scaler, spec, null), training, batch, seed, Curriculum.NONE);
  }

  /**
   * As {@link #training(Series, Scaler, WindowSpec, Range, int, long)} of data that may have gaps.
   *
   * @param curriculum how windows widen
   */
  public static WindowSource training(
      WindowData data, Range training, int batch, long seed, Curriculum curriculum) {
    WindowSpec spec = data.spec();
    int count = (ends(data, training) - 1) / spec.stride() + 1;
    Ends ends = new Ends(training.from() + spec.length() - 1, count, spec.stride());
    return new WindowSource(data, batch, ends, Purpose.TRAINING, seed, curriculum, 0);
  }

  /**
   * Windows one after another, the state carried from each to the next (truncated back-propagation
   * through time, Williams and Peng 1990): the rows are cut into contiguous streams that run in
   * parallel, and each window begins {@code advance} rows after the one before it, from the state
   * that was there. What an error sees goes back to its window's first row. An epoch begins a row
   * later than the one before, up to {@code advance - 1} rows, so that every row becomes a target;
   * fewer windows than there are streams are left out at the end. A window whose target is missing
   * has weight 0.
   *
   * @param data whose {@link WindowSpec#stride} is not used
   * @param training the rows
   * @param batch N, streams; fewer where there are fewer windows
   * @param advance k1, 1 to a window's length, k2
   * @throws IllegalArgumentException if the rows are too few, {@code advance} is out of range, or
   *     windows are relative to their own last row or left out for missing values
   */
  public static WindowSource carried(WindowData data, Range training, int batch, int advance) {
    WindowSpec spec = data.spec();
    data.checkContinuous();
    if (advance < 1 || advance > spec.length()) {
      throw new IllegalArgumentException(
          "windows of %d rows cannot go on by %d: give 1 to %d"
              .formatted(spec.length(), advance, spec.length()));
    }
    int ends = ends(data, training);
    int count = Math.max(1, ends / advance);
    int offsets = Math.min(advance, ends - (count - 1) * advance);
    Ends of = new Ends(training.from() + spec.length() - 1, count, advance);
    return new WindowSource(data, batch, of, Purpose.TRAINING, 0, Curriculum.NONE, offsets);
  }

  /** The rows that a window may end at. */
  private static int ends(WindowData data, Range training) {
    WindowSpec spec = data.spec();
    training.within(data.series().rows(), "the series");
    long needed = (long) spec.length() + spec.horizon();
    if (training.size() < needed) {
      throw new IllegalArgumentException(
          "%d training rows are too few: a window of %d and a horizon of %d need at least %d"
              .formatted(training.size(), spec.length(), spec.horizon(), needed));
    }
    return (int) (training.size() - needed) + 1;
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
    return evaluation(new WindowData(series, scaler, spec, null), rows, batch);
  }

  /** As {@link #evaluation(Series, Scaler, WindowSpec, Range, int)} of data that may have gaps. */
  public static WindowSource evaluation(WindowData data, Range rows, int batch) {
    return evaluation(data, rows, batch, 0);
  }

  /**
   * As {@link #evaluation(WindowData, Range, int)} for what was trained on {@link #carried}
   * windows: one sequence, that begins with a whole window and goes on row by row. After more than
   * a window of rows without a known target it begins anew.
   */
  public static WindowSource carriedEvaluation(WindowData data, Range rows) {
    data.checkContinuous();
    return evaluation(data, rows, 1, 1);
  }

  private static WindowSource evaluation(WindowData data, Range rows, int batch, int offsets) {
    WindowSpec spec = data.spec();
    rows.within(data.series().rows(), "the series");
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
    Ends ends = new Ends((int) firstEnd, (int) count, 1);
    return new WindowSource(data, batch, ends, Purpose.EVALUATION, 0, Curriculum.NONE, offsets);
  }

  /**
   * Every window of a series, in order, with what comes after it known or not: the last one ends at
   * the last row and predicts the future. Unknown targets are 0 with weight 0.
   *
   * @param batch N
   * @throws IllegalArgumentException if the series is shorter than a window, or a column is unknown
   */
  public static WindowSource forecast(Series series, Scaler scaler, WindowSpec spec, int batch) {
    return forecast(new WindowData(series, scaler, spec, null), batch);
  }

  /** As {@link #forecast(Series, Scaler, WindowSpec, int)} of data that may have gaps. */
  public static WindowSource forecast(WindowData data, int batch) {
    return forecast(data, batch, 0);
  }

  /** As {@link #forecast(WindowData, int)} for what was trained on {@link #carried} windows. */
  public static WindowSource carriedForecast(WindowData data) {
    data.checkContinuous();
    return forecast(data, 1, 1);
  }

  private static WindowSource forecast(WindowData data, int batch, int offsets) {
    int length = data.spec().length();
    int count = data.series().rows() - length + 1;
    if (count < 1) {
      throw new IllegalArgumentException(
          "%d rows are too few for a window of %d".formatted(data.series().rows(), length));
    }
    Ends ends = new Ends(length - 1, count, 1);
    return new WindowSource(data, batch, ends, Purpose.FORECAST, 0, Curriculum.NONE, offsets);
  }

  @Override
  public BatchLayout layout() {
    return layout;
  }

  @Override
  public int batches(int epoch) {
    return streams == null ? order.batches(layout.maxBatch()) : streams.each();
  }

  @Override
  public void fill(int epoch, int index, Batch into) {
    Order.checkPosition(epoch, index, batches(epoch));
    Order.checkLayout(into, layout);
    int size =
        streams == null
            ? Math.min(layout.maxBatch(), order.count() - index * layout.maxBatch())
            : streams.count();
    int length = curriculum.length(epoch, spec.length());
    int offset = 0;
    if (streams == null) {
      into.begin(length, size);
    } else {
      int step = index == 0 ? stride : lastRow(index) - lastRow(index - 1);
      length = streams.begin(into, index, step, length);
      offset = streams.offset(epoch);
    }
    long count = 0;
    for (int n = 0; n < size; n++) {
      int end = lastRow(window(epoch, index, n)) + offset;
      for (int t = 0; t < length; t++) {
        inputs.write(into, t, n, end - length + 1 + t, end);
      }
      if (spec.relative()) {
        inputs.makeRelative(into, length, n, end);
      }
      boolean known = knownAfter(end);
      for (int o = 0; o < spec.outputs(); o++) {
        into.realTarget(n, o, known ? target(end, o) : 0);
      }
      into.weight(n, known ? 1 : 0);
      count += known ? 1 : 0;
    }
    into.targetCount(count);
  }

  private float target(int end, int output) {
    int column = targetColumns[output % targetColumns.length];
    int row = end + spec.ahead(output / targetColumns.length);
    double value = scaler.scale(column, series.value(row, column));
    if (spec.difference()) {
      value -= scaler.scale(column, inputs.known(end, column));
    }
    return (float) value;
  }

  /** The windows that were left out because a value was missing. */
  public int dropped() {
    return possible - order.count();
  }

  /** The number of windows. */
  public int windows() {
    return order.count();
  }

  /** The window that is sequence {@code n} of a batch. */
  public int window(int epoch, int index, int n) {
    return streams == null
        ? order.item(epoch, order.firstItem(epoch, index, layout.maxBatch()) + n)
        : n * streams.each() + index;
  }

  /** The last row a window sees. */
  public int lastRow(int window) {
    return firstEnd + (kept == null ? window : kept[window]) * stride;
  }

  /** The row that an output of a window is about; for the future, at or beyond the last. */
  public int targetRow(int window, int output) {
    return lastRow(window) + spec.ahead(output / targetColumns.length);
  }

  /** The name of the column that an output is about. */
  public String targetColumn(int output) {
    return spec.targets().get(output % targetColumns.length);
  }

  /** Whether everything the window is asked for lies within the series and is not missing. */
  public boolean known(int window) {
    return knownAfter(lastRow(window));
  }

  private boolean knownAfter(int end) {
    return series.hasGaps() ? targetsKnown(end) : end + spec.horizon() < series.rows();
  }

  /** What came true for an output of a window, in the column's own unit. */
  public double truth(int window, int output) {
    return series.value(targetRow(window, output), targetColumns[output % targetColumns.length]);
  }

  /** The last known value of an output's column that a window sees, in the column's own unit. */
  public double lastValue(int window, int output) {
    return inputs.known(lastRow(window), targetColumns[output % targetColumns.length]);
  }

  /** A scaled distance of two values of an output's column in the column's own unit. */
  public double restoreDistance(int output, double scaled) {
    return scaler.restoreDifference(targetColumns[output % targetColumns.length], scaled);
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
        ? lastValue(window, output) + scaler.restoreDifference(column, predicted)
        : scaler.restore(column, predicted);
  }
}
