package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.AdagradRule;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Control;
import dev.gatun.backend.LambRule;
import dev.gatun.backend.LionRule;
import dev.gatun.backend.RmsPropRule;
import dev.gatun.backend.SgdRule;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Numbers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows without a gradient stay, the others are updated as always. */
@ParameterizedClass
@MethodSource("names")
class LazyRowsContractTest extends Contract {
  private static final int ROWS = 9;

  /** Of the second and third update; the first has a gradient everywhere. */
  private static final List<Integer> TOUCHED = List.of(0, 3, 4, 8);

  private final Tensor control = workspace.tensor(DType.F64, Control.SIZE);

  LazyRowsContractTest(String name) {
    super(name);
  }

  private static final List<UpdateRule> RULES =
      List.of(
          new SgdRule(0, false, 0),
          new SgdRule(0.9, true, 0.1),
          new AdamRule(0.9, 0.99, 1e-8, 0.1, false, true),
          new AdagradRule(1e-10, 0, 0),
          new RmsPropRule(0.9, 1e-8, true, 0.5, 0),
          new LionRule(0.9, 0.99, 0.1));

  /** Parameters and moments after three updates. */
  private List<double[]> run(UpdateRule rule, double[] start, double[][] gradients, int row) {
    Tensor p = write(workspace.real(start.length), start);
    Tensor g = workspace.real(start.length);
    List<Tensor> moments = new ArrayList<>();
    for (int i = 0; i < rule.moments().size(); i++) {
      moments.add(workspace.real(start.length));
    }
    write(control, new double[Control.SIZE]);
    set(control, Control.RATE, 0.1);
    UpdatePart head = new UpdatePart(0, 3, 1, 1);
    UpdatePart rows = new UpdatePart(3, start.length - 3, 0.5, 1, row);
    try (Updater updater =
        backend.updater(rule, new UpdateTensors(p, g, moments, control), List.of(head, rows))) {
      for (double[] gradient : gradients) {
        write(g, gradient);
        backend.prepareUpdate(g, Double.POSITIVE_INFINITY, control);
        updater.step();
        assertTrue(Arrays.stream(read(g)).allMatch(x -> x == 0), "gradients are zeroed");
      }
    }
    List<double[]> all = new ArrayList<>(List.of(read(p)));
    moments.forEach(moment -> all.add(read(moment)));
    return all;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 16, 300})
  void onlyRowsWithAGradientAreUpdated(int width) {
    int size = 3 + ROWS * width;
    double[] start = read(random(size));
    double[][] gradients = new double[3][];
    for (int step = 0; step < 3; step++) {
      gradients[step] = read(random(size));
      for (int i = 3; step > 0 && i < size; i++) {
        gradients[step][i] *= TOUCHED.contains((i - 3) / width) ? 1 : 0;
      }
    }
    for (UpdateRule rule : RULES) {
      List<double[]> once = run(rule, start, new double[][] {gradients[0]}, width);
      List<double[]> lazy = run(rule, start, gradients, width);
      List<double[]> dense = run(rule, start, gradients, 0);
      for (int k = 0; k < lazy.size(); k++) {
        double[] expected = dense.get(k).clone();
        for (int i = 3; i < size; i++) {
          if (!TOUCHED.contains((i - 3) / width)) {
            expected[i] = once.get(k)[i];
            assertEquals(expected[i], lazy.get(k)[i], rule + ": row " + (i - 3) / width);
          }
        }
        Numbers.assertClose(rule + " " + k, expected, lazy.get(k), 4 * eps);
      }
      if (rule.equals(RULES.getFirst())) {
        assertArrayEquals(dense.getFirst(), lazy.getFirst(), "nothing but the gradient counts");
      } else if (!rule.moments().isEmpty() && !(rule instanceof AdagradRule)) {
        assertTrue(!Arrays.equals(dense.getFirst(), lazy.getFirst()), rule + " moves all rows");
      }
    }
  }

  /** A gradient that is not finite leaves everything as it is but the gradients. */
  @Test
  void aSkippedUpdateZeroesEveryRow() {
    double[] start = read(random(3 + 4 * 5));
    double[] gradient = new double[start.length];
    gradient[9] = Double.POSITIVE_INFINITY;
    gradient[14] = 1;
    List<double[]> after = run(RULES.getFirst(), start, new double[][] {gradient}, 5);
    assertArrayEquals(start, after.getFirst());
  }

  @Test
  void whatHasNoRowsIsRefused() {
    assertRefused("does not divide into rows of 4", () -> new UpdatePart(0, 10, 1, 1, 4));
    UpdateRule lamb = new LambRule(0.9, 0.99, 1e-6, 0);
    double[][] gradients = {new double[13]};
    assertRefused("LAMB goes by whole tensors", () -> run(lamb, new double[13], gradients, 5));
  }
}
