package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Each cell with one unit and one feature over two steps, written out as scalars. */
@ParameterizedClass
@MethodSource("names")
class RecurrentByHandTest extends Contract {
  private static final double X0 = 0.5;
  private static final double X1 = -0.25;
  private static final double H0 = 0.375;
  private static final double C0 = -0.5;

  RecurrentByHandTest(String name) {
    super(name);
  }

  private static double sigmoid(double v) {
    return 1 / (1 + Math.exp(-v));
  }

  /** Runs two steps and compares y, which for one unit is h of both steps. */
  private void assertStates(Cell cell, double[] weights, double h1, double h2) {
    try (Stack stack = Stack.full(backend, RecurrentSpec.of(cell, 1, 1), 2, 1)) {
      stack.weights(weights);
      stack.set("x", X0, X1);
      stack.set("h0", H0);
      if (cell.hasCellState()) {
        stack.set("c0", C0);
      }
      Recurrent plan = stack.plan;
      plan.refresh();
      plan.forward(2, 1);
      // a few roundings and two activations at each step
      Numbers.assertClose("y", new double[] {h1, h2}, stack.read("y"), 16 * eps);
      Numbers.assertClose("hn", new double[] {h2}, stack.read("hn"), 16 * eps);
    }
  }

  @Test
  void lstm() {
    double[] w = {.5, -.25, .75, 1, .125, .5, -.5, .25, .1875, .25, -.125, .5, .0625, 0, .25, -.5};
    double[] state = {H0, C0};
    double h1 = lstmStep(w, X0, state);
    assertStates(Cell.LSTM, w, h1, lstmStep(w, X1, state));
  }

  private static double lstmStep(double[] w, double x, double[] state) {
    double[] sums = new double[4];
    for (int gate = 0; gate < 4; gate++) {
      sums[gate] = w[gate] * x + w[4 + gate] * state[0] + w[8 + gate] + w[12 + gate];
    }
    double input = sigmoid(sums[0]);
    double forget = sigmoid(sums[1]);
    double output = sigmoid(sums[3]);
    state[1] = forget * state[1] + input * Math.tanh(sums[2]);
    state[0] = output * Math.tanh(state[1]);
    return state[0];
  }

  /** Gates i, f, g, o of weight 0 but the peepholes, which see c alone; c is limited to 0.5. */
  @Test
  void peepholesAndALimit() {
    CellOptions options = new CellOptions(true, 0.5);
    try (Stack stack = Stack.full(backend, RecurrentSpec.of(Cell.LSTM, 1, 1).with(options), 2, 1)) {
      stack.weights(0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 3, -1, 0, 0, 0, 0, -.5, .75, 1.5);
      stack.set("c0", .25);
      stack.plan.refresh();
      stack.plan.forward(2, 1);
      double c1 = 0.5; // 0.25 of f and 0.9 of i are more
      double c2 = 0.5;
      double h1 = sigmoid(-1 + 1.5 * c1) * Math.tanh(c1);
      double h2 = sigmoid(-1 + 1.5 * c2) * Math.tanh(c2);
      Numbers.assertClose("y", new double[] {h1, h2}, stack.read("y"), 16 * eps);
      stack.weights(0, 0, 0, 0, 0, 0, 0, 0, -2, 1, 3, -1, 0, 0, 0, 0, -.5, .75, 1.5);
      stack.plan.refresh();
      stack.plan.forward(2, 1);
      c1 = sigmoid(1 + .75 * .25) * .25 + sigmoid(-2 - .5 * .25) * Math.tanh(3);
      c2 = sigmoid(1 + .75 * c1) * c1 + sigmoid(-2 - .5 * c1) * Math.tanh(3);
      assertTrue(c2 < 0.5, "nothing to limit");
      h1 = sigmoid(-1 + 1.5 * c1) * Math.tanh(c1);
      h2 = sigmoid(-1 + 1.5 * c2) * Math.tanh(c2);
      Numbers.assertClose("y", new double[] {h1, h2}, stack.read("y"), 16 * eps);
    }
  }

  private static final double[] GRU = {
    .5, -.25, .75, .125, .5, -1.5, .1875, .25, -.125, .0625, .375, 1.25
  };

  @Test
  void gruResetsAfterTheRecurrentProduct() {
    double h1 = gruStep(X0, H0, true);
    assertStates(Cell.GRU, GRU, h1, gruStep(X1, h1, true));
  }

  @Test
  void gruResetsBeforeTheRecurrentProduct() {
    double h1 = gruStep(X0, H0, false);
    assertStates(Cell.GRU_RESET_BEFORE, GRU, h1, gruStep(X1, h1, false));
  }

  private static double gruStep(double x, double h, boolean resetAfter) {
    double r = sigmoid(GRU[0] * x + GRU[3] * h + GRU[6] + GRU[9]);
    double z = sigmoid(GRU[1] * x + GRU[4] * h + GRU[7] + GRU[10]);
    double recurrent = resetAfter ? r * (GRU[5] * h + GRU[11]) : GRU[5] * (r * h) + GRU[11];
    double n = Math.tanh(GRU[2] * x + GRU[8] + recurrent);
    return (1 - z) * n + z * h;
  }

  @Test
  void tanh() {
    double h1 = Math.tanh(.5 * X0 + .75 * H0 + .25 - .125);
    double h2 = Math.tanh(.5 * X1 + .75 * h1 + .25 - .125);
    assertStates(Cell.TANH, new double[] {.5, .75, .25, -.125}, h1, h2);
  }

  @Test
  void reluAndOtherActivations() {
    double h1 = .5 * X0 + .75 * H0 + .25 - .125; // 0.65625
    assertStates(Cell.RELU, new double[] {.5, .75, .25, -.125}, h1, .5 * X1 + .75 * h1 + .125);
    double pre = 2 * X0 - .25 * H0 + .5;
    double low = -4 * X0 + .75 * H0 + .125;
    double[] steep = {-4, .75, .25, -.125};
    assertStates(Cell.IDENTITY, new double[] {2, -.25, .5, 0}, pre, 2 * X1 - .25 * pre + .5);
    h1 = .01 * low;
    assertStates(Cell.LEAKY_RELU, steep, h1, -4 * X1 + .75 * h1 + .125);
    h1 = Math.expm1(low);
    assertStates(Cell.ELU, steep, h1, -4 * X1 + .75 * h1 + .125);
    h1 = sigmoid(low);
    assertStates(Cell.SIGMOID, steep, h1, sigmoid(-4 * X1 + .75 * h1 + .125));
    assertStates(Cell.SOFTMAX, steep, 1, 1);
    assertStates(Cell.RELU, new double[] {-4, .75, .25, -.125}, 0, -4 * X1 + .125);
  }
}
