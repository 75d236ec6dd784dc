package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateRule;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same bits on 1, 2 and 3 threads, at sizes that are split and do not divide evenly. */
@ParameterizedClass
@MethodSource("namesAndEngines")
class ThreadsContractTest {
  private static final int SIZE = 100_003;

  private final String name;

  ThreadsContractTest(String name) {
    this.name = name;
  }

  static List<String> namesAndEngines() {
    return Contract.namesAndEngines();
  }

  /** Work of one context, from the same numbers each time; gives all it wrote. */
  private interface Work {
    Tensor[] run(Backend backend, Workspace workspace, Random random);
  }

  private void assertSameBits(Work work) {
    double[][] expected = run(1, work);
    for (int threads = 2; threads <= 3; threads++) {
      double[][] actual = run(threads, work);
      for (int i = 0; i < expected.length; i++) {
        assertArrayEquals(expected[i], actual[i], "result " + i + " on " + threads + " threads");
      }
    }
  }

  private double[][] run(int threads, Work work) {
    try (Backend backend = Contract.open(name, threads);
        Workspace workspace = backend.workspace()) {
      Tensor[] written = work.run(backend, workspace, new Random(9));
      double[][] values = new double[written.length][];
      for (int i = 0; i < written.length; i++) {
        values[i] = Host.read(backend, written[i]);
      }
      return values;
    }
  }

  private static Tensor random(Backend backend, Random random, Workspace workspace, long... shape) {
    return Numbers.fill(backend, random, workspace.real(shape), 1);
  }

  private static Tensor ints(
      Backend backend, Random random, Workspace workspace, int size, int from, int to) {
    return Host.write(
        backend,
        workspace.tensor(DType.I32, size),
        random.ints(size, from, to).asDoubleStream().toArray());
  }

  @Test
  void linear() {
    assertSameBits(
        (backend, workspace, random) -> {
          Tensor x = random(backend, random, workspace, 301, 65);
          Tensor weight = random(backend, random, workspace, 97, 65);
          Tensor bias = random(backend, random, workspace, 97);
          Tensor y = workspace.real(301, 97);
          Tensor dx = workspace.real(301, 65);
          Tensor dWeight = workspace.real(97, 65);
          Tensor dBias = workspace.real(97);
          backend.linear(301, x, weight, bias, y);
          backend.linearBackward(301, x, weight, y, dx, dWeight, dBias);
          return new Tensor[] {y, dx, dWeight, dBias};
        });
  }

  /** Several parts of each product, and several blocks of each dimension. */
  @Test
  void largeLinear() {
    assertSameBits(
        (backend, workspace, random) -> {
          Contract.assumeNear(backend, 1301 * 545);
          Tensor x = random(backend, random, workspace, 1301, 545);
          Tensor weight = random(backend, random, workspace, 389, 545);
          Tensor y = workspace.real(1301, 389);
          Tensor dx = workspace.real(1301, 545);
          Tensor dWeight = workspace.real(389, 545);
          backend.linear(1301, x, weight, null, y);
          backend.linearBackward(1301, x, weight, y, dx, dWeight, null);
          return new Tensor[] {y, dx, dWeight};
        });
  }

  @Test
  void embedding() {
    assertSameBits(
        (backend, workspace, random) -> {
          Tensor ids = ints(backend, random, workspace, 3001, 0, 65);
          Tensor table = random(backend, random, workspace, 65, 33);
          Tensor y = workspace.real(3001, 33);
          backend.embedding(3001, ids, table, y);
          backend.embeddingBackward(3001, ids, y, table);
          return new Tensor[] {y, table};
        });
  }

  @Test
  void losses() {
    assertSameBits(
        (backend, workspace, random) -> {
          Tensor logits = random(backend, random, workspace, 1501, 65);
          Tensor target = random(backend, random, workspace, 1501, 65);
          Tensor targets = ints(backend, random, workspace, 1501, -1, 65);
          Tensor scale = Host.write(backend, workspace.tensor(DType.F64, 1), 0.1);
          Tensor entropy = workspace.tensor(DType.F64, 1);
          Tensor squares = workspace.tensor(DType.F64, 1);
          Tensor first = workspace.real(1501, 65);
          Tensor second = workspace.real(1501, 65);
          backend.softmaxCrossEntropy(1501, logits, targets, scale, entropy, first);
          backend.elementLoss(
              new ElementLoss.Squared(), 1501, logits, target, null, scale, squares, second);
          return new Tensor[] {entropy, squares, first, second};
        });
  }

  @Test
  void dropout() {
    assertSameBits(
        (backend, workspace, random) -> {
          Tensor x = random(backend, random, workspace, SIZE);
          MaskKey key = new MaskKey(3, 2, workspace.tensor(DType.I64, 1));
          backend.dropout(SIZE, x, x, 0.2, key);
          return new Tensor[] {x};
        });
  }

  static List<UpdateRule> rules() {
    return UpdateContractTest.rules();
  }

  @ParameterizedTest
  @MethodSource("rules")
  void updates(UpdateRule rule) {
    assertSameBits(
        (backend, workspace, random) -> {
          Tensor parameters = random(backend, random, workspace, SIZE);
          Tensor gradients = workspace.real(SIZE);
          List<Tensor> moments = rule.moments().stream().map(_ -> workspace.real(SIZE)).toList();
          Tensor control = workspace.tensor(DType.F64, Control.SIZE);
          List<UpdatePart> parts =
              List.of(
                  new UpdatePart(0, 70_001, 1, 1),
                  new UpdatePart(70_001, 3, 0.5, 0),
                  new UpdatePart(70_010, SIZE - 70_010, 1, 1));
          UpdateTensors tensors = new UpdateTensors(parameters, gradients, moments, control);
          try (Updater updater = backend.updater(rule, tensors, parts)) {
            for (int step = 0; step < 3; step++) {
              Host.set(backend, control, Control.RATE, 0.01);
              Numbers.fill(backend, random, gradients, 1);
              backend.prepareUpdate(gradients, 1, control);
              updater.step();
            }
          }
          List<Tensor> all = new ArrayList<>(moments);
          all.add(parameters);
          all.add(control);
          return all.toArray(Tensor[]::new);
        });
  }

  @Test
  void theFirstOfSeveralNonFiniteGradients() {
    assertSameBits(
        (backend, workspace, random) -> {
          Tensor gradients = random(backend, random, workspace, SIZE);
          Host.set(backend, gradients, 99_000, Double.NaN);
          Host.set(backend, gradients, 70_001, Double.NaN);
          Tensor control = workspace.tensor(DType.F64, Control.SIZE);
          backend.prepareUpdate(gradients, 1, control);
          return new Tensor[] {control.view(Control.NON_FINITE, 1)};
        });
  }
}
