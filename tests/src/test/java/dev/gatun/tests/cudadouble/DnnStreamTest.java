package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnnCallback_t;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.tests.support.DeviceBlock;
import dev.gatun.tests.support.DnnStack;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * When and where the double's cuDNN runs: its stream, a captured graph, its handle's one thread.
 */
@Tag("cuda")
class DnnStreamTest {
  private DnnStack stack;

  @BeforeAll
  static void load() {
    assertNull(Cuda.probe().reason());
  }

  @BeforeEach
  void open() {
    int layout = cudnn_h.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED();
    stack = new DnnStack(new DnnStack.Shape(cudnn_h.CUDNN_GRU(), 3, 4, 4, 1, 1, layout, 3, 3, 2));
    stack.open();
    for (String name : List.of("weights", "x", "dhn")) {
      float[] values = stack.blocks.get(name).get();
      for (int i = 0; i < values.length; i++) {
        values[i] = i % 7 * 0.1f - 0.3f;
      }
      stack.blocks.get(name).put(0, values);
    }
  }

  @AfterEach
  void close() {
    stack.close();
  }

  @Test
  void aCapturedStepRunsWhenItsGraphIsLaunched() {
    stack.step();
    float[] y = stack.blocks.get("y").get();
    float[] once = stack.blocks.get("dWeights").get();
    stack.blocks.get("y").put(0, new float[y.length]);
    stack.blocks.get("dWeights").put(0, new float[once.length]);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment place = arena.allocate(ValueLayout.ADDRESS);
      int mode = cudart_h.cudaStreamCaptureModeThreadLocal();
      DnnStack.check(cudart_h.cudaStreamBeginCapture(stack.stream, mode), "begin");
      DnnStack.check(stack.forward(), "cudnnRNNForward");
      DnnStack.check(stack.backwardData(), "cudnnRNNBackwardData_v8");
      DnnStack.check(stack.backwardWeights(), "cudnnRNNBackwardWeights_v8");
      DnnStack.check(cudart_h.cudaStreamEndCapture(stack.stream, place), "end");
      MemorySegment graph = place.get(ValueLayout.ADDRESS, 0);
      assertArrayEquals(new float[y.length], stack.blocks.get("y").get(), "it has run already");
      DnnStack.check(cudart_h.cudaGraphInstantiate(place, graph, 0), "instantiate");
      MemorySegment run = place.get(ValueLayout.ADDRESS, 0);
      for (int i = 1; i <= 2; i++) {
        DnnStack.check(cudart_h.cudaGraphLaunch(run, stack.stream), "launch");
        DnnStack.check(stack.synchronize(), "cudaStreamSynchronize");
        assertArrayEquals(y, stack.blocks.get("y").get());
        float[] sums = stack.blocks.get("dWeights").get();
        for (int k = 0; k < sums.length; k++) {
          assertEquals(i * once[k], sums[k], 1e-6);
        }
      }
      DnnStack.check(cudart_h.cudaGraphExecDestroy(run), "destroy");
      DnnStack.check(cudart_h.cudaGraphDestroy(graph), "destroy");
    }
  }

  /** What a buffer holds is known when the stream gets there: the failure comes with the wait. */
  @Test
  void anotherReserveIsFoundOutWhenItIsRead() {
    DnnStack.check(stack.forward(), "cudnnRNNForward");
    DnnStack.check(stack.synchronize(), "cudaStreamSynchronize");
    stack.drop("reserve");
    stack.blocks.put("reserve", new DeviceBlock(stack.reserveBytes));
    DnnStack.check(stack.backwardData(), "queued");
    assertNotEquals(0, stack.synchronize());
    assertTrue(DoubleState.complaint().contains("no forward call"), DoubleState.complaint());
  }

  @Test
  void aHandleIsOneThreadsAtATime() throws InterruptedException {
    List<Integer> statuses = new ArrayList<>();
    try (Arena arena = Arena.ofShared()) {
      // The callback comes in the midst of a refused call: the handle is in use.
      cudnnCallback_t.Function callback =
          (severity, data, debug, message) -> {
            if (statuses.isEmpty()) {
              statuses.add(0);
              Thread other = Thread.ofPlatform().start(() -> statuses.add(stack.forward()));
              try {
                other.join();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }
          };
      MemorySegment pointer = cudnnCallback_t.allocate(callback, arena);
      int mask = cudnn_h.CUDNN_SEV_ERROR_EN();
      DnnStack.check(cudnn_h.cudnnSetCallback(mask, MemorySegment.NULL, pointer), "callback");
      assertNotEquals(0, stack.forward(7), "there is no mode 7");
      cudnn_h.cudnnSetCallback(0, MemorySegment.NULL, MemorySegment.NULL);
    }
    assertEquals(2, statuses.size());
    assertEquals(cudnn_h.CUDNN_STATUS_EXECUTION_FAILED(), statuses.get(1));
    assertTrue(DoubleState.complaint().contains("another thread"), DoubleState.complaint());
    DnnStack.check(stack.forward(), "the handle is free again");
  }
}
