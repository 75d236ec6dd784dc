package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.CtcIo;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.HostMemory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.AllPaths;
import dev.gatun.tests.support.CtcCase;
import dev.gatun.tests.support.CtcCase.Form;
import dev.gatun.tests.support.Numbers;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Connectionist temporal classification against its definition, and larger against the oracle. */
@ParameterizedClass
@MethodSource("namesAndEngines")
class CtcContractTest extends Contract {
  private static final int[][] TINY = {{1, 2}, {2, 2}, {1}, {1, 2, 1}, {2, 1}};
  private static final int[] LENGTHS = {5, 5, 1, 4, 2};

  CtcContractTest(String name) {
    super(name);
  }

  private static double[][] sequence(double[] logits, int n, int v, int i, int length) {
    double[][] rows = new double[length][];
    for (int t = 0; t < length; t++) {
      rows[t] = Arrays.copyOfRange(logits, (t * n + i) * v, (t * n + i + 1) * v);
    }
    return rows;
  }

  private static List<Integer> list(int[] labels) {
    return Arrays.stream(labels).boxed().toList();
  }

  /** Holds a call with a scale of 0.5 against all paths. */
  private void assertByDefinition(
      Tensor logits, int[][] labels, int @Nullable [] lengths, int blank, Form form) {
    for (boolean perLabel : new boolean[] {false, true}) {
      double[] given = read(logits);
      CtcCase call =
          new CtcCase(backend, workspace, logits, lengths, labels, blank, perLabel, form).run();
      int t = (int) logits.dim(0);
      int n = labels.length;
      int v = (int) logits.dim(2);
      double[] gradient = new double[given.length];
      double[] losses = new double[n];
      double total = 0;
      int impossible = 0;
      for (int i = 0; i < n; i++) {
        int length = lengths == null ? t : lengths[i];
        AllPaths all = new AllPaths(sequence(given, n, v, i, length), blank);
        double weight = perLabel ? 0.5 / Math.max(1, labels[i].length) : 0.5;
        losses[i] = -Math.log(all.probability(list(labels[i])));
        impossible += Double.isInfinite(losses[i]) ? 1 : 0;
        total += Double.isInfinite(losses[i]) ? 0 : weight * losses[i];
        double[][] d = all.gradient(list(labels[i]));
        for (int step = 0; step < length; step++) {
          for (int k = 0; k < v; k++) {
            gradient[(step * n + i) * v + k] = weight * d[step][k];
          }
        }
      }
      // some ten roundings each of a few terms of size 1 in the sums of a step
      double tolerance = 64 * eps;
      assertArrayEquals(losses, call.losses(), tolerance * 10);
      assertEquals(total, call.loss(), tolerance * (1 + total));
      assertEquals(impossible, call.impossible());
      Numbers.assertClose("dLogits", gradient, call.gradient(), tolerance);
    }
  }

  @ParameterizedTest
  @EnumSource
  void sumsOverAllAlignments(Form form) {
    assertByDefinition(fill(workspace.real(5, 5, 3), 2), TINY, null, 0, form);
  }

  @ParameterizedTest
  @EnumSource
  void ofDifferentLengths(Form form) {
    // the fourth: labels need three steps; the second, [2, 2], as many
    assertByDefinition(fill(workspace.real(5, 5, 3), 2), TINY, LENGTHS, 0, form);
  }

  @ParameterizedTest
  @EnumSource
  void blankIsAnyClass(Form form) {
    int[][] labels = {{0, 1}, {1, 1}, {0}, {3, 0, 3}};
    assertByDefinition(fill(workspace.real(4, 4, 4), 1), labels, null, 2, form);
    assertByDefinition(fill(workspace.real(4, 2, 3), 1), new int[][] {{0, 1}, {1}}, null, 2, form);
  }

  @ParameterizedTest
  @EnumSource
  void emptyTargetsAreBlanksThroughout(Form form) {
    int[][] labels = {{}, {1}, {}, {2, 1}};
    assertByDefinition(fill(workspace.real(3, 4, 3), 1), labels, new int[] {3, 3, 0, 2}, 0, form);
  }

