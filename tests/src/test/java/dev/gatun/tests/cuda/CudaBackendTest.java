package dev.gatun.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.BackendUnavailableException;
import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Control;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What is a GPU's alone: streams that nobody waits for, two memories, sizes of real models. */
@Tag("cuda")
class CudaBackendTest {
  private final Backend backend = Backends.open("cuda", 1);
  private final Workspace workspace = backend.workspace();

  @AfterEach
  void free() {
    workspace.close();
    backend.close();
  }

  private Tensor filled(double value, long... shape) {
    Tensor tensor = workspace.real(shape);
    backend.fill(tensor, value);
    return tensor;
  }

  @Test
  void aCopyWaitsForTheContextThatWrites() {
    try (Backend other = backend.fork();
        Workspace its = other.workspace()) {
      Tensor theirs = its.real(1000);
      Tensor ours = workspace.real(1000);
      backend.fill(ours, 3); // after the fork: only the copy can wait for it
      other.copy(ours, theirs);
      assertEquals(3, Host.get(other, theirs, 999));
      backend.fill(ours, 4);
      assertEquals(4, Host.get(other, ours, 999), "down from another context's memory");
      other.copy(theirs, ours);
      Tensor copied = workspace.real(1000);
      backend.copyColumns(1, ours.reshape(1, 1000), 0, copied.reshape(1, 1000), 0, 1000);
      assertEquals(3, Host.get(backend, copied, 999), "into another context's memory");
      Host.write(other, ours.view(0, 2), 5, 6);
      backend.copyColumns(1, ours.reshape(1, 1000), 0, copied.reshape(1, 1000), 0, 1000);
      assertEquals(6, Host.get(backend, copied, 1), "up into another context's memory");
    }
  }

  @Test
  void aForkSeesWhatWasWrittenBeforeIt() {
    Tensor x = filled(3, 10, 10);
    Tensor y = workspace.real(10, 10);
    try (Backend other = backend.fork()) {
      other.copyColumns(10, x, 0, y, 0, 10);
    }
    Tensor z = workspace.real(10, 10);
    backend.copyColumns(10, y, 0, z, 0, 10); // closing waited
    assertEquals(3, Host.get(backend, z, 99));
  }

  @Test
  void theHostMayChangeWhatItHasGiven() {
    try (Workspace host = Workspace.host(DType.F32)) {
      Tensor source = host.real(5000);
      Tensor target = workspace.real(3, 5000);
      for (int i = 0; i < 3; i++) {
        source.set(4999, i + 1.0);
        backend.copy(source, target.view(5000L * i, 5000));
      }
      source.set(4999, -1);
      for (int i = 0; i < 3; i++) {
        assertEquals(i + 1, Host.get(backend, target, 5000L * i + 4999));
      }
    }
  }

  @Test
  void copiesOfManyMegabytesArriveWhole() {
    int size = 2_300_001; // more than both halves of what copies go through
    float[] values = new float[size];
    Random random = new Random(1);
    for (int i = 0; i < size; i++) {
      values[i] = random.nextFloat();
    }
    try (Workspace host = Workspace.host(DType.F32)) {
      Tensor given = host.real(size).copyFrom(values);
      Tensor wide = host.tensor(DType.F64, size);
      Tensor there = workspace.real(size);
      Tensor back = host.real(size);
      backend.copy(given, there);
      backend.copy(there, back);
      assertArrayEquals(values, back.toFloats());
      backend.copy(there, wide);
      backend.fill(there, 0);
      backend.copy(wide, there);
      backend.copy(there, back);
      assertArrayEquals(values, back.toFloats());
    }
  }

