package dev.gatun.tests.cuda;

import static dev.gatun.tests.support.Numbers.assertClose;

import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.MaskKey;
import dev.gatun.kernels.Philox;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Everything but updates. Rows of 300 are more than a block has threads. */
final class OpsChecks {
  /** Some roundings of float32, as norms. */
  private static final double CLOSE = 1e-6;

  private final HostKernels kernels;
  private final Values values = new Values();

  OpsChecks(HostKernels kernels) {
    this.kernels = kernels;
  }

  void run() throws Throwable {
    fill();
    convert();
    for (int columns : new int[] {1, 5, 300}) {
      for (int rows : new int[] {0, 1, 37, 600}) {
        bias(rows, columns);
        embedding(rows, columns, 7);
        copyColumns(rows, columns);
        addColumns(rows, columns);
        meanSquaredError(rows, columns);
        if (rows > 0) {
          elementLosses(rows, columns);
        }
      }
      softmaxCrossEntropy(0, columns);
      softmaxCrossEntropy(9, columns);
      sharedCrossEntropy(9, columns + 1); // of one class, the gradient is rounding alone
    }
    embedding(5, 3, 90);
    idsOutside();
    targetsOutside();
    dropout(0, 0.5, 0, 0);
    dropout(1, 0.5, 1, 2);
    dropout(4003, 0.3, (1 << 23) - 1, (1L << 39) + 12345);
    dropout(514, 0, 3, 4);
    dropout(2051, 0.9, 0, 1);
  }

  private void fill() throws Throwable {
    int n = 1001;
    Tensor floats = values.garbage(n);
    kernels.run("fillFloat", 2, (long) n - 1, floats, 1.5f);
    Tensor doubles = Tensor.host(DType.F64, n);
    kernels.run("fillDouble", 2, (long) n - 1, doubles, 0.1);
    Tensor ints = Tensor.host(DType.I32, n);
    kernels.run("fillInt", 9, (long) n - 1, ints, -3);
    Tensor longs = Tensor.host(DType.I64, n);
    kernels.run("fillLong", 1, (long) n - 1, longs, Long.MIN_VALUE + 5);
    for (int i = 0; i < n - 1; i++) {
      boolean right = floats.get(i) == 1.5 && doubles.get(i) == 0.1 && ints.getLong(i) == -3;
      Values.that(right && longs.getLong(i) == Long.MIN_VALUE + 5, "filled", floats);
    }
    boolean kept = floats.get(n - 1) != 1.5 && doubles.get(n - 1) == 0 && longs.getLong(n - 1) == 0;
    Values.that(kept && ints.getLong(n - 1) == 0, "the element after the last", floats);
  }

  private void convert() throws Throwable {
    Tensor x = values.reals(1, 999);
    Tensor wide = Tensor.host(DType.F64, 999);
    kernels.run("toDouble", 2, 999L, x, wide);
    Values.same("toDouble", values.copy(x), wide);
    Tensor narrow = Tensor.host(DType.F32, 999);
    for (int i = 0; i < 999; i++) {
      wide.set(i, wide.get(i) / 3);
    }
    kernels.run("toFloat", 2, 999L, wide, narrow);
    Tensor expected = Tensor.host(DType.F32, 999);
    values.reference.copy(wide, expected);
    Values.same("toFloat", expected, narrow);
  }

  /** The bias and its gradient, as linear has them with a weight of one input that is zero. */
  private void bias(int rows, int columns) throws Throwable {
    Tensor y = values.reals(1, rows + 1, columns);
    Tensor bias = values.reals(1, columns);
    double[] expected = y.toDoubles();
    double[] sums = bias.toDoubles();
    for (int i = 0; i < rows * columns; i++) {
      sums[i % columns] += expected[i];
    }
    for (int i = 0; i < rows * columns; i++) {
      expected[i] += bias.get(i % columns);
    }
    Tensor total = values.reals(0, columns);
    total.copyFrom(bias.toFloats());
    kernels.run("columnSums", 3, (long) rows, columns, y, total);
    assertClose("columnSums", sums, total.toDoubles(), CLOSE);
    kernels.run("addBias", 3, (long) rows, columns, bias, y);
    assertClose("addBias", expected, y.toDoubles(), CLOSE);
  }

