package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Checks;
import dev.gatun.backend.RecurrentChecks;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.FarBackend;
import dev.gatun.tests.support.Stack;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Memory that the host cannot read, as a device's: what fails on it and what must not. */
class FarMemoryTest extends Contract {
  private final Checks checks = new Checks(DType.F64);
  private final Tensor table = workspace.real(5, 3);
  private final Tensor y = workspace.real(7, 3);

  FarMemoryTest() {
    super(FarBackend.NAME);
  }

  private static void assertFar(Executable access) {
    assertThrows(IllegalStateException.class, access);
  }

  @Test
  void theHostCannotTouchIt() {
    Tensor far = real(1, 2, 3);
    assertFar(far::address);
    assertFar(far::segment);
    assertFar(far::toDoubles);
    assertFar(() -> far.get(0));
    assertFar(() -> far.set(0, 1));
    assertFar(() -> far.copyFrom(1f, 2f, 3f));
    assertArrayEquals(new double[] {2, 3}, read(far.view(1, 2)));
  }

  @Test
  void operationsTakeNoHostMemory() {
    try (Workspace host = Workspace.host(DType.F64)) {
      Tensor near = host.real(7, 3);
      assertFar(() -> backend.fill(near, 1));
      assertFar(() -> backend.copyColumns(7, y, 0, near, 0, 3));
      assertFar(() -> backend.addColumns(7, y, 0, near, 0, 3));
      assertFar(() -> backend.linear(7, near, workspace.real(3, 3), null, y));
    }
  }

  /** A device's values are not read back to be checked; shapes are checked all the same. */
  @Test
  void checksOfArgumentsDoNotReadIt() {
    Tensor wrong = ints(9, -9);
    checks.embedding(2, wrong, table, y);
    checks.embeddingBackward(2, wrong, y, table);
    checks.softmaxCrossEntropy(2, y, wrong, null, 0, scalar(1), scalar(0), null);
    assertRefused("embedding: ids", () -> checks.embedding(3, wrong, table, y));
    assertRefused("embeddingBackward: ids", () -> checks.embeddingBackward(3, wrong, y, table));
    assertRefused(
        "softmaxCrossEntropy: targets",
        () -> checks.softmaxCrossEntropy(3, y, wrong, null, 0, scalar(1), scalar(0), null));
    try (Stack stack = Stack.full(backend, RecurrentSpec.of(Cell.GRU, 3, 5), 4, 2)) {
      stack.lengths(9, -9);
      RecurrentChecks.forward(stack.io, 4, 2);
      assertRefused("t 5", () -> RecurrentChecks.forward(stack.io, 5, 2));
      assertRefused("n 3", () -> RecurrentChecks.forward(stack.io, 4, 3));
    }
  }
}