  @Test
  void sumsOverManyBlocksAreThoseOfTheCpuAndTheSameAgain() {
    int size = 3_000_017;
    Tensor gradients = filled(0.25, size);
    Host.write(backend, gradients.view(size - 3L, 3), 7, -8, 9);
    Tensor control = workspace.tensor(DType.F64, Control.SIZE);
    backend.prepareUpdate(gradients, 1, control);
    double norm = Math.sqrt((size - 3) / 16.0 + 49 + 64 + 81);
    double first = Host.get(backend, control, Control.NORM);
    assertEquals(norm, first, 1e-12 * norm);
    backend.prepareUpdate(gradients, 1, control);
    assertEquals(first, Host.get(backend, control, Control.NORM), "the same bits");
    Host.write(backend, gradients.view(2_500_000, 1), Double.NaN);
    backend.prepareUpdate(gradients, 1, control);
    assertEquals(2_500_000, Host.get(backend, control, Control.NON_FINITE));
    assertEquals(2, Host.get(backend, control, Control.UPDATES));
  }

  /** More rows than the scratch of losses has at first. */
  @Test
  void lossesOfManyRowsAddUp() {
    int rows = 5001;
    Tensor logits = filled(0, rows, 2);
    Tensor targets = workspace.tensor(DType.I32, rows);
    backend.fill(targets, 1);
    Tensor scale = workspace.tensor(DType.F64, 1);
    backend.fill(scale, 1.0 / rows);
    Tensor loss = workspace.tensor(DType.F64, 1);
    for (int count : new int[] {10, rows, 100}) {
      backend.softmaxCrossEntropy(count, logits, targets, scale, loss, null);
      assertEquals(Math.log(2) * count / rows, Host.get(backend, loss, 0), 1e-12);
    }
  }

  @Test
  void memoryThatRunsOutIsNamedAndLeavesTheRest() {
    Tensor x = filled(2, 7);
    OutOfMemoryError e =
        assertThrows(OutOfMemoryError.class, () -> workspace.real(1L << 40)); // 4 TiB
    assertTrue(String.valueOf(e.getMessage()).startsWith("no memory on cuda:0"), e.getMessage());
    assertTrue(String.valueOf(e.getMessage()).contains("" + (4L << 40)), e.getMessage());
    assertEquals(2, Host.get(backend, x, 6));
  }

  @Test
  void hostMemoryIsNoArgumentOfAnOperation() {
    Tensor x = filled(1, 2, 3);
    Tensor weight = filled(1, 4, 3);
    try (Workspace host = Workspace.host(DType.F32)) {
      assertNotThere(() -> backend.linear(2, x, weight, null, host.real(2, 4)));
      assertNotThere(() -> backend.fill(host.real(3), 1));
      assertNotThere(() -> backend.prepareUpdate(x, 1, host.tensor(DType.F64, Control.SIZE)));
    }
    assertThrows(IllegalStateException.class, x::address);
  }

  private static void assertNotThere(Executable call) {
    String message = String.valueOf(assertThrows(IllegalStateException.class, call).getMessage());
    assertEquals("this tensor is not on a GPU: copy it there first", message);
  }

  @Test
  void aClosedContextAsksForNothing() {
    Tensor x = filled(1, 3);
    Backend other = backend.fork();
    other.close();
    other.close();
    String message =
        String.valueOf(
            assertThrows(IllegalStateException.class, () -> other.fill(x, 2)).getMessage());
    assertEquals("the backend cuda has been closed", message);
    assertEquals(1, Host.get(backend, x, 2));
  }

  @Test
  void roundedWeightsAreRefused() {
    RecurrentSpec spec = RecurrentSpec.of(Cell.GRU, 2, 3);
    Tensor weights = filled(1, backend.layout(spec).size());
    String message =
        String.valueOf(
            assertThrows(
                    IllegalArgumentException.class,
                    () -> backend.pack(spec, weights, WeightType.BFLOAT16))
                .getMessage());
    assertTrue(message.contains("fp32 only, not in bf16"), message);
  }

  @Test
  void devicesAreNumbered() {
    try (Backend first = Backends.open("cuda:0", 1)) {
      assertEquals("cuda:0", first.name());
      assertTrue(first.description().contains("unverified"), first.description());
    }
    String message =
        String.valueOf(
            assertThrows(BackendUnavailableException.class, () -> Backends.open("cuda:999", 1))
                .getMessage());
    assertTrue(message.startsWith("cuda:999 cannot be opened: this machine's devices"), message);
    assertTrue(Backends.names().contains("cuda"));
  }
}
