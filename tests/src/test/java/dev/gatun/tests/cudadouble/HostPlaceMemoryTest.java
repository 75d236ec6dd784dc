package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.Precision;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Place;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.UpdateOptions;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an optimizer on the host holds of a device's memory and of pinned memory. */
@Tag("cuda")
class HostPlaceMemoryTest {
  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(3), RecurrentLayer.lstm(5).lastState(), Linear.of(2));

  @BeforeEach
  @AfterEach
  void reset() {
    DoubleState.reset();
  }

  private static RuleOptimizer adam(Model model, Place place) {
    return new RuleOptimizer(
        model.parameters(),
        AdamRule.DEFAULT,
        UpdateOptions.DEFAULT.withMaxNorm(1).withPlace(place));
  }

  @Test
  void theDeviceHoldsParametersAndGradientsOnly() {
    try (Backend backend = Backends.open("cuda", 1);
        Model model = SPEC.build(backend, 1)) {
      final long before = DoubleState.bytes();
      final long pinned = DoubleState.pinned();
      long moments = 2 * model.parameters().values().size() * Float.BYTES;
      try (Optimizer _ = adam(model, Place.DEVICE)) {
        assertTrue(DoubleState.bytes() - before >= moments);
        assertEquals(pinned, DoubleState.pinned());
      }
      try (Optimizer adam = adam(model, Place.HOST)) {
        backend.fill(model.parameters().gradients(), 1);
        adam.step(0.1);
        assertEquals(before + Control.SIZE * Double.BYTES, DoubleState.bytes(), "scalars only");
        // Values, gradients, scalars and two moments.
        assertEquals(pinned + 5, DoubleState.pinned());
      }
      assertEquals(before, DoubleState.bytes());
      assertEquals(pinned, DoubleState.pinned());
      assertEquals("", DoubleState.complaint());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void saysWhenTheHostPinsNoMore(int use) {
    try (Backend backend = Backends.open("cuda", 1);
        Model model = SPEC.build(backend, 1)) {
      final long pinned = DoubleState.pinned();
      DoubleState.fail("cudaMallocHost:" + use + "=2");
      OutOfMemoryError error =
          assertThrows(OutOfMemoryError.class, () -> adam(model, Place.HOST).close());
      String message = String.valueOf(error.getMessage());
      assertTrue(message.startsWith("no pinned host memory for a block of "), message);
      assertTrue(message.contains("optimizer place device"), message);
      assertEquals(pinned, DoubleState.pinned());
      DoubleState.fail("");
      adam(model, Place.HOST).close();
      assertEquals(pinned, DoubleState.pinned());
    }
  }

  /** After a step that failed anywhere, weights are the device's and the next one works. */
  @ParameterizedTest
  @ValueSource(strings = {"cudaMemcpyAsync", "cudaStreamSynchronize", "cudaLaunchKernelExC"})
  void aCallThatFailsInAStepLeavesOneTruth(String call) {
    try (Backend backend = Backends.open("cuda", 1);
        Model model = SPEC.build(backend, 1);
        Optimizer adam = adam(model, Place.HOST)) {
      int failures = 0;
      while (stepFails(backend, model, adam, call, failures + 1)) {
        failures++;
      }
      assertTrue(failures > 0, call + " is never made");
      Tensor values = model.parameters().list().getLast().value();
      double[] before = Host.read(backend, values);
      backend.fill(model.parameters().gradients(), 1);
      adam.step(0.1);
      double[] after = Host.read(backend, values);
      for (int i = 0; i < before.length; i++) {
        assertTrue(after[i] < before[i] && after[i] > before[i] - 0.5, "element " + i);
      }
      assertEquals("", DoubleState.complaint());
    }
  }

  private static boolean stepFails(
      Backend backend, Model model, Optimizer adam, String call, int use) {
    backend.fill(model.parameters().gradients(), 1);
    DoubleState.reset();
    DoubleState.fail(call + ":" + use + "=719");
    try {
      adam.step(0.1);
      return false;
    } catch (DeviceException e) {
      return true;
    } finally {
      DoubleState.fail("");
    }
  }

  @Test
  void theLossScaleFollowsWhatTheHostMeasured() {
    try (Backend backend = Backends.open("cuda", 1, Precision.FP16);
        Model model = SPEC.build(backend, 1);
        Optimizer adam = adam(model, Place.HOST)) {
      double before = backend.lossScale();
      Host.set(backend, model.parameters().gradients(), 3, Double.NaN);
      adam.step(0.1);
      assertEquals(3, adam.nonFinite());
      assertEquals(before / 2, backend.lossScale());
      backend.fill(model.parameters().gradients(), 1);
      adam.step(0.1);
      assertEquals(1, adam.updates());
      assertEquals(before / 2, backend.lossScale());
    }
  }
}