  private void embedding(int rows, int width, int vocabulary) throws Throwable {
    Tensor ids = values.ids(vocabulary, rows);
    Tensor table = values.reals(1, vocabulary, width);
    Tensor y = values.garbage(rows, width);
    kernels.run("embedding", 2, (long) rows, width, vocabulary, ids, table, y);
    Tensor expected = values.copy(y);
    values.reference.embedding(rows, ids, values.copy(table), expected);
    Values.same("embedding", expected, values.copy(y));

    Tensor dTable = values.copy(table);
    values.reference.embeddingBackward(rows, ids, values.copy(y), dTable);
    kernels.run("embeddingBackward", 4, (long) rows, width, vocabulary, ids, y, table, -1);
    assertClose("embeddingBackward", dTable, table, CLOSE);
  }

  private void idsOutside() throws Throwable {
    Tensor ids = Tensor.host(DType.I32, 4).copyFrom(-1, 0, 3, Integer.MAX_VALUE);
    Tensor table = values.reals(1, 3, 1);
    Tensor before = values.copy(table);
    Tensor y = values.reals(0, 4, 1);
    kernels.run("embedding", 1, 4L, 1, 3, ids, table, y);
    double[] expected = {Double.NaN, table.get(0), Double.NaN, Double.NaN};
    Values.that(Arrays.equals(expected, y.toDoubles()), "embedding of wrong ids", y);
    y.copyFrom(1f, 2f, 3f, 4f);
    kernels.run("embeddingBackward", 1, 4L, 1, 3, ids, y, table, -1);
    before.set(0, (float) (before.get(0) + 2));
    Values.same("embeddingBackward of wrong ids", before, values.copy(table));
  }

  private void copyColumns(int rows, int columns) throws Throwable {
    Tensor from = values.reals(1, rows + 1, columns + 4);
    Tensor to = values.reals(1, rows + 1, columns + 2);
    Tensor wideFrom = values.copy(from);
    Tensor wideTo = values.copy(to);
    Tensor expected = values.copy(to);
    values.reference.copyColumns(rows, wideFrom, 3, expected, 1, columns);
    long width = columns + 4L;
    kernels.run(
        "copyColumns4",
        2,
        (long) rows,
        columns,
        from.view(3, from.size() - 3),
        width,
        to.view(1, to.size() - 1),
        width - 2);
    Values.same("copyColumns4", expected, values.copy(to));
    kernels.run(
        "copyColumns8",
        2,
        (long) rows,
        columns,
        wideFrom.view(3, from.size() - 3),
        width,
        wideTo.view(1, to.size() - 1),
        width - 2);
    Values.same("copyColumns8", expected, wideTo);
  }

  private void addColumns(int rows, int columns) throws Throwable {
    Tensor from = values.reals(1, rows + 1, columns + 4);
    Tensor to = values.reals(1, rows + 1, columns + 2);
    Tensor expected = values.copy(to);
    long width = columns + 4L;
    for (int row = 0; row < rows; row++) {
      for (int i = 0; i < columns; i++) {
        long at = row * (width - 2) + 1 + i;
        expected.set(at, (float) to.get(at) + (float) from.get(row * width + 3 + i));
      }
    }
    kernels.run(
        "addColumns",
        2,
        (long) rows,
        columns,
        from.view(3, from.size() - 3),
        width,
        to.view(1, to.size() - 1),
        width - 2);
    Values.same("addColumns", expected, values.copy(to));
  }

