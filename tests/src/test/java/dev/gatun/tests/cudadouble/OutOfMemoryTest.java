package dev.gatun.tests.cudadouble;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.model.CrossAttention;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.ScheduledSampling;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.RuleOptimizer;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A model that is larger than the device. */
@Tag("cuda")
class OutOfMemoryTest {
  private static final long ROOM = 24_000;
  private static final long MOST_ROOM = 1_600_000;

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
      assertTrue(message.contains("for a block of "), message);
      assertTrue(message.contains("of %d are free".formatted(before + 16_384)), message);
      assertTrue(message.contains("lower the sequences or steps of a batch"), message);
      assertEquals(before, DoubleState.bytes());
      DoubleState.memory(0);
      SPEC.build(backend, 1).close();
      assertEquals(before, DoubleState.bytes());
    }
  }

  /** A device that is full after every number of bytes in turn: nothing is lost at any of them. */
  @Test
  void leavesNothingBehindWhereverItEnds() {
    tryAll(MOST_ROOM, ROOM, OutOfMemoryTest::use);
  }

  /** The same with parts inside a layer. */
  @Test
  void leavesNothingBehindOfAnEncoderAndDecoder() {
    tryAll(400_000, 4_000, OutOfMemoryTest::planSequences);
  }

  private static void tryAll(long most, long each, Consumer<Backend> used) {
    try (Backend backend = Backends.open("cuda", 1)) {
      used.accept(backend);
      final long before = DoubleState.bytes();
      int refused = 0;
      for (long room = 0; room < most; room += each) {
        DoubleState.memory(before + room + 1);
        try {
          used.accept(backend);
        } catch (OutOfMemoryError e) {
          refused++;
          assertTrue(String.valueOf(e.getMessage()).contains("are free; lower"), e.getMessage());
        }
        DoubleState.memory(0);
        assertEquals(before, DoubleState.bytes(), "with room for " + room);
      }
      assertTrue(refused > 10, "refused " + refused);
      used.accept(backend);
      assertEquals("", DoubleState.complaint());
    }
  }

  private static void planSequences(Backend backend) {
    SequenceToSequence layer =
        SequenceToSequence.of(9, 8, RecurrentLayer.gru(16))
            .attention(CrossAttention.ADDITIVE)
            .sampling(new ScheduledSampling(ScheduledSampling.Decay.CONSTANT, 1, 0.5));
    try (Model model = ModelSpec.of(Signal.tokens(9), layer).build(backend, 1)) {
      model.plan(PlanSpec.training(6, 4).withLabels(6)).close();
    }
  }

  /** Model, optimizer, plan and session, as far as memory goes. */
  private static void use(Backend backend) {
    float[] input = new float[8];
    try (Model model = SPEC.build(backend, 1);
        Optimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        Plan plan = model.plan(PlanSpec.training(20, 16));
        Session session = model.session()) {
      plan.forward(3, 4);
      plan.backward();
      adam.step(0.1);
      session.step(input);
    }
  }
}
