package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.gatun.bindings.Cuda;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the double punishes, and that what it computes is right. */
@Tag("cuda")
class DoubleTest {
  @Test
  void isFound() {
    Cuda.Probe probe = Cuda.probe();
    assertNull(probe.reason(), probe.toString());
    assertEquals(1, probe.devices());
  }
}
