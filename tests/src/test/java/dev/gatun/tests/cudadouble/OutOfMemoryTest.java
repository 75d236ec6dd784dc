package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.model.Linear;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A model that is larger than the device. */
@Tag("cuda")
class OutOfMemoryTest {
  private static final ModelSpec SPEC =
      ModelSpec.of(Signal.features(8), RecurrentLayer.lstm(64), Linear.of(4));

  @BeforeEach
  @AfterEach
  void reset() {
    DoubleState.reset();
  }

  @Test
  void isOneClearErrorAfterWhichTheProcessGoesOn() {
    try (Backend backend = Backends.open("cuda")) {
      final long before = DoubleState.bytes();
      DoubleState.memory(before + 16_384);
      OutOfMemoryError error = assertThrows(OutOfMemoryError.class, () -> SPEC.build(backend, 1));
      String message = String.valueOf(error.getMessage());
      assertTrue(message.contains("no memory on cuda"), message);
      assertTrue(message.contains("are free"), message);
      assertEquals(before, DoubleState.bytes());
      DoubleState.memory(0);
      SPEC.build(backend, 1).close();
      assertEquals(before, DoubleState.bytes());
    }
  }
}
