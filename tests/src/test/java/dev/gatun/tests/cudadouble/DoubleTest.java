package dev.gatun.tests.cudadouble;

import static dev.gatun.tests.cudadouble.Gpu.TO_DEVICE;
import static dev.gatun.tests.cudadouble.Gpu.TO_HOST;
import static dev.gatun.tests.cudadouble.Gpu.ok;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bindings.generated.cudart.cudart_h;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the double punishes in the use of memory, streams, events and graphs. */
@Tag("cuda")
class DoubleTest {
  private static final int INVALID_VALUE = cudart_h.cudaErrorInvalidValue();

  private Gpu gpu;
  private long blocks;

  @BeforeEach
  void open() {
    DoubleState.reset();
    blocks = DoubleState.blocks();
    gpu = new Gpu();
  }

  @AfterEach
  void close() {
    DoubleState.reset();
    gpu.close();
    assertEquals(blocks, DoubleState.blocks(), "blocks of device memory");
  }

  private static void assertComplains(String words) {
    assertTrue(DoubleState.complaint().contains(words), DoubleState.complaint());
  }

  @Test
  void newMemoryIsGarbage() {
    for (float value : gpu.floats(gpu.device(40), 10)) {
      assertTrue(Float.isNaN(value));
    }
  }

  @Test
  void memoryIsAlignedAndCounted() {
    long before = DoubleState.bytes();
    assertEquals(0, gpu.device(100).address() % 256);
    assertEquals(before + 100, DoubleState.bytes());
  }

  @Test
  void copiesKnowTheirSides() {
    MemorySegment device = gpu.device(16);
    MemorySegment host = gpu.arena.allocate(16);
    assertEquals(INVALID_VALUE, cudart_h.cudaMemcpy(host, host, 16, TO_DEVICE));
    assertComplains("destination");
    assertEquals(INVALID_VALUE, cudart_h.cudaMemcpy(device, device, 16, TO_DEVICE));
    assertComplains("source");
    assertEquals(INVALID_VALUE, cudart_h.cudaMemcpy(device, host, 17, TO_DEVICE));
    assertComplains("17 bytes of device memory, but only 16");
    assertEquals(INVALID_VALUE, cudart_h.cudaMemset(device, 0, 17));
    assertEquals(INVALID_VALUE, cudart_h.cudaMemset(host, 0, 16));
    assertEquals(INVALID_VALUE, cudart_h.cudaGetLastError());
    assertEquals(0, cudart_h.cudaGetLastError());
  }

  @Test
  void freedMemoryIsNotTouched() {
    MemorySegment slot = gpu.slot();
    ok(cudart_h.cudaMalloc(slot, 64));
    MemorySegment freed = slot.get(ValueLayout.ADDRESS, 0);
    ok(cudart_h.cudaFree(freed));
    assertEquals(INVALID_VALUE, cudart_h.cudaMemset(freed, 0, 64));
    assertComplains("freed device memory");
    assertEquals(INVALID_VALUE, cudart_h.cudaFree(freed));
    MemorySegment inside = MemorySegment.ofAddress(gpu.device(512).address() + 256);
    assertEquals(INVALID_VALUE, cudart_h.cudaFree(inside));
    assertComplains("256 bytes into a block of 512");
  }

  @Test
  void memoryEnds() {
    // Not of DoubleState.bytes: what other tests of this JVM hold takes whole units of 256 bytes.
    MemorySegment sizes = gpu.arena.allocate(16);
    ok(cudart_h.cudaMemGetInfo(sizes, sizes.asSlice(8)));
    long used = sizes.get(ValueLayout.JAVA_LONG, 8) - sizes.get(ValueLayout.JAVA_LONG, 0);
    DoubleState.memory(used + 4096);
    gpu.device(2048);
    ok(cudart_h.cudaMemGetInfo(sizes, sizes.asSlice(8)));
    long free = sizes.get(ValueLayout.JAVA_LONG, 0);
    assertTrue(free <= 2048, () -> free + " bytes are free");
    int status = cudart_h.cudaMalloc(gpu.slot(), 2049);
    assertEquals(cudart_h.cudaErrorMemoryAllocation(), status);
    DoubleState.memory(0);
    gpu.device(2049); // goes on
  }