  @ParameterizedTest
  @EnumSource
  void impossibleAlignmentsAreCountedAndGiveNothing(Form form) {
    int[][] labels = {{1, 1}, {1, 2, 1, 2}, {2}, {1}, {1, 1}};
    int[] lengths = {2, 3, 3, 0, 3};
    assertByDefinition(fill(workspace.real(3, 5, 3), 1), labels, lengths, 0, form);
    CtcCase call =
        new CtcCase(backend, workspace, random(3, 5, 3), lengths, labels, 0, false, form);
    call.run().run();
    assertEquals(6, call.impossible(), "of both calls");
    assertEquals(Double.POSITIVE_INFINITY, call.losses()[1]);
  }

  @Test
  void noStepsAtAll() {
    int[][] labels = {{}, {1}};
    CtcCase call =
        new CtcCase(
            backend, workspace, workspace.real(1, 2, 3), null, labels, 0, false, Form.PADDED);
    backend.ctc(0, 2, call.io);
    assertArrayEquals(new double[] {0, Double.POSITIVE_INFINITY}, call.losses());
    assertEquals(0, call.loss());
    assertEquals(1, call.impossible());
    backend.ctc(1, 0, call.io);
    assertEquals(0, call.loss(), "no sequences");
  }

  /** Labels, with repetitions, that fit into so many steps. */
  private int[][] labels(int n, int t, int v) {
    int[][] labels = new int[n][];
    for (int i = 0; i < n; i++) {
      labels[i] = new int[1 + random.nextInt(t / 2)];
      for (int k = 0; k < labels[i].length; k++) {
        boolean again = k > 0 && random.nextInt(4) == 0;
        labels[i][k] = again ? labels[i][k - 1] : 1 + random.nextInt(v - 1);
      }
    }
    return labels;
  }

  @ParameterizedTest
  @ValueSource(strings = {"37,5,11,0", "23,3,300,0", "6,2,10000,0", "64,2,5,4"})
  void largerOnesAreTheReferences(String sizes) {
    int[] size = Arrays.stream(sizes.split(",")).mapToInt(Integer::parseInt).toArray();
    int t = size[0];
    int n = size[1];
    int v = size[2];
    int[][] labels = labels(n, t, size[3] == 0 ? v : v - 1);
    assumeNear(backend, (long) t * n * v);
    int[] lengths = new int[n];
    Arrays.setAll(lengths, i -> t - i);
    Tensor logits = fill(workspace.real(t, n, v), 4);
    CtcCase call =
        new CtcCase(backend, workspace, logits, lengths, labels, size[3], true, Form.PADDED).run();
    try (Backend oracle = Backends.open("reference");
        Workspace host = oracle.workspace()) {
      Tensor same = host.real(t, n, v).copyFrom(read(logits));
      CtcCase expected =
          new CtcCase(oracle, host, same, lengths, labels, size[3], true, Form.FLAT).run();
      assertArrayEquals(expected.losses(), call.losses(), 64 * eps * expected.losses()[0]);
      assertEquals(expected.loss(), call.loss(), 64 * eps * expected.loss());
      // a share of 1 is a difference of sums of t terms in the exponent, each of size 10
      Numbers.assertClose("dLogits", expected.gradient(), call.gradient(), 256 * eps);
      assertEquals(expected.impossible(), call.impossible());
    }
  }

  @Test
  void repeatsItsBits() {
    int[][] labels = labels(5, 21, 7);
    Tensor logits = fill(workspace.real(21, 5, 7), 3);
    CtcCase call = new CtcCase(backend, workspace, logits, null, labels, 0, false, Form.FLAT).run();
    double[] first = call.gradient();
    assertArrayEquals(first, call.run().gradient());
    try (Backend more = open(name, 3);
        Workspace other = more.workspace()) {
      Tensor same = other.real(21, 5, 7);
      more.copy(logits, same);
      CtcCase again = new CtcCase(more, other, same, null, labels, 0, false, Form.FLAT).run();
      assertArrayEquals(first, again.gradient(), "with three threads");
      assertEquals(call.loss(), again.loss());
    }
  }

  @Test
  void withoutAGradientAndInPlace() {
    int[][] labels = labels(3, 9, 6);
    Tensor logits = fill(workspace.real(9, 3, 6), 2);
    CtcCase call =
        new CtcCase(backend, workspace, logits, null, labels, 0, true, Form.PADDED).run();
    double loss = call.loss();
    backend.ctc(9, 3, call.withGradient(null));
    assertEquals(loss, call.loss(), 16 * eps * loss);
    backend.ctc(9, 3, call.withGradient(logits));
    assertEquals(loss, call.loss(), 16 * eps * loss);
    Numbers.assertClose("in place", call.gradient(), read(logits), 64 * eps);
  }

