package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The hardest rows of a batch by their definition. */
@ParameterizedClass
@MethodSource("names")
class HardestContractTest extends Contract {
  HardestContractTest(String name) {
    super(name);
  }

  @ParameterizedTest
  @CsvSource({"1,2,0.5", "7,3,0.3", "64,2,0.25", "65,17,1", "300,5,0.1", "9,2,0.001"})
  void rowsOfTheLargestLossesAreKept(int rows, int classes, double fraction) {
    Tensor logits = workspace.real(rows + 1, classes);
    double[] x = new double[(rows + 1) * classes];
    int[] y = new int[rows + 1];
    double[] losses = new double[rows];
    for (int row = 0; row < rows; row++) {
      double sum = 0;
      y[row] = row % 5 == 3 ? -1 - row : row % classes;
      // Losses apart from one another by more than any rounding, in mixed order.
      for (int k = 0; k < classes; k++) {
        x[row * classes + k] = k == row % classes ? -0.02 * (row * 37 % rows) : 0.1 * k / classes;
        sum += Math.exp(x[row * classes + k]);
      }
      losses[row] = Math.log(sum) - x[row * classes + row % classes];
    }
    write(logits, x);
    Tensor kept = ints(IntStream.range(0, rows + 1).map(i -> 77).toArray());
    backend.hardest(rows, logits, ints(y), fraction, kept);
    List<Integer> hardest =
        IntStream.range(0, rows)
            .filter(row -> y[row] >= 0)
            .boxed()
            .sorted(Comparator.comparingDouble(row -> -losses[row]))
            .toList();
    int most = (int) Math.ceil(fraction * hardest.size());
    double[] expected = new double[rows + 1];
    Arrays.fill(expected, -1);
    hardest.subList(0, most).forEach(row -> expected[row] = y[row]);
    expected[rows] = 77;
    assertEquals(Arrays.toString(expected), Arrays.toString(read(kept)));
  }

  @Test
  void ofEqualRowsTheFirstAreKept() {
    Tensor kept = workspace.tensor(DType.I32, 6);
    Tensor logits = write(workspace.real(6, 2), 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    backend.hardest(6, logits, ints(1, 1, -1, 0, 1, 0), 0.6, kept);
    assertEquals("[1.0, 1.0, -1.0, 0.0, -1.0, -1.0]", Arrays.toString(read(kept)));
  }

  /** A loss that is no number counts as infinite, so no more rows are kept for it. */
  @Test
  void noMoreThanTheFractionIsKeptOfRowsThatAreNoNumbers() {
    double no = Double.NaN;
    Tensor kept = workspace.tensor(DType.I32, 4);
    Tensor logits = write(workspace.real(4, 2), 0, 9, no, 0, no, no, 0, no);
    backend.hardest(4, logits, ints(0, 0, 1, 1), 0.5, kept);
    assertEquals("[-1.0, 0.0, 1.0, -1.0]", Arrays.toString(read(kept)));
  }

  @Test
  void withoutTargetsNothingIsKept() {
    Tensor kept = ints(5, 5);
    backend.hardest(2, random(2, 3), ints(-1, -7), 0.5, kept);
    assertEquals("[-1.0, -1.0]", Arrays.toString(read(kept)));
    backend.hardest(0, random(1, 3), ints(0), 0.5, kept);
  }

  @Test
  void wrongArgumentsAreRefused() {
    Tensor kept = ints(0, 0);
    Tensor logits = random(2, 3);
    assertRefused("fraction 0.0", () -> backend.hardest(2, logits, ints(0, 1), 0, kept));
    assertRefused("fraction NaN", () -> backend.hardest(2, logits, ints(0, 1), Double.NaN, kept));
    assertRefused("kept", () -> backend.hardest(2, logits, ints(0, 1), 0.5, ints(0)));
    assertRefused("targets", () -> backend.hardest(2, logits, ints(0), 0.5, kept));
  }
}