  private void dropout(int n, double rate, int layer, long step) throws Throwable {
    long seed = 0x9876_5432_10FE_DCBAL;
    Tensor x = values.reals(1, n);
    Tensor steps = Tensor.host(DType.I64, 1);
    steps.setLong(0, step);
    MaskKey key = new MaskKey(seed, layer, steps);
    Tensor expected = values.garbage(n);
    double keep = 1 - rate;
    Philox.dropout(n, 0, x.address(), expected.address(), keep, seed, key.counterHigh());
    Tensor exact = values.copy(x);
    values.reference.dropout(n, exact, exact, rate, key);

    Tensor y = values.garbage(n);
    float scale = (float) (1 / keep);
    long threshold = Philox.threshold(keep);
    kernels.run("dropout", 2, (long) n, x, y, scale, threshold, seed, layer, steps);
    Values.same("dropout", expected, y);
    assertClose("dropout", exact, y, CLOSE);
    kernels.run("dropout", 1, (long) n, x, x, scale, threshold, seed, layer, steps);
    Values.same("dropout in place", expected, x);
  }

  private void softmaxCrossEntropy(int rows, int classes) throws Throwable {
    Tensor logits = values.reals(4, rows, classes);
    Tensor targets = values.ids(classes, rows);
    for (int row = 0; row < rows; row++) {
      logits.set((long) row * classes, row == 3 ? 500 : logits.get((long) row * classes));
      targets.setLong(row, row % 4 == 2 ? -1 : targets.getLong(row));
    }
    Tensor scale = Values.doubles(0.37);
    Tensor expected = Values.doubles(5);
    Tensor gradient = values.copy(logits);
    values.reference.softmaxCrossEntropy(
        rows, values.copy(logits), targets, scale, expected, gradient);
    Tensor losses = Tensor.host(DType.F64, rows);
    Tensor loss = Values.doubles(6);
    Tensor d = values.garbage(rows, classes);
    softmax(rows, classes, logits, targets, scale, losses, d);
    kernels.run("sumLoss", 1, (long) rows, losses, scale, loss);
    loss("softmaxCrossEntropy", expected, loss);
    assertClose("dLogits", gradient, d, CLOSE);
    losses.copyFrom(new double[rows]);
    softmax(rows, classes, logits, targets, scale, losses, null);
    softmax(rows, classes, logits, targets, scale, losses, logits);
    kernels.run("sumLoss", 1, (long) rows, losses, scale, loss);
    loss("softmaxCrossEntropy in place", expected, loss);
    Values.same("dLogits in place", d, logits);
  }

  private void softmax(
      int rows,
      int classes,
      Tensor x,
      Tensor targets,
      Tensor scale,
      Tensor losses,
      @Nullable Tensor d)
      throws Throwable {
    kernels.run(
        "softmaxCrossEntropy", 4, (long) rows, classes, x, targets, null, 0.0, scale, losses, d);
  }

  private void targetsOutside() throws Throwable {
    Tensor targets = Tensor.host(DType.I32, 3).copyFrom(1, 4, -1);
    Tensor x = values.reals(1, 3, 4);
    x.set(8, Double.NaN); // in an ignored row, where it must not matter
    Tensor losses = Tensor.host(DType.F64, 3);
    Tensor d = values.garbage(3, 4);
    softmax(3, 4, x, targets, Values.doubles(1), losses, d);
    double[] found = losses.toDoubles();
    Values.that(found[0] > 0 && Double.isNaN(found[1]) && found[2] == 0, "losses", losses);
    double[] gradient = d.toDoubles();
    boolean right = Double.isFinite(gradient[0]) && Double.isNaN(gradient[4]);
    Values.that(right && gradient[8] == 0 && gradient[11] == 0, "the gradient", d);
  }