  @Test
  void pinnedMemoryIsReadLate() {
    MemorySegment stream = gpu.stream();
    MemorySegment device = gpu.device(4);
    MemorySegment pinned = gpu.pinned(4);
    pinned.set(ValueLayout.JAVA_FLOAT, 0, 1);
    ok(cudart_h.cudaMemcpyAsync(device, pinned, 4, TO_DEVICE, stream));
    pinned.set(ValueLayout.JAVA_FLOAT, 0, 2); // too early
    ok(cudart_h.cudaStreamSynchronize(stream));
    assertArrayEquals(new float[] {2}, gpu.floats(device, 1));
  }

  @Test
  void pageableMemoryIsReadAtOnce() {
    MemorySegment stream = gpu.stream();
    MemorySegment device = gpu.device(4);
    MemorySegment host = gpu.arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
    ok(cudart_h.cudaMemcpyAsync(device, host, 4, TO_DEVICE, stream));
    host.set(ValueLayout.JAVA_FLOAT, 0, 2);
    assertArrayEquals(new float[] {1}, gpu.floats(device, 1));
  }

  @Test
  void whoDoesNotWaitReadsOldValues() {
    MemorySegment stream = gpu.stream();
    MemorySegment device = gpu.device(3f);
    MemorySegment pinned = gpu.pinned(4);
    pinned.set(ValueLayout.JAVA_FLOAT, 0, 1);
    ok(cudart_h.cudaMemcpyAsync(pinned, device, 4, TO_HOST, stream));
    assertEquals(1, pinned.get(ValueLayout.JAVA_FLOAT, 0));
    ok(cudart_h.cudaStreamSynchronize(stream));
    assertEquals(3, pinned.get(ValueLayout.JAVA_FLOAT, 0));
  }

  @Test
  void streamsWaitForEventsAlone() {
    MemorySegment first = gpu.stream();
    MemorySegment second = gpu.stream();
    MemorySegment event = gpu.event();
    MemorySegment device = gpu.device(0f);
    MemorySegment from = gpu.pinned(4);
    MemorySegment to = gpu.pinned(8);
    from.set(ValueLayout.JAVA_FLOAT, 0, 5);
    ok(cudart_h.cudaMemcpyAsync(device, from, 4, TO_DEVICE, first));
    ok(cudart_h.cudaEventRecord(event, first));
    assertEquals(cudart_h.cudaErrorNotReady(), cudart_h.cudaEventQuery(event));
    ok(cudart_h.cudaMemcpyAsync(device, from, 4, TO_DEVICE, first));
    ok(cudart_h.cudaMemsetAsync(device, 0, 4, first));
    ok(cudart_h.cudaEventRecord(event, first));
    ok(cudart_h.cudaStreamWaitEvent(second, event, 0));
    ok(cudart_h.cudaMemcpyAsync(to, device, 4, TO_HOST, second));
    ok(cudart_h.cudaStreamSynchronize(second));
    assertEquals(0, to.get(ValueLayout.JAVA_FLOAT, 0));
    ok(cudart_h.cudaEventSynchronize(event));
    ok(cudart_h.cudaEventQuery(event));
  }

  @Test
  void aCaptureDoesNothingUntilItIsLaunched() {
    MemorySegment stream = gpu.stream();
    MemorySegment device = gpu.device(0f);
    MemorySegment pinned = gpu.pinned(4);
    MemorySegment slot = gpu.slot();
    pinned.set(ValueLayout.JAVA_FLOAT, 0, 1);
    int mode = cudart_h.cudaStreamCaptureModeThreadLocal();
    ok(cudart_h.cudaStreamBeginCapture(stream, mode));
    ok(cudart_h.cudaMemcpyAsync(device, pinned, 4, TO_DEVICE, stream));
    ok(cudart_h.cudaStreamEndCapture(stream, slot));
    MemorySegment graph = slot.get(ValueLayout.ADDRESS, 0);
    ok(cudart_h.cudaGraphInstantiate(slot, graph, 0));
    MemorySegment exec = slot.get(ValueLayout.ADDRESS, 0);
    ok(cudart_h.cudaGraphDestroy(graph));
    assertArrayEquals(new float[] {0}, gpu.floats(device, 1));
    for (int value = 2; value < 4; value++) {
      pinned.set(ValueLayout.JAVA_FLOAT, 0, value);
      ok(cudart_h.cudaGraphLaunch(exec, stream));
      ok(cudart_h.cudaStreamSynchronize(stream));
      assertArrayEquals(new float[] {value}, gpu.floats(device, 1));
    }
    ok(cudart_h.cudaGraphExecDestroy(exec));
  }

