package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.DeviceException;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.CtcCase;
import dev.gatun.tests.support.CtcCase.Form;
import dev.gatun.tests.support.Numbers;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** CTC on a GPU: what goes to cuDNN, what to our kernels, and what happens where a call fails. */
@Tag("cuda")
class CudaCtcTest {
  private static final String CALL = "cudnnCTCLoss_v8";
  private static final int[][] FINE = {{1, 2}, {3, 3}};

  private final Backend backend = Backends.open("cuda");
  private final Workspace workspace = backend.workspace();

  @BeforeEach
  void forget() {
    DoubleState.reset();
  }

  @AfterEach
  void free() {
    DoubleState.fail("");
    workspace.close();
    backend.close();
  }

  private CtcCase call(int t, int[][] labels, int blank, Form form) {
    Tensor logits = workspace.real(t, labels.length, 5);
    Numbers.fill(backend, new Random(5), logits, 2);
    return new CtcCase(backend, workspace, logits, null, labels, blank, true, form);
  }

  @ParameterizedTest
  @EnumSource
  void whatCudnnHasGoesToIt(Form form) {
    call(6, FINE, 0, form).run().loss();
    assertEquals(1, DoubleState.calls(CALL));
    assertEquals("", DoubleState.complaint());
  }

  @Test
  void whatItHasNotGoesToOurKernels() {
    call(6, new int[][] {{0, 2}, {3}}, 4, Form.FLAT).run(); // another blank
    call(6, new int[][] {{1, 2}, {}}, 0, Form.FLAT).run(); // no label
    call(2, FINE, 0, Form.PADDED).run(); // 3, 3 needs a blank between
    int[] many = new int[256];
    Arrays.setAll(many, i -> 1 + i % 4);
    call(256, new int[][] {many}, 0, Form.PADDED).run();
    CtcCase fine = call(6, FINE, 0, Form.PADDED);
    backend.ctc(6, 2, fine.withGradient(null));
    backend.ctc(6, 2, fine.withGradient(fine.io.logits()));
    assertEquals(0, DoubleState.calls(CALL));
    assertEquals("", DoubleState.complaint());
  }

  @ParameterizedTest
  @CsvSource({"cudnnCTCLoss_v8", "cudnnGetCTCLossWorkspaceSize_v8"})
  void whatItTurnsDownGoesToOurKernels(String function) {
    CtcCase expected = call(6, FINE, 0, Form.PADDED).run();
    CtcCase call = call(7, FINE, 0, Form.PADDED); // another shape: the plan asks anew
    double loss = call.run().loss();
    double[] gradient = call.gradient();
    expected.run();
    DoubleState.fail(function + ":1=3000");
    call.run();
    DoubleState.fail("");
    assertEquals(loss, call.loss(), 1e-6 * loss);
    Numbers.assertClose("gradient", gradient, call.gradient(), 1e-6);
  }

  private static List<Long> owned() {
    return List.of(
        DoubleState.blocks(),
        DoubleState.handles("cudnnCTCLossDescriptor_t"),
        DoubleState.handles("cudnnTensorDescriptor_t"));
  }

  @ParameterizedTest
  @CsvSource({
    "cudnnCreateCTCLossDescriptor, 4000",
    "cudnnSetCTCLossDescriptor_v9, 2000",
    "cudnnCreateTensorDescriptor, 4000",
    "cudnnSetTensorNdDescriptor, 2000",
    "cudnnGetCTCLossWorkspaceSize_v8, 2000",
    "cudnnCTCLoss_v8, 5000",
    "cudaLaunchKernelExC, 719",
    "cudaMalloc, 2"
  })
  void whatFailsIsNamedAndLeavesNothing(String function, int status) {
    List<Long> before = owned();
    int failures = 0;
    while (fails(function, status, failures + 1)) {
      failures++;
      assertEquals(before, owned(), "after " + function + " failed, use " + failures);
    }
    assertTrue(failures > 0, function + " is never called");
    assertEquals("", DoubleState.complaint());
  }

  private static boolean fails(String function, int status, int use) {
    try (Backend opened = Backends.open("cuda");
        Workspace memory = opened.workspace()) {
      Tensor logits = memory.real(6, 2, 5);
      CtcCase call = new CtcCase(opened, memory, logits, null, FINE, 0, true, Form.PADDED);
      DoubleState.reset();
      DoubleState.fail(function + ":" + use + "=" + status);
      try {
        call.run();
        return false;
      } catch (OutOfMemoryError e) {
        assertEquals("cudaMalloc", function);
      } catch (DeviceException e) {
        String named = function.equals("cudaLaunchKernelExC") ? "719" : function;
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains(named), function + ": " + message);
      }
      DoubleState.fail("");
      assertTrue(Double.isFinite(call.run().loss()), "goes on");
      return true;
    } finally {
      DoubleState.fail("");
    }
  }

  @Test
  void aRepeatedCallReservesNothing() {
    CtcCase byDnn = call(6, FINE, 0, Form.PADDED).run();
    CtcCase own = call(6, FINE, 0, Form.PADDED);
    backend.ctc(6, 2, own.withGradient(null));
    DoubleState.reset();
    byDnn.run();
    backend.ctc(6, 2, own.withGradient(null));
    assertEquals(0, DoubleState.calls("cudaMalloc"));
    assertEquals(0, DoubleState.calls("cudaStreamSynchronize"), "the host waits for nothing");
  }
}
