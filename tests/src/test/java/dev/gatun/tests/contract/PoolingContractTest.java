package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.PoolingIo;
import dev.gatun.backend.PoolingKind;
import dev.gatun.backend.RowPooling;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Pooling over time against its definition, on tensors larger than the call. */
@ParameterizedClass
@MethodSource("names")
class PoolingContractTest extends Contract {
  private static final int T = 6;
  private static final int N = 3;
  private static final int[] LENGTHS = {6, 0, 4};

  PoolingContractTest(String name) {
    super(name);
  }

  private static int length(boolean ragged, int i) {
    return ragged ? LENGTHS[i] : T;
  }

  private @Nullable Tensor chosen(PoolingKind kind, int width) {
    return kind == PoolingKind.MAX ? workspace.tensor(DType.I32, N + 1, width) : null;
  }

  @ParameterizedTest
  @EnumSource
  void isWhatItsDefinitionSays(PoolingKind kind) {
    for (int width : List.of(1, 5, 16, 70)) {
      for (boolean ragged : List.of(true, false)) {
        Tensor x = random(T + 1, N + 1, width);
        Tensor y = random(N + 1, width);
        Tensor dy = random(N + 1, width);
        Tensor dx = random(T + 1, N + 1, width);
        double[] expected = read(y);
        double[] slopes = read(dx);
        define(kind, ragged, width, read(x), read(dy), expected, slopes);
        Tensor lengths = ragged ? ints(6, 0, 4, 0) : null;
        RowPooling bound =
            backend.pooling(kind, new PoolingIo(x, lengths, y, chosen(kind, width), dy, dx));
        bound.forward(T, N);
        bound.backward(T, N);
        Numbers.assertClose(kind + " " + width, expected, read(y), 8 * eps);
        Numbers.assertClose(kind + " " + width + " dx", slopes, read(dx), 8 * eps);
      }
    }
  }

  private static void define(
      PoolingKind kind,
      boolean ragged,
      int width,
      double[] x,
      double[] dy,
      double[] y,
      double[] dx) {
    for (int at = 0; at < N * width; at++) {
      int length = length(ragged, at / width);
      int best = 0;
      double sum = 0;
      for (int s = 0; s < length; s++) {
        sum += x[s * N * width + at];
        best = x[s * N * width + at] > x[best * N * width + at] ? s : best;
      }
      boolean max = kind == PoolingKind.MAX;
      y[at] = length == 0 ? 0 : max ? x[best * N * width + at] : sum / length;
      for (int s = 0; s < T; s++) {
        double share = s >= length ? 0 : max ? (s == best ? 1 : 0) : 1.0 / length;
        dx[s * N * width + at] = share * dy[at];
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void leavesWhatIsNotANumberToBeSeen(PoolingKind kind) {
    Tensor x = real(1, 2, Double.NaN, 4, 5, 6, 7, 8, 9, 10).reshape(5, 1, 2);
    Tensor y = workspace.real(1, 2);
    Tensor chosen = kind == PoolingKind.MAX ? workspace.tensor(DType.I32, 1, 2) : null;
    backend.pooling(kind, new PoolingIo(x, null, y, chosen, null, null)).forward(5, 1);
    assertTrue(Double.isNaN(get(y, 0)));
    assertEquals(kind == PoolingKind.MAX ? 10 : 6, get(y, 1), 1e-6);
  }

  @Test
  void refusesWhatDoesNotFit() {
    Tensor x = random(4, 2, 3);
    Tensor y = workspace.real(2, 3);
    assertRefused(
        "pooling: y",
        () ->
            backend.pooling(
                PoolingKind.MEAN, new PoolingIo(x, null, real(1, 2), null, null, null)));
    assertRefused(
        "pooling: dx",
        () -> backend.pooling(PoolingKind.MEAN, new PoolingIo(x, null, y, null, y, null)));
    assertRefused(
        "the largest steps",
        () -> backend.pooling(PoolingKind.MAX, new PoolingIo(x, null, y, null, null, null)));
    RowPooling bound =
        backend.pooling(PoolingKind.MEAN, new PoolingIo(x, null, y, null, null, null));
    assertRefused("pooling: 5 steps", () -> bound.forward(5, 2));
    assertThrows(IllegalStateException.class, () -> bound.backward(1, 1));
  }
}