  @Test
  void probabilitiesThatNoFloatHolds() {
    int t = 400;
    assumeNear(backend, 10L * t);
    Tensor logits = workspace.real(t, 1, 3);
    double[] sharp = new double[3 * t];
    for (int step = 0; step < t; step++) {
      sharp[3 * step] = 60; // the blank, everywhere
    }
    write(logits, sharp);
    int[][] labels = {{1, 2, 1, 1}};
    CtcCase call = new CtcCase(backend, workspace, logits, null, labels, 2, false, Form.PADDED);
    write(call.io.labels(), 1, 0, 1, 1, -1);
    call.run();
    // blank is class 2, at e^-60 a step: the best path spells 0 in all but three labels and a blank
    assertTrue(call.losses()[0] > 200 && call.losses()[0] < 260, () -> "" + call.losses()[0]);
    assertTrue(Double.isFinite(Numbers.norm(call.gradient())));
    assertEquals(0, call.impossible());
  }

  @Test
  void whatIsNoNumberIsNotImpossible() {
    Tensor logits = workspace.real(3, 2, 3);
    set(logits, 4, Double.NaN); // of step 0 of the second sequence
    CtcCase call =
        new CtcCase(
            backend, workspace, logits, null, new int[][] {{1}, {2}}, 1, false, Form.PADDED);
    write(call.io.labels(), 2, -1, 2, -1);
    call.run();
    assertTrue(Double.isNaN(call.loss()));
    assertTrue(Double.isFinite(call.losses()[0]));
    assertTrue(Double.isNaN(Numbers.norm(call.gradient())), "a step would be skipped");
    assertEquals(0, call.impossible());
  }

  @Test
  void refusesWrongArguments() {
    Tensor logits = workspace.real(3, 2, 4);
    int[][] labels = {{1}, {2}};
    CtcCase fine = new CtcCase(backend, workspace, logits, null, labels, 0, false, Form.FLAT);
    assertRefused("ctc: logits", () -> backend.ctc(4, 2, fine.io));
    assertRefused("ctc: -1 steps", () -> backend.ctc(-1, 2, fine.io));
    assertRefused(
        "ctc: dLogits", () -> backend.ctc(3, 2, fine.withGradient(workspace.real(3, 2, 3))));
    assertRefused("ctc: labelLengths", () -> backend.ctc(1, 3, fine.io));
    assertRefused(
        "blank 4 must be a class, 0 to 3",
        () -> new CtcCase(backend, workspace, logits, null, labels, 4, false, Form.FLAT).run());
    Tensor reals = workspace.tensor(DType.F64, 2);
    assertRefused(
        "ctc: labels is",
        () ->
            backend.ctc(
                3,
                2,
                new CtcIo(
                    logits,
                    null,
                    reals,
                    fine.io.labelLengths(),
                    0,
                    false,
                    fine.io.scale(),
                    fine.io.losses(),
                    fine.io.loss(),
                    fine.io.impossible(),
                    null)));
  }

  /** On the host by an error that names it; a device has NaN for it. */
  private void assertWrong(String part, CtcCase call) {
    if (call.io.labels().memory() instanceof HostMemory) {
      assertRefused(part, call::run);
    } else if (name.startsWith("cuda")) {
      assertTrue(Double.isNaN(call.run().loss()), part);
      assertTrue(Double.isNaN(Numbers.norm(call.gradient())), part);
    }
  }

  @ParameterizedTest
  @EnumSource
  void labelsAndLengthsOutOfRange(Form form) {
    Tensor logits = workspace.real(3, 2, 4);
    int[][] labels = {{1, 3}, {2}};
    for (int wrong : new int[] {4, -1, 0}) {
      int[][] with = {{1, wrong}, {2}};
      assertWrong(
          "label 1 of sequence 0 is " + wrong + ": it must be 0 to 3 and not the blank, 0",
          new CtcCase(backend, workspace, logits, null, with, 0, false, form));
    }
    assertWrong(
        "length 4 of sequence 1 is outside 0 to t, 3",
        new CtcCase(backend, workspace, logits, new int[] {3, 4}, labels, 0, false, form));
    CtcCase tooMany = new CtcCase(backend, workspace, logits, null, labels, 0, false, form);
    set(tooMany.io.labelLengths(), 1, 5);
    assertWrong("5 labels of sequence 1: the tensor has room for 0 to", tooMany);
  }
}
