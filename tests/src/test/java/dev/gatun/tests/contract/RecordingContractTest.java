package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.DeviceException;
import dev.gatun.backend.Recording;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import dev.gatun.tests.support.Subjects;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Recorded work: not done when recorded, done by each run, on what then lies in its tensors. */
@Tag("backend")
class RecordingContractTest {
  static final List<String> BACKENDS = Subjects.names();

  private static double[] read(Backend backend, Tensor tensor) {
    try (Workspace host = Workspace.host(tensor.dtype())) {
      Tensor copy = host.real(tensor.shape());
      backend.copy(tensor, copy);
      return copy.toDoubles();
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void repeatsTheWorkOnWhatItsTensorsHold(String name) {
    try (Backend backend = Subjects.open(name);
        Workspace memory = backend.workspace()) {
      Tensor x = memory.real(3, 2);
      Tensor weight = memory.real(4, 2);
      Tensor y = memory.real(3, 4);
      backend.fill(weight, 1);
      Runnable work = () -> backend.linear(3, x, weight, null, y);
      work.run();
      backend.fill(x, 1);
      backend.fill(y, -1);
      Recording recording = backend.record(work);
      assertEquals(-1, read(backend, y)[0], "recording does nothing");
      recording.run();
      assertEquals(2, read(backend, y)[11]);
      backend.fill(x, 2);
      recording.run();
      assertEquals(4, read(backend, y)[11]);
      recording.close();
      assertThrows(IllegalStateException.class, recording::run);
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void survivesScratchThatGrowsAfterIt(String name) {
    try (Backend backend = Subjects.open(name);
        Workspace memory = backend.workspace()) {
      int most = 5000; // more rows than a context has parts of a sum for from the start
      Tensor logits = memory.real(most, 2);
      Tensor targets = memory.tensor(DType.I32, most);
      Tensor scale = memory.tensor(DType.F64, 1);
      Tensor loss = memory.tensor(DType.F64, 1);
      backend.fill(scale, 1);
      Runnable small = () -> backend.softmaxCrossEntropy(3, logits, targets, scale, loss, null);
      small.run();
      final double[] before = read(backend, loss);
      try (Recording recording = backend.record(small)) {
        backend.softmaxCrossEntropy(most, logits, targets, scale, loss, null);
        try (Workspace other = backend.workspace()) {
          backend.fill(other.real(1 << 16), 7); // what freed memory would be used for
        }
        recording.run();
        assertArrayEquals(before, read(backend, loss));
      }
    }
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void refusesWhatAGraphCannotHoldAndCanBeUsedOn(String name) {
    try (Backend backend = Subjects.open(name);
        Workspace memory = backend.workspace();
        Workspace host = Workspace.host(backend.real())) {
      assumeTrue(backend.hasGraphs(), "without graphs a recording is the work itself");
      Tensor x = memory.real(3);
      Tensor onHost = host.real(3);
      Map<String, Runnable> works =
          Map.of(
              "a copy from the host", () -> backend.copy(onHost, x),
              "a copy to the host", () -> backend.copy(x, onHost),
              "an allocation", () -> backend.allocate(64),
              "waiting", () -> backend.fork().close(),
              "another recording", () -> backend.record(() -> {}));
      works.forEach(
          (what, work) -> {
            DeviceException refusal =
                assertThrows(
                    DeviceException.class,
                    () ->
                        backend.record(
                            () -> {
                              backend.fill(x, 3);
                              work.run();
                            }),
                    what);
            assertTrue(String.valueOf(refusal.getMessage()).contains(what), refusal.getMessage());
            backend.fill(x, 5);
            assertArrayEquals(new double[] {5, 5, 5}, read(backend, x));
          });
      IllegalStateException own = new IllegalStateException("the work's own");
      assertEquals(
          own,
          assertThrows(
              IllegalStateException.class,
              () ->
                  backend.record(
                      () -> {
                        throw own;
                      })));
      try (Recording recording = backend.record(() -> backend.fill(x, 1))) {
        recording.run();
        assertArrayEquals(new double[] {1, 1, 1}, read(backend, x));
      }
    }
  }
}