  @Test
  void aCaptureForbidsToWaitAndToAllocate() {
    MemorySegment stream = gpu.stream();
    MemorySegment slot = gpu.slot();
    int mode = cudart_h.cudaStreamCaptureModeGlobal();
    ok(cudart_h.cudaStreamBeginCapture(stream, mode));
    assertEquals(
        cudart_h.cudaErrorStreamCaptureUnsupported(), cudart_h.cudaStreamSynchronize(stream));
    assertEquals(
        cudart_h.cudaErrorStreamCaptureInvalidated(), cudart_h.cudaStreamEndCapture(stream, slot));
    ok(cudart_h.cudaStreamBeginCapture(stream, mode));
    assertEquals(cudart_h.cudaErrorStreamCaptureUnsupported(), cudart_h.cudaMalloc(slot, 64));
    assertEquals(
        cudart_h.cudaErrorStreamCaptureInvalidated(), cudart_h.cudaStreamEndCapture(stream, slot));
    MemorySegment device = gpu.device(0f);
    MemorySegment pageable = gpu.arena.allocate(ValueLayout.JAVA_FLOAT);
    ok(cudart_h.cudaStreamBeginCapture(stream, mode));
    assertEquals(
        cudart_h.cudaErrorStreamCaptureUnsupported(),
        cudart_h.cudaMemcpyAsync(device, pageable, 4, TO_DEVICE, stream));
    assertEquals(
        cudart_h.cudaErrorStreamCaptureInvalidated(), cudart_h.cudaStreamEndCapture(stream, slot));
  }

  @Test
  void callsFailWhenTold() {
    DoubleState.fail("cudaMalloc:2=2,cudaStreamSynchronize:1=700");
    gpu.device(64);
    assertEquals(2, cudart_h.cudaMalloc(gpu.slot(), 64));
    gpu.device(64);
    assertEquals(3, DoubleState.calls("cudaMalloc"));
    assertEquals(700, cudart_h.cudaStreamSynchronize(gpu.stream()));
    assertEquals(700, cudart_h.cudaPeekAtLastError());
  }

  @Test
  void handlesLiveFromCreationToDestruction() {
    long before = DoubleState.handles("cudaStream_t");
    MemorySegment slot = gpu.slot();
    ok(cudart_h.cudaStreamCreateWithFlags(slot, 0));
    MemorySegment stream = slot.get(ValueLayout.ADDRESS, 0);
    assertEquals(before + 1, DoubleState.handles("cudaStream_t"));
    ok(cudart_h.cudaStreamDestroy(stream));
    assertEquals(before, DoubleState.handles("cudaStream_t"));
    int invalid = cudart_h.cudaErrorInvalidResourceHandle();
    assertEquals(invalid, cudart_h.cudaStreamSynchronize(stream));
    assertEquals(invalid, cudart_h.cudaStreamDestroy(stream));
    assertEquals(invalid, cudart_h.cudaMemsetAsync(gpu.device(4), 0, 4, stream));
  }

  @Test
  void thereIsNoSecondDevice() {
    assertEquals(cudart_h.cudaErrorInvalidDevice(), cudart_h.cudaSetDevice(1));
    String text = cudart_h.cudaGetErrorName(cudart_h.cudaErrorInvalidDevice()).getString(0);
    assertEquals("cudaErrorInvalidDevice", text);
  }
}
