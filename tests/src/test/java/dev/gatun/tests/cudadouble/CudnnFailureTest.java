package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every call that a stack makes of cuDNN and of the runtime fails once, wherever it is made. */
@Tag("cuda")
class CudnnFailureTest {
  private static final List<String> OWNED =
      List.of(
          "cudnnRNNDescriptor_t",
          "cudnnRNNDataDescriptor_t",
          "cudnnTensorDescriptor_t",
          "cudnnDropoutDescriptor_t");

  /** With dropout, so that every layer has descriptors of its own. */
  private static final RecurrentSpec SPEC = RecurrentSpec.of(Cell.LSTM, 3, 5).stacked(2, 0.3);

  private static List<Long> owned() {
    List<Long> counts = new ArrayList<>();
    OWNED.forEach(type -> counts.add(DoubleState.handles(type)));
    counts.add(DoubleState.blocks());
    return counts;
  }

  private static void work(Recurrent plan) {
    plan.refresh();
    plan.forward(4, 3);
    plan.backward();
    plan.forward(4, 2);
    plan.backward();
  }

  @ParameterizedTest
  @CsvSource({
    "cudnnCreateDropoutDescriptor, 4000",
    "cudnnSetDropoutDescriptor, 2000",
    "cudnnCreateRNNDescriptor, 4000",
    "cudnnSetRNNDescriptor_v8, 3000",
    "cudnnCreateTensorDescriptor, 4000",
    "cudnnSetTensorNdDescriptor, 3000",
    "cudnnCreateRNNDataDescriptor, 4000",
    "cudnnSetRNNDataDescriptor, 3000",
    "cudnnGetRNNTempSpaceSizes, 2000",
    "cudnnRNNForward, 5000",
    "cudnnRNNForward, 3000",
    "cudnnRNNBackwardData_v8, 5000",
    "cudnnRNNBackwardWeights_v8, 5000",
    "cudaMalloc, 2",
    "cudaMemsetAsync, 1",
    "cudaMemcpyAsync, 1",
    "cudaLaunchKernelExC, 719",
    "cudaStreamSynchronize, 719",
    "cudaSetDevice, 101"
  })
  void aFailureIsNamedAndNothingIsLost(String call, int status) {
    try (Backend backend = Backends.open("cuda");
        Stack stack = Stack.full(backend, SPEC, 4, 3)) {
      stack.randomize(new Random(5)).lengths(4, 0, 2);
      MaskKey mask = new MaskKey(1, 2, stack.maskStep);
      final List<Long> before = owned();
      int failures = 0;
      while (fails(backend, stack, mask, call, status, failures + 1)) {
        failures++;
        assertEquals(before, owned(), "after " + call + " failed, use " + failures);
      }
      assertTrue(failures > 0, call + " is never made");
      assertEquals(before, owned());
      assertEquals("", DoubleState.complaint());
    }
  }

  /** Where weights lie is asked for once; until it is known, a backend asks again. */
  @ParameterizedTest
  @CsvSource({
    "cudnnCreateDropoutDescriptor, 4000",
    "cudnnSetDropoutDescriptor, 2000",
    "cudnnCreateRNNDescriptor, 4000",
    "cudnnSetRNNDescriptor_v8, 3000",
    "cudnnGetRNNWeightSpaceSize, 2000",
    "cudnnGetRNNWeightParams, 2000",
    "cudnnCreateTensorDescriptor, 4000",
    "cudnnGetTensorNdDescriptor, 2000",
    "cudaMalloc, 2",
    "cudaMemsetAsync, 1"
  })
  void anUnansweredQuestionIsNamedAndAskedAgain(String call, int status) {
    try (Backend known = Backends.open("cuda")) {
      long size = known.layout(SPEC).size();
      int failures = 0;
      boolean fails = true;
      while (fails) {
        try (Backend backend = Backends.open("cuda")) {
          final List<Long> before = owned();
          DoubleState.fail(call + ":" + (failures + 1) + "=" + status);
          try {
            backend.layout(SPEC);
            fails = false;
          } catch (DeviceException | OutOfMemoryError e) {
            failures++;
            String message = String.valueOf(e.getMessage());
            assertTrue(e instanceof OutOfMemoryError || message.contains(call), message);
          } finally {
            DoubleState.fail("");
          }
          assertEquals(before, owned(), "after " + call + " failed, use " + failures);
          assertEquals(size, backend.layout(SPEC).size());
        }
      }
      assertTrue(failures > 0, call + " is never made");
      assertEquals("", DoubleState.complaint());
    }
  }

  /** Whether the use of that number of a call is one that was made, and failed. */
  private static boolean fails(
      Backend backend, Stack stack, MaskKey mask, String call, int status, int use) {
    DoubleState.reset();
    DoubleState.fail(call + ":" + use + "=" + status);
    Recurrent made = null;
    try {
      made = backend.recurrent(SPEC, stack.weights, stack.io, Mode.TRAINING, mask);
      work(made);
      return false;
    } catch (DeviceException | OutOfMemoryError e) {
      String message = String.valueOf(e.getMessage());
      boolean named = e instanceof OutOfMemoryError || message.contains(named(call));
      assertTrue(named, call + ", use " + use + ": " + message);
      if (made != null) {
        goesOn(backend, stack, made);
      }
      return true;
    } finally {
      DoubleState.fail("");
      if (made != null) {
        made.close();
      }
    }
  }

  /** A kernel is named by itself, not by the call that launches it. */
  private static String named(String call) {
    return call.equals("cudaLaunchKernelExC") ? ", 719)" : call;
  }

  /** A plan whose call failed computes the same as another once the call works. */
  private static void goesOn(Backend backend, Stack stack, Recurrent plan) {
    DoubleState.fail("");
    plan.refresh();
    backend.fill(stack.gradients.dWeights(), 0);
    plan.forward(4, 3);
    plan.backward();
    double[] gradients = stack.dWeights();
    double[] y = stack.read("y");
    try (Recurrent fresh =
        backend.recurrent(
            SPEC, stack.weights, stack.io, Mode.TRAINING, new MaskKey(1, 2, stack.maskStep))) {
      backend.fill(stack.gradients.dWeights(), 0);
      fresh.forward(4, 3);
      fresh.backward();
      Numbers.assertClose("y", stack.read("y"), y, 0);
      Numbers.assertClose("dWeights", stack.dWeights(), gradients, 0);
    }
  }
}
