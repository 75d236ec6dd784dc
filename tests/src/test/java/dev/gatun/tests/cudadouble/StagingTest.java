package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Large copies to a device, on a stream beside the one that computes. */
@Tag("cuda")
class StagingTest {
  /** Above what crosses the bus apart; three chunks of what is staged at a time. */
  private static final int LARGE = 2_300_001;

  private static final int SMALL = 1000;
  private final Backend backend;
  private final Workspace workspace;
  private final Workspace host = Workspace.host(DType.F32);

  StagingTest() {
    DoubleState.reset();
    backend = Backends.open("cuda", 1);
    workspace = backend.workspace();
  }

  @AfterEach
  void free() {
    DoubleState.fail("");
    host.close();
    workspace.close();
    backend.close();
  }

  /** The last of size elements of a tensor that is uploaded and read, over and over. */
  private void uploads(int size) {
    Tensor given = host.real(size);
    Tensor target = workspace.real(size);
    Tensor seen = workspace.real(6, 1, size);
    for (int i = 0; i < 6; i++) {
      given.set(0, i + 1.0);
      given.set(size - 1L, -i - 1.0);
      backend.copy(given, target);
      // What reads the batch has not run when the next one is on its way.
      backend.copy(target, seen.view((long) i * size, size));
    }
    given.set(0, 99);
    for (int i = 0; i < 6; i++) {
      assertEquals(i + 1, Host.get(backend, seen, (long) i * size), "batch " + i);
      assertEquals(-i - 1, Host.get(backend, seen, (i + 1L) * size - 1), "batch " + i);
    }
    assertEquals(0, DoubleState.complaints());
  }

  @Test
  void everyBatchIsReadAsItWasGiven() {
    uploads(LARGE);
    assertTrue(DoubleState.calls("cudaStreamWaitEvent") >= 2 * 6 * 3, "a stream of its own");
  }

  @Test
  void whatIsSmallStaysInTheStream() {
    uploads(SMALL);
    assertEquals(0, DoubleState.calls("cudaStreamWaitEvent"));
  }

  /** A large copy comes down through the memory that another one goes up by. */
  @Test
  void copiesInBothDirectionsTakeTurns() {
    Tensor given = host.real(LARGE);
    Tensor back = host.real(LARGE);
    Tensor target = workspace.real(LARGE);
    for (int i = 0; i < 4; i++) {
      given.set(LARGE - 1L, i);
      backend.copy(given, target);
      backend.copy(target, back);
      assertEquals(i, back.get(LARGE - 1L));
    }
  }

  @Test
  void aFullDeviceDoesWithoutAStreamOfItsOwn() {
    Tensor given = host.real(LARGE);
    Tensor target = workspace.real(LARGE);
    given.set(5, 3);
    DoubleState.fail("cudaMalloc:1=2");
    backend.copy(given, target);
    DoubleState.fail("");
    assertEquals(3, Host.get(backend, target, 5));
    assertEquals(0, DoubleState.calls("cudaStreamWaitEvent"));
    given.set(5, 4);
    backend.copy(given, target);
    assertEquals(4, Host.get(backend, target, 5), "no error is left behind");
  }

  @Test
  void nothingIsLeftOpen() {
    long streams = DoubleState.handles("cudaStream_t");
    long events = DoubleState.handles("cudaEvent_t");
    try (Backend other = backend.fork();
        Workspace its = other.workspace()) {
      other.copy(host.real(LARGE), its.real(LARGE));
      assertTrue(DoubleState.handles("cudaStream_t") >= streams + 2);
    }
    assertEquals(streams, DoubleState.handles("cudaStream_t"));
    assertEquals(events, DoubleState.handles("cudaEvent_t"));
  }
}
