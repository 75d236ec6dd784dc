package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Recurrent;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every call that a stack of our own cells makes fails once, wherever it is made. */
@Tag("cuda")
class CellFailureTest {
  /** Between them each kernel of our cells and of regular.cu but the simple cells'. */
  private static final List<RecurrentSpec> SPECS =
      List.of(
          RecurrentSpec.of(Cell.LSTM, 2, 3)
              .projected(2)
              .regularized(new Regularization(true, 0.1, 0.1, 0.2, 0.2, 0.2, 0.3)),
          RecurrentSpec.of(Cell.LSTM, 2, 3).with(new CellOptions(true, 0.3)),
          RecurrentSpec.of(Cell.GRU, 2, 3)
              .bothDirections()
              .regularized(new Regularization(false, 0, 0, 0, 0, 0.2, 0)),
          RecurrentSpec.of(Cell.GRU_RESET_BEFORE, 2, 3).stacked(2, 0.3));

  /** All that a step may call: none of it waits for the device. */
  private static final Set<String> QUEUED =
      Set.of("cudaSetDevice", "cublasGemmEx", "cudaLaunchKernelExC");

  private static void work(Recurrent plan) {
    plan.forward(2, 2);
    plan.backward();
  }

  @ParameterizedTest
  @CsvSource({
    "cudaMalloc, 2",
    "cudaMemsetAsync, 1",
    "cudaLaunchKernelExC, 719",
    "cublasGemmEx, 13"
  })
  void aFailureIsNamedAndNothingIsLost(String call, int status) {
    for (RecurrentSpec spec : SPECS) {
      try (Backend backend = Backends.open("cuda");
          Stack stack = Stack.full(backend, spec, 2, 2)) {
        stack.randomize(new Random(5)).lengths(2, 1);
        final long before = DoubleState.blocks();
        int failures = 0;
        while (fails(backend, stack, spec, call + ":" + (failures + 1) + "=" + status)) {
          failures++;
          assertEquals(before, DoubleState.blocks(), call + " failed, use " + failures);
        }
        assertTrue(failures > 0, call + " is never made");
        assertEquals("", DoubleState.complaint());
      }
    }
  }

  /** Whether the call that is to fail is one that was made, and failed. */
  private static boolean fails(Backend backend, Stack stack, RecurrentSpec spec, String failure) {
    DoubleState.reset();
    DoubleState.fail(failure);
    Recurrent made = null;
    try {
      made = plan(backend, stack, spec);
      work(made);
      return false;
    } catch (DeviceException | OutOfMemoryError e) {
      String message = String.valueOf(e.getMessage());
      // A kernel is named by itself, not by the call that launches it.
      String call = failure.substring(0, failure.indexOf(':')).replace("_v2", "");
      String named = call.equals("cudaLaunchKernelExC") ? ", 719)" : call;
      assertTrue(e instanceof OutOfMemoryError || message.contains(named), failure + message);
      if (made != null) {
        goesOn(backend, stack, spec, made);
      }
      return true;
    } finally {
      DoubleState.fail("");
      if (made != null) {
        made.close();
      }
    }
  }

  private static Recurrent plan(Backend backend, Stack stack, RecurrentSpec spec) {
    MaskKey mask = new MaskKey(1, 2, stack.maskStep);
    return backend.recurrent(spec, stack.weights, stack.io, Mode.TRAINING, mask);
  }

  /** A plan whose call failed computes the same as another once the call works. */
  private static void goesOn(Backend backend, Stack stack, RecurrentSpec spec, Recurrent plan) {
    DoubleState.fail("");
    backend.fill(stack.gradients.dWeights(), 0);
    work(plan);
    final double[] gradients = stack.dWeights();
    final double[] y = stack.read("y");
    try (Recurrent fresh = plan(backend, stack, spec)) {
      backend.fill(stack.gradients.dWeights(), 0);
      work(fresh);
      Numbers.assertClose("y", stack.read("y"), y, 0);
      Numbers.assertClose("dWeights", stack.dWeights(), gradients, 0);
    }
  }

  @Test
  void aStepAsksForNoMemoryAndWaitsForNothing() {
    for (RecurrentSpec spec : SPECS) {
      try (Backend backend = Backends.open("cuda");
          Stack stack = Stack.full(backend, spec, 2, 2)) {
        stack.randomize(new Random(6)).lengths(2, 1);
        try (Recurrent plan = plan(backend, stack, spec)) {
          work(plan);
          DoubleState.reset();
          work(plan);
          List<String> called = DoubleState.called();
          assertTrue(called.contains("cublasGemmEx"), called.toString());
          for (String call : called) {
            assertTrue(QUEUED.contains(call), call + " in a step of " + spec);
          }
        }
      }
    }
  }
}
