package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Feedback;
import dev.gatun.backend.FeedbackIo;
import dev.gatun.backend.MaskKey;
import dev.gatun.kernels.Philox;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scheduled sampling: which steps are shown what was said, and that it is what was said. */
@ParameterizedClass
@MethodSource("names")
class FeedbackContractTest extends Contract {
  private static final long SEED = 0x1234_5678_9ABC_DEF0L;
  private static final int LAYER = 5;
  private static final long STEP = (1L << 33) + 17;
  private static final int T = 9;
  private static final int N = 8;

  private final Tensor step = workspace.tensor(DType.I64, 1);
  private final Tensor probability = scalar(0);
  private final Tensor given = workspace.tensor(DType.I32, (T + 1) * N);
  private final Tensor mixed = workspace.tensor(DType.I32, (T + 1) * N);

  FeedbackContractTest(String name) {
    super(name);
    write(step, (double) STEP);
  }

  private double[] run(Tensor logits, double with) {
    write(probability, with);
    double[] shown = new double[(T + 1) * N];
    for (int i = 0; i < shown.length; i++) {
      shown[i] = 1000 + i;
    }
    write(given, shown);
    Feedback feedback =
        backend.feedback(
            new FeedbackIo(logits, given, mixed, probability, new MaskKey(SEED, LAYER, step)));
    feedback.run(T, N);
    return read(mixed);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.3, 0.5, 1})
  void showsWhatWasSaidWhereItsDrawSaysSo(double with) {
    for (int width : new int[] {2, 37, 300}) {
      Tensor logits = random((T + 1) * N, width);
      double[] values = read(logits);
      double[] actual = run(logits, with);
      int said = 0;
      for (int row = 0; row < T * N; row++) {
        int word = Philox.word(SEED, row / 4, ((long) LAYER << 40) + STEP, row % 4);
        boolean keeps = (word & 0xFFFF_FFFFL) < Math.round((1 - with) * 4294967296.0);
        double expected = 1000 + row;
        if (row >= N && !keeps) {
          expected = largest(values, (row - N) * width, width);
          said++;
        }
        assertEquals(expected, actual[row], "row " + row);
      }
      assertTrue(with == 0 ? said == 0 : said > 0, "said " + said);
      assertEquals(0, actual[T * N], "beyond the prefix");
    }
  }

  private static int largest(double[] values, int from, int width) {
    int best = 0;
    for (int k = 1; k < width; k++) {
      best = values[from + k] > values[from + best] ? k : best;
    }
    return best;
  }

  @Test
  void takesTheFirstOfEqualOnesAndNoneThatIsNotANumber() {
    int width = 300;
    Tensor logits = workspace.real((T + 1) * N, width);
    double[] values = new double[(T + 1) * N * width];
    for (int row = 0; row < T * N; row++) {
      values[row * width + 7] = Double.NaN;
      values[row * width + 260] = 2;
      values[row * width + 9 + row] = 2;
    }
    write(logits, values);
    double[] expected = new double[(T - 1) * N];
    for (int row = 0; row < expected.length; row++) {
      expected[row] = 9 + row;
    }
    double[] actual = run(logits, 1);
    for (int row = 0; row < expected.length; row++) {
      assertEquals(expected[row], actual[row + N], "row " + row);
    }
    assertArrayEquals(actual, run(logits, 1));
  }

  @Test
  void refusesWhatDoesNotFit() {
    Tensor logits = random((T + 1) * N, 3);
    MaskKey key = new MaskKey(SEED, LAYER, step);
    assertRefused(
        "feedback: given",
        () -> backend.feedback(new FeedbackIo(logits, ints(1), mixed, probability, key)));
    assertRefused(
        "mask layer -1",
        () ->
            backend.feedback(new FeedbackIo(logits, given, mixed, probability, key.withLayer(-1))));
    Feedback bound = backend.feedback(new FeedbackIo(logits, given, mixed, probability, key));
    assertRefused("feedback: 11 steps of 8", () -> bound.run(11, N));
  }
}