  private void meanSquaredError(int rows, int columns) throws Throwable {
    for (boolean weighted : new boolean[] {false, true}) {
      Tensor prediction = values.reals(1, rows, columns);
      Tensor target = values.reals(1, rows, columns);
      Tensor weights = weighted ? values.reals(1, rows) : null;
      Tensor scale = Values.doubles(0.21);
      Tensor expected = Values.doubles(5);
      Tensor gradient = values.copy(prediction);
      values.reference.elementLoss(
          new ElementLoss.Squared(),
          rows,
          values.copy(prediction),
          values.copy(target),
          weights == null ? null : values.copy(weights),
          scale,
          expected,
          gradient);
      int blocks = 3;
      Tensor losses = Tensor.host(DType.F64, blocks);
      Tensor loss = Values.doubles(6);
      for (Tensor d : new Tensor[] {null, prediction}) {
        kernels.run(
            "elementLoss",
            blocks,
            0,
            0.0,
            (long) rows,
            columns,
            columns,
            prediction,
            target,
            weights,
            scale,
            losses,
            d);
        kernels.run("sumLoss", 1, (long) blocks, losses, scale, loss);
        loss("meanSquaredError", expected, loss);
      }
      assertClose("dPrediction", gradient, prediction, CLOSE);
    }
  }

  /** Every rule that the kernel knows by a number, once with weights. */
  private void elementLosses(int rows, int columns) throws Throwable {
    List<ElementLoss> rules =
        List.of(
            new ElementLoss.Absolute(),
            new ElementLoss.Huber(0.4),
            new ElementLoss.Quantile(List.of(0.3)),
            new ElementLoss.Logistic(0.4),
            new ElementLoss.Gaussian(0.4));
    double[] parameters = {0, 0.4, 0.3, 0.4, Math.log(0.4)};
    for (int i = 0; i < rules.size(); i++) {
      ElementLoss rule = rules.get(i);
      int width = columns * rule.outputs();
      Tensor prediction = values.reals(1, rows, width);
      Tensor target = values.reals(1, rows, columns);
      Tensor weights = values.reals(1, rows);
      weights.set(rows - 1, 0);
      Tensor scale = Values.doubles(0.21);
      Tensor expected = Values.doubles(5);
      Tensor gradient = values.copy(prediction);
      values.reference.elementLoss(
          rule,
          rows,
          values.copy(prediction),
          values.copy(target),
          values.copy(weights),
          scale,
          expected,
          gradient);
      Tensor losses = Tensor.host(DType.F64, 3);
      Tensor loss = Values.doubles(6);
      Tensor d = values.garbage(rows, width);
      kernels.run(
          "elementLoss",
          3,
          i + 1,
          parameters[i],
          (long) rows,
          columns,
          width,
          prediction,
          target,
          weights,
          scale,
          losses,
          d);
      kernels.run("sumLoss", 1, 3L, losses, scale, loss);
      loss(rule.toString(), expected, loss);
      assertClose(rule + ", gradient", gradient, d, CLOSE);
    }
  }

  private void sharedCrossEntropy(int rows, int classes) throws Throwable {
    Tensor logits = values.reals(4, rows, classes);
    Tensor targets = values.ids(classes, rows);
    targets.setLong(0, -1);
    Tensor weights = values.reals(1, classes);
    for (int k = 0; k < classes; k++) {
      weights.set(k, Math.abs(weights.get(k)));
    }
    Tensor scale = Values.doubles(0.37);
    Tensor expected = Values.doubles(5);
    Tensor gradient = values.copy(logits);
    values.reference.softmaxCrossEntropy(
        rows, values.copy(logits), targets, values.copy(weights), 0.2, scale, expected, gradient);
    Tensor losses = Tensor.host(DType.F64, rows);
    Tensor loss = Values.doubles(6);
    Tensor d = values.garbage(rows, classes);
    kernels.run(
        "softmaxCrossEntropy",
        4,
        (long) rows,
        classes,
        logits,
        targets,
        weights,
        0.2,
        scale,
        losses,
        d);
    kernels.run("sumLoss", 1, (long) rows, losses, scale, loss);
    loss("weighted and smoothed cross-entropy", expected, loss);
    assertClose("its gradient", gradient, d, CLOSE);
  }

  private static void loss(String name, Tensor expected, Tensor actual) {
    double bound = CLOSE * (1 + Math.abs(expected.get(0)));
    Values.that(Math.abs(actual.get(0) - expected.get(0)) <= bound, name, actual);
  }
}
