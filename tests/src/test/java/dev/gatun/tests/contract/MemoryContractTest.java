package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Memory;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Opening, allocating, copying and filling. */
@ParameterizedClass
@MethodSource("names")
class MemoryContractTest extends Contract {
  MemoryContractTest(String name) {
    super(name);
  }

  @Test
  void saysWhatItIs() {
    assertEquals(name, backend.name());
    assertTrue(backend.description().startsWith(name), backend.description());
    assertFalse(backend.description().contains("\n"), backend.description());
    assertTrue(backend.real().isReal());
    assertRefused("reference", () -> Backends.open("gpu"));
    assertRefused("threads 0", () -> Subjects.open(name, 0));
  }

  @Test
  void allocatesZeroedMemoryThatOutlivesTheContext() {
    Tensor tensor;
    try (Backend other = Subjects.open(name, 1)) {
      tensor = Tensor.of(other.allocate(7 * 8), DType.F64, 7);
    }
    try (Memory memory = tensor.memory()) {
      assertEquals(56, memory.bytes());
      assertArrayEquals(new double[7], read(tensor));
    }
    assertThrows(IllegalStateException.class, () -> get(tensor, 0));
  }

  @Test
  void aClosedContextTakesNoNewWork() {
    ModelSpec layers = ModelSpec.of(Signal.features(3), RecurrentLayer.lstm(4), Linear.of(2));
    Backend other = Subjects.open(name, 1);
    try (Model model = layers.build(other, 1);
        Plan plan = model.plan(PlanSpec.training(3, 2))) {
      plan.forward(3, 2);
      other.close();
      other.close();
      String closed = "the backend " + name + " has been closed";
      assertClosed(closed, () -> layers.build(other, 1));
      assertClosed(closed, () -> model.plan(PlanSpec.training(3, 2)));
      assertClosed(closed, model::session);
      assertClosed(closed, () -> new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1));
      assertClosed(closed, () -> other.allocate(8));
      assertClosed(closed, other::fork);
      assertClosed(closed, () -> plan.forward(3, 2));
    }
  }

  @Test
  void aClosedModelTakesNoNewWork() {
    ModelSpec layers = ModelSpec.of(Signal.features(3), RecurrentLayer.lstm(4), Linear.of(2));
    Model model = layers.build(backend, 1);
    try (Plan plan = model.plan(PlanSpec.training(3, 2));
        Session session = model.session()) {
      model.close();
      model.close();
      assertClosed("the model has been closed", () -> model.plan(PlanSpec.training(3, 2)));
      assertClosed("the model has been closed", model::session);
      assertClosed("the model has been closed", () -> plan.forward(3, 2));
      session.step(new float[3]); // has a copy of its own
    }
  }

  private static void assertClosed(String message, Executable call) {
    assertEquals(message, assertThrows(IllegalStateException.class, call).getMessage());
  }

  @Test
  void aForkWorksOnTheSameMemory() {
    Tensor x = random(3, 5);
    Tensor weight = random(2, 5);
    Tensor y = workspace.real(3, 2);
    Tensor forked = workspace.real(3, 2);
    backend.linear(3, x, weight, null, y);
    try (Backend other = backend.fork()) {
      assertEquals(name, other.name());
      other.linear(3, x, weight, null, forked);
    }
    assertArrayEquals(read(y), read(forked));
    backend.linear(3, x, weight, null, y); // closing a fork leaves the first context working
    assertArrayEquals(read(forked), read(y));
  }

  @Test
  void copiesAndConvertsReals() {
    double[] values = new double[71];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    Tensor wide = write(workspace.tensor(DType.F64, 71), values);
    Tensor narrow = workspace.tensor(DType.F32, 71);
    backend.copy(wide, narrow);
    Tensor back = workspace.tensor(DType.F64, 71);
    backend.copy(narrow, back);
    Tensor again = workspace.tensor(DType.F64, 71);
    backend.copy(wide, again);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) values[i];
    }
    assertArrayEquals(values, read(back));
    assertArrayEquals(read(wide), read(again));
    Tensor longs = workspace.tensor(DType.I64, 2);
    Tensor copied = workspace.tensor(DType.I64, 2);
    try (Workspace host = Workspace.host(DType.F64)) {
      Tensor there = host.tensor(DType.I64, 2);
      Tensor home = host.tensor(DType.I64, 2);
      there.setLong(1, Long.MAX_VALUE - 1);
      backend.copy(there, longs);
      backend.copy(longs, copied);
      backend.copy(copied, home);
      assertEquals(Long.MAX_VALUE - 1, home.getLong(1));
    }
  }

  @Test
  void copiesOnlyTheView() {
    Tensor from = real(1, 2, 3, 4, 5);
    Tensor to = real(0, 0, 0, 0, 0);
    backend.copy(from.view(1, 3), to.view(2, 3));
    assertArrayEquals(new double[] {0, 0, 2, 3, 4}, read(to));
  }

  @Test
  void refusesCopiesThatDoNotFit() {
    Tensor five = workspace.real(5);
    assertRefused("copy: from", () -> backend.copy(five, workspace.real(6)));
    assertRefused("copy: from", () -> backend.copy(five, workspace.tensor(DType.I32, 5)));
    assertRefused(
        "copy: from",
        () -> backend.copy(workspace.tensor(DType.I64, 5), workspace.tensor(DType.I32, 5)));
  }

  @Test
  void fillsTheViewOnly() {
    for (DType dtype : DType.values()) {
      Tensor tensor = workspace.tensor(dtype, 70);
      backend.fill(tensor.view(1, 67), -3);
      double[] values = read(tensor);
      for (int i = 0; i < 70; i++) {
        assertEquals(i >= 1 && i < 68 ? -3 : 0, values[i], dtype + " " + i);
      }
    }
  }

  @Test
  void copiesColumns() {
    Tensor from = random(6, 7);
    Tensor to = random(5, 4);
    double[] expected = read(to);
    double[] given = read(from);
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 2; column++) {
        expected[row * 4 + 1 + column] = given[row * 7 + 3 + column];
      }
    }
    backend.copyColumns(3, from, 3, to, 1, 2);
    assertArrayEquals(expected, read(to));
    Tensor ids = ints(1, 2, 3, 4, 5, 6).reshape(2, 3);
    Tensor column = workspace.tensor(DType.I32, 2, 1);
    backend.copyColumns(2, ids, 2, column, 0, 1);
    assertEquals(6, get(column, 1));
  }

  @Test
  void refusesColumnsThatAreNotThere() {
    Tensor from = workspace.real(6, 7);
    Tensor to = workspace.real(5, 4);
    assertRefused("columns 6 to 8", () -> backend.copyColumns(3, from, 6, to, 0, 2));
    assertRefused("columns 3 to 5", () -> backend.copyColumns(3, from, 0, to, 3, 2));
    assertRefused("columns -1", () -> backend.copyColumns(3, from, -1, to, 0, 2));
    assertRefused("6 rows", () -> backend.copyColumns(6, from, 0, to, 0, 2));
    assertRefused(
        "type", () -> backend.copyColumns(2, from, 0, workspace.tensor(DType.I32, 5, 4), 0, 2));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 16, 37})
  void addsColumnsToColumns(int columns) {
    Tensor from = random(6, columns + 5);
    Tensor to = random(5, columns + 2);
    double[] expected = read(to);
    double[] given = read(from);
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < columns; column++) {
        expected[row * (columns + 2) + 1 + column] += given[row * (columns + 5) + 3 + column];
      }
    }
    backend.addColumns(3, from, 3, to, 1, columns);
    Numbers.assertClose("to", expected, read(to), 2 * eps);
    backend.addColumns(0, from, 3, to, 1, columns);
    Numbers.assertClose("to", expected, read(to), 2 * eps);
  }

  @Test
  void refusesColumnsThatCannotBeAdded() {
    Tensor from = workspace.real(6, 7);
    Tensor to = workspace.real(5, 4);
    Tensor ints = workspace.tensor(DType.I32, 5, 4);
    assertRefused("addColumns: from", () -> backend.addColumns(3, from, 6, to, 0, 2));
    assertRefused("addColumns: to", () -> backend.addColumns(3, from, 0, to, 3, 2));
    assertRefused("6 rows", () -> backend.addColumns(6, from, 0, to, 0, 2));
    assertRefused("elements", () -> backend.addColumns(2, from, 0, ints, 0, 2));
    assertRefused("elements", () -> backend.addColumns(2, ints, 0, to, 0, 2));
  }
}
