package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.backend.BatchNormIo;
import dev.gatun.backend.BatchNormIo.Gradients;
import dev.gatun.backend.BatchNormalization;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Batch normalisation against its definition, on tensors larger than the call. */
@ParameterizedClass
@MethodSource("names")
class BatchNormContractTest extends Contract {
  private static final int T = 6;
  private static final int N = 4;
  private static final int[] LENGTHS = {6, 0, 4, 1};
  private static final double EPSILON = 1e-3;
  private static final double MOMENTUM = 0.1;
  private static final List<Integer> WIDTHS = List.of(1, 5, 37, 70);

  BatchNormContractTest(String name) {
    super(name);
  }

  private static boolean valid(int row, boolean ragged) {
    return !ragged || row / N < LENGTHS[row % N];
  }

  private final class Case {
    final boolean ragged;
    final int width;
    final Tensor x;
    final Tensor y;
    final Tensor scale;
    final Tensor shift;
    final Tensor mean;
    final Tensor variance;
    final Tensor dy;
    final Tensor dx;
    final Tensor dScale;
    final Tensor dShift;

    Case(int width, boolean ragged) {
      this.width = width;
      this.ragged = ragged;
      x = random(T + 1, N, width);
      y = random(T + 1, N, width);
      scale = random(width);
      shift = random(width);
      mean = random(width);
      variance = write(workspace.real(width), square(random(width)));
      dy = random(T + 1, N, width);
      dx = random(T + 1, N, width);
      dScale = random(width);
      dShift = random(width);
    }

    private double[] square(Tensor of) {
      double[] values = read(of);
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (values[i] * values[i] + 0.1);
      }
      return values;
    }

    BatchNormalization bound(boolean training) {
      @Nullable Gradients gradients = training ? new Gradients(dy, dx, dScale, dShift) : null;
      Tensor lengths = ragged ? ints(LENGTHS) : null;
      Tensor scratch = workspace.real(BatchNormIo.SCRATCH_ROWS, width);
      return backend.batchNorm(
          EPSILON,
          MOMENTUM,
          new BatchNormIo(x, lengths, scale, shift, mean, variance, y, scratch, gradients));
    }

    /** Mean, variance and valid positions of a column. */
    double[] moments(int c) {
      double[] values = read(x);
      double count = 0;
      double sum = 0;
      double squares = 0;
      for (int row = 0; row < T * N; row++) {
        if (valid(row, ragged)) {
          count++;
          sum += values[row * width + c];
          squares += values[row * width + c] * values[row * width + c];
        }
      }
      double m = sum / count;
      return new double[] {m, squares / count - m * m, count};
    }

    double normal(int row, int c, double m, double v) {
      return (read(x)[row * width + c] - m) / Math.sqrt(v + EPSILON);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void training(boolean ragged) {
    for (int width : WIDTHS) {
      Case call = new Case(width, ragged);
      double[] y = read(call.y);
      double[] means = read(call.mean);
      double[] variances = read(call.variance);
      double[] dx = read(call.dx);
      double[] dScale = read(call.dScale);
      double[] dShift = read(call.dShift);
      double[] dy = read(call.dy);
      double[] scale = read(call.scale);
      double[] shift = read(call.shift);
      double[] x = read(call.x);
      for (int c = 0; c < width; c++) {
        double[] moments = call.moments(c);
        double m = moments[0];
        double inverse = 1 / Math.sqrt(moments[1] + EPSILON);
        double count = moments[2];
        means[c] += MOMENTUM * (m - means[c]);
        variances[c] += MOMENTUM * (moments[1] * count / (count - 1) - variances[c]);
        double sum = 0;
        double dot = 0;
        for (int row = 0; row < T * N; row++) {
          int i = row * width + c;
          if (valid(row, ragged)) {
            sum += dy[i];
            dot += dy[i] * (x[i] - m) * inverse;
          }
        }
        dShift[c] += sum;
        dScale[c] += dot;
        for (int row = 0; row < T * N; row++) {
          int i = row * width + c;
          double normal = (x[i] - m) * inverse;
          boolean valid = valid(row, ragged);
          y[i] = valid ? normal * scale[c] + shift[c] : 0;
          double centred = dy[i] - (sum + normal * dot) / count;
          dx[i] = valid ? scale[c] * inverse * centred : 0;
        }
      }
      BatchNormalization bound = call.bound(true);
      bound.forward(T, N);
      bound.backward(T, N);
      Numbers.assertClose("y of " + width, y, read(call.y), 64 * eps);
      Numbers.assertClose("running mean", means, read(call.mean), 64 * eps);
      Numbers.assertClose("running variance", variances, read(call.variance), 64 * eps);
      Numbers.assertClose("dx", dx, read(call.dx), 128 * eps);
      Numbers.assertClose("dScale", dScale, read(call.dScale), 128 * eps);
      Numbers.assertClose("dShift", dShift, read(call.dShift), 128 * eps);
    }
  }

  @Test
  void inferenceUsesAndKeepsTheRunningStatistics() {
    for (int width : WIDTHS) {
      Case call = new Case(width, true);
      double[] y = read(call.y);
      double[] means = read(call.mean);
      double[] variances = read(call.variance);
      for (int i = 0; i < T * N * width; i++) {
        int c = i % width;
        double normal = call.normal(i / width, c, means[c], variances[c]);
        double value = normal * read(call.scale)[c] + read(call.shift)[c];
        y[i] = valid(i / width, true) ? value : 0;
      }
      BatchNormalization bound = call.bound(false);
      bound.forward(T, N);
      Numbers.assertClose("y of " + width, y, read(call.y), 32 * eps);
      assertArrayEquals(means, read(call.mean));
      assertArrayEquals(variances, read(call.variance));
      assertThrows(IllegalStateException.class, () -> bound.backward(T, N));
    }
  }

  @Test
  void aBatchThatIsNotFiniteLeavesTheRunningStatistics() {
    Case call = new Case(5, false);
    set(call.x, 2, Double.NaN);
    set(call.x, 8, Double.POSITIVE_INFINITY);
    double[] means = read(call.mean);
    double[] variances = read(call.variance);
    call.bound(true).forward(T, N);
    for (int c : new int[] {2, 3}) {
      assertEquals(means[c], get(call.mean, c), "running mean " + c);
      assertEquals(variances[c], get(call.variance, c), "running variance " + c);
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    Case call = new Case(5, false);
    assertRefused("batchNorm: 8 steps", () -> call.bound(true).forward(8, N));
    assertRefused(
        "batchNorm: scale",
        () ->
            backend.batchNorm(
                EPSILON,
                MOMENTUM,
                new BatchNormIo(
                    call.x,
                    null,
                    real(1, 2),
                    call.shift,
                    call.mean,
                    call.variance,
                    call.y,
                    workspace.real(4, 5),
                    null)));
  }
}
