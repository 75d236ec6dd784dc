package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Control;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What becomes of gradients in half precision, and how their scale finds itself. */
@Tag("cuda")
class LossScaleTest {
  /** A third of half precision's smallest number, 2^-24. */
  private static final double TINY = 2e-8;

  private final Backend backend = Backends.open("cuda", 1, Precision.FP16);
  private final Workspace memory = backend.workspace();

  @AfterEach
  void close() {
    memory.close();
    backend.close();
  }

  private Tensor state() {
    return Objects.requireNonNull(backend.state().get("loss_scale"));
  }

  private void scale(double scale, double good) {
    Host.write(backend, state(), scale, good);
  }

  /** The gradient of the weights [1, 4] for an input of ones and this dL/dy. */
  private double[] weightGradient(double dy, Tensor dx) {
    Tensor x = memory.real(1, 4);
    Tensor weight = memory.real(1, 4);
    backend.fill(x, 1);
    backend.fill(weight, 1);
    Tensor dWeight = memory.real(1, 4);
    backend.linearBackward(
        1, x, weight, Host.write(backend, memory.real(1, 1), dy), dx, dWeight, null);
    return Host.read(backend, dWeight);
  }

  @Test
  void gradientsThatHalfPrecisionDoesNotHaveSurvive() {
    Tensor dx = memory.real(1, 4);
    double[] expected = {TINY, TINY, TINY, TINY};
    Numbers.assertClose("dWeight", expected, weightGradient(TINY, dx), 0x1p-11);
    Numbers.assertClose("dx", expected, Host.read(backend, dx), 0x1p-11);
  }

  @Test
  void theyVanishWithoutAScale() {
    scale(1, 0);
    Tensor dx = memory.real(1, 4);
    assertArrayEquals(new double[4], weightGradient(TINY, dx));
    assertArrayEquals(new double[4], Host.read(backend, dx));
  }

  /** Both engines for stacks. */
  @ParameterizedTest
  @EnumSource(names = {"LSTM", "GRU", "GRU_RESET_BEFORE"})
  void thoseOfStacksSurviveToo(Cell cell) {
    RecurrentSpec spec = RecurrentSpec.of(cell, 3, 4).stacked(2, 0);
    assertTrue(Numbers.norm(dx(spec, 65_536)) > TINY / 100);
    assertEquals(0, Numbers.norm(dx(spec, 1)));
  }

  private double[] dx(RecurrentSpec spec, double scale) {
    scale(scale, 0);
    try (Stack stack = Stack.full(backend, spec, 2, 2)) {
      stack.randomize(new Random(3));
      stack
          .given()
          .forEach(
              (name, tensor) -> {
                if (name.startsWith("d")) {
                  Numbers.fill(backend, new Random(4), tensor, TINY);
                }
              });
      stack.plan.refresh();
      stack.plan.forward(2, 2);
      stack.plan.backward();
      return stack.read("dx");
    }
  }

  @Test
  void whatOverflowsIsNotFinite() {
    double[] dWeight = weightGradient(1, memory.real(1, 4)); // 65,536 is beyond half precision
    assertFalse(Arrays.stream(dWeight).allMatch(Double::isFinite), Arrays.toString(dWeight));
    scale(32_768, 0);
    assertArrayEquals(new double[] {1, 1, 1, 1}, weightGradient(1, memory.real(1, 4)));
  }

  private void adjust(double nonFinite) {
    Tensor control = memory.tensor(DType.F64, Control.SIZE);
    Host.set(backend, control, Control.NON_FINITE, nonFinite);
    backend.adjustLossScale(control);
  }

  @ParameterizedTest
  @CsvSource({
    "65536, 7, 3, 32768, 0", // a gradient is not finite
    "65536, 1998, -1, 65536, 1999",
    "65536, 1999, -1, 131072, 0", // as PyTorch's growth_interval
    "1.5, 0, 0, 1, 0", // never below 1
    "1, 0, 0, 1, 0"
  })
  void fallsAndRises(double scale, double good, double nonFinite, double then, double goodThen) {
    scale(scale, good);
    adjust(nonFinite);
    assertArrayEquals(new double[] {then, goodThen}, Host.read(backend, state()));
    assertEquals(then, backend.lossScale());
  }

  @Test
  void doesNotRiseForever() {
    scale(0x1p100, 1999);
    adjust(-1);
    assertArrayEquals(new double[] {0x1p100, 0}, Host.read(backend, state()));
  }

  @Test
  void measuringGradientsAloneLeavesIt() {
    Tensor control = memory.tensor(DType.F64, Control.SIZE);
    Tensor gradients = memory.real(3);
    backend.fill(gradients, Double.NaN);
    backend.prepareUpdate(gradients, 1, control);
    assertEquals(65_536, backend.lossScale());
  }

  @Test
  void aForkHasItsOwn() {
    adjust(0);
    try (Backend fork = backend.fork()) {
      assertEquals(32_768, backend.lossScale());
      assertEquals(65_536, fork.lossScale());
    }
  }

  /** All 16-bit numbers, those that floats lie between, ties, and what is not a number. */
  @ParameterizedTest
  @EnumSource(names = {"FP16", "BF16"})
  void roundsToTheNearestEven(Precision precision) {
    boolean half = precision == Precision.FP16;
    double[] values =
        DoubleStream.concat(
                new Random(5).doubles(500, -30, 20).map(e -> (float) (Math.pow(2, e) * 1.37)),
                DoubleStream.of(
                    0,
                    1 + 0x1p-11,
                    1 + 3 * 0x1p-11,
                    1 + 0x1p-8,
                    1 + 3 * 0x1p-8,
                    65_504,
                    65_519,
                    65_520,
                    1e9,
                    -0x1p-24,
                    0x1p-25,
                    0x1.8p-24,
                    0x1.8p-25,
                    0x1.ffcp-15,
                    1e-30,
                    -7))
            .toArray();
    try (Backend other = Backends.open("cuda", 1, precision);
        Workspace own = other.workspace()) {
      Tensor x = Host.write(other, own.real(values.length, 1), values);
      Tensor one = Host.write(other, own.real(1, 1), 1);
      Tensor y = own.real(values.length, 1);
      other.linear(values.length, x, one, null, y);
      double[] expected =
          Arrays.stream(values)
              .map(
                  v ->
                      half
                          ? Float.float16ToFloat(Float.floatToFloat16((float) v))
                          : Float.intBitsToFloat(bfloat16((float) v) << 16))
              .toArray();
      assertArrayEquals(expected, Host.read(other, y));
    }
  }

  private static int bfloat16(float value) {
    return WeightType.toBfloat16(value) & 0xFFFF;
  }
}
