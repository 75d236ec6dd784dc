package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.backend.UnfoldIo;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.backend.UnfoldSpec.Padding;
import dev.gatun.backend.Unfolding;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Windows over time against padded copies, on tensors larger than the call. */
@ParameterizedClass
@MethodSource("names")
class UnfoldContractTest extends Contract {
  private static final int T = 7;
  private static final int N = 4;
  private static final int WIDTH = 3;
  private static final int[] LENGTHS = {7, 0, 4, 1};

  UnfoldContractTest(String name) {
    super(name);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,SAME",
    "3,1,SAME",
    "4,1,SAME",
    "3,2,SAME",
    "3,1,CAUSAL",
    "2,3,CAUSAL",
    "3,1,VALID",
    "2,2,VALID",
    "9,1,VALID",
    "9,1,SAME"
  })
  void isWhatItsDefinitionSays(int kernel, int stride, Padding padding) {
    for (boolean ragged : List.of(true, false)) {
      UnfoldSpec spec = new UnfoldSpec(kernel, stride, padding);
      int time = spec.time(T);
      int row = WIDTH * kernel;
      Tensor x = random(T + 1, N, WIDTH);
      Tensor columns = random(time + 1, N, row);
      Tensor dColumns = random(time + 1, N, row);
      Tensor dx = random(T + 1, N, WIDTH);
      Tensor lengths = ragged ? ints(LENGTHS) : null;
      Tensor windows = ragged ? workspace.tensor(DType.I32, N) : null;
      double[] expected = read(columns);
      double[] slopes = read(dx);
      Arrays.fill(slopes, 0, T * N * WIDTH, 0);
      List<Double> counts = new ArrayList<>();
      for (int i = 0; i < N; i++) {
        int length = ragged ? LENGTHS[i] : T;
        int count = padding == Padding.VALID ? 0 : (length + stride - 1) / stride;
        for (int j = 0; padding == Padding.VALID && j * stride + kernel <= length; j++) {
          count++;
        }
        counts.add((double) count);
        for (int j = 0; j < time; j++) {
          for (int c = 0; c < WIDTH; c++) {
            for (int k = 0; k < kernel; k++) {
              int s = j * stride + k - left(kernel, padding);
              int to = (j * N + i) * row + c * kernel + k;
              boolean inside = j < count && s >= 0 && s < length;
              expected[to] = inside ? read(x)[(s * N + i) * WIDTH + c] : 0;
              if (inside) {
                slopes[(s * N + i) * WIDTH + c] += read(dColumns)[to];
              }
            }
          }
        }
      }
      Unfolding bound =
          backend.unfold(spec, new UnfoldIo(x, lengths, columns, windows, dColumns, dx));
      bound.forward(T, N);
      bound.backward(T, N);
      assertArrayEquals(expected, read(columns));
      Numbers.assertClose("dx", slopes, read(dx), 8 * eps);
      if (windows != null) {
        assertArrayEquals(
            counts.stream().mapToDouble(Double::doubleValue).toArray(), read(windows));
      }
    }
  }

  private static int left(int kernel, Padding padding) {
    return switch (padding) {
      case SAME -> (kernel - 1) / 2;
      case CAUSAL -> kernel - 1;
      case VALID -> 0;
    };
  }

  @Test
  void refusesWhatDoesNotFit() {
    UnfoldSpec spec = new UnfoldSpec(2, 1, Padding.SAME);
    Tensor x = random(4, 2, 3);
    assertRefused(
        "unfold: columns",
        () -> backend.unfold(spec, new UnfoldIo(x, null, random(4, 2, 5), null, null, null)));
    Unfolding bound =
        backend.unfold(spec, new UnfoldIo(x, null, random(4, 2, 6), null, null, null));
    assertRefused("unfold: 5 steps", () -> bound.forward(5, 2));
    assertThrows(IllegalStateException.class, () -> bound.backward(4, 2));
    assertRefused("must be at least 1", () -> new UnfoldSpec(0, 1, Padding.SAME));
    assertEquals(1, new UnfoldSpec(5, 1, Padding.VALID).time(3));
  }
}
