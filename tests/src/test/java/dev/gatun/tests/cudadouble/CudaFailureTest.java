package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.BackendUnavailableException;
import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Control;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.ElementLoss;
import dev.gatun.backend.LambRule;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.UpdatePart;
import dev.gatun.backend.UpdateTensors;
import dev.gatun.backend.Updater;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Host;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every call that opening a GPU and its operations make fails once, wherever it is made. */
@Tag("cuda")
class CudaFailureTest {
  private static final int SOME = 7;

  @AfterEach
  void letCallsWork() {
    DoubleState.fail("");
  }

  private static List<Long> owned() {
    List<Long> counts = new ArrayList<>();
    for (String type : List.of("cudaStream_t", "cudaEvent_t", "cudnnHandle_t", "cublasHandle_t")) {
      counts.add(DoubleState.handles(type));
    }
    counts.add(DoubleState.blocks());
    counts.add(DoubleState.pinned());
    return counts;
  }

  @ParameterizedTest
  @CsvSource({
    "cudaSetDevice, 101",
    "cudaDeviceGetAttribute, 1",
    "cudaStreamCreateWithFlags, 2",
    "cudnnCreate, 1001",
    "cudnnSetStream, 2000",
    "cublasCreate_v2, 3",
    "cublasSetStream_v2, 1",
    "cudaMallocHost, 2",
    "cudaEventCreateWithFlags, 2",
    "cudaMalloc, 2",
    "cudaMemsetAsync, 1"
  })
  void openingUnwindsWhatItHadAndSaysWhatFailed(String call, int status) {
    Backends.open("cuda").close(); // kernels stay loaded
    List<Long> before = owned();
    int failures = 0;
    while (openingFails(call, status, failures + 1)) {
      failures++;
      assertEquals(before, owned(), "after " + call + " failed, use " + failures);
    }
    assertTrue(failures > 0, call + " is never made");
    assertEquals(before, owned());
  }

  private static boolean openingFails(String call, int status, int use) {
    DoubleState.reset();
    DoubleState.fail(call + ":" + use + "=" + status);
    try (Backend backend = Backends.open("cuda")) {
      DoubleState.fail("");
      return !backend.name().equals("cuda");
    } catch (BackendUnavailableException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("cuda cannot be opened: "), message);
      boolean memory = e.getCause() instanceof OutOfMemoryError;
      assertTrue(memory || message.contains(call.replace("_v2", "")), message);
      return true;
    } finally {
      DoubleState.fail("");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "cudaSetDevice, 101",
    "cudaLaunchKernelExC, 719",
    "cudaMemcpyAsync, 1",
    "cudaMemsetAsync, 1",
    "cudaMalloc, 2",
    "cudaEventSynchronize, 1",
    "cudaEventRecord, 1",
    "cudaStreamSynchronize, 719",
    "cublasGemmEx, 13"
  })
  void anOperationNamesWhatFailedAndTheNextOneWorks(String call, int status) {
    try (Backend backend = Backends.open("cuda")) {
      List<Long> before = owned();
      int failures = 0;
      while (workFails(backend, call, status, failures + 1)) {
        failures++;
        assertEquals(before, owned(), "after " + call + " failed, use " + failures);
        try (Workspace memory = backend.workspace()) {
          Tensor x = memory.real(SOME);
          backend.fill(x, failures);
          assertEquals(failures, Host.get(backend, x, SOME - 1), "goes on");
        }
      }
      assertTrue(failures > 0, call + " is never made");
      assertEquals("", DoubleState.complaint());
    }
  }

  private static boolean workFails(Backend backend, String call, int status, int use) {
    DoubleState.reset();
    DoubleState.fail(call + ":" + use + "=" + status);
    try (Workspace memory = backend.workspace()) {
      work(backend, memory);
      return false;
    } catch (OutOfMemoryError e) {
      assertEquals("cudaMalloc", call, e.getMessage());
      return true;
    } catch (DeviceException e) {
      // A kernel is named by itself, not by the call that launches it.
      String named = call.equals("cudaLaunchKernelExC") ? "(cudaErrorLaunchFailure, 719)" : call;
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains(named.replace("_v2", "")), call + ": " + message);
      return true;
    } finally {
      DoubleState.fail("");
    }
  }

  /** Each operation but recurrent stacks. */
  private static void work(Backend backend, Workspace memory) {
    Tensor x = memory.real(SOME, SOME);
    Tensor y = memory.real(SOME, SOME);
    Tensor row = memory.real(SOME);
    Tensor ids = memory.tensor(DType.I32, SOME);
    Tensor scalar = memory.tensor(DType.F64, 1);
    Tensor control = memory.tensor(DType.F64, Control.SIZE);
    backend.fill(x, 1);
    backend.copy(x, y);
    backend.copy(control, memory.real(Control.SIZE));
    backend.linear(SOME, x, x, row, y);
    backend.linearBackward(SOME, x, x, y, memory.real(SOME, SOME), memory.real(SOME, SOME), row);
    backend.embedding(SOME, ids, x, y);
    backend.embeddingBackward(SOME, ids, y, x);
    backend.dropout(SOME, x, y, 0.5, new MaskKey(1, 2, memory.tensor(DType.I64, 1)));
    backend.copyColumns(SOME, x, 0, y, 1, 2);
    backend.addColumns(SOME, x, 0, y, 1, 2);
    backend.softmaxCrossEntropy(SOME, x, ids, scalar, scalar, y);
    backend.elementLoss(new ElementLoss.Squared(), SOME, x, y, null, scalar, scalar, null);
    backend.prepareUpdate(y, 1, control);
    List<Tensor> moments = List.of(memory.real(SOME, SOME), memory.real(SOME, SOME));
    UpdateTensors tensors = new UpdateTensors(x, y, moments, control);
    try (Updater lamb =
        backend.updater(LambRule.DEFAULT, tensors, List.of(UpdatePart.all(x.size())))) {
      lamb.step();
    }
    RecurrentSpec spec = RecurrentSpec.of(Cell.GRU, 2, 3);
    backend.pack(spec, memory.real(backend.layout(spec).size()), WeightType.FLOAT32).close();
    backend.fork().close();
    Host.write(backend, row, 1, 2, 3, 4, 5, 6, 7);
    Host.read(backend, scalar);
  }

  @Test
  void manyContextsLeaveNothing() {
    Backends.open("cuda").close();
    List<Long> before = owned();
    try (Backend backend = Backends.open("cuda");
        Workspace memory = backend.workspace()) {
      for (int i = 0; i < 3; i++) {
        work(backend, memory);
      }
    }
    assertEquals(before, owned());
    assertEquals("", DoubleState.complaint());
  }
}
