package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.ToySpeech;
import dev.gatun.model.CtcDecoder;
import dev.gatun.model.CtcLoss;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Signal;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.train.Evaluator;
import dev.gatun.train.LabelErrors;
import dev.gatun.train.Trainer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Frames to strings without any alignment: what CTC is for. */
class ToySpeechTest {
  private static final double NOISE = 0.4;
  private static final int EPOCHS = 12;

  @Test
  void wordsItHasNeverHeardAreReadWithoutMuchError() throws IOException {
    ModelSpec spec =
        ModelSpec.of(
            Signal.features(ToySpeech.FEATURES),
            RecurrentLayer.lstm(32).bothDirections(),
            Linear.of(ToySpeech.LETTERS + 1));
    CtcLoss loss = new CtcLoss();
    try (Backend backend = Backends.open("cpu");
        Model model = spec.build(backend, 1)) {
      BatchSource training =
          ArraySource.shuffled(ToySpeech.speak(1_000, NOISE, 1).examples(), 20, 1);
      BatchSource heldOut = ArraySource.sequential(ToySpeech.speak(300, NOISE, 2).examples(), 50);
      double before = errors(model, loss, heldOut, 0);
      assertTrue(before > 0.5, () -> "before training: " + before);
      try (RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
          Trainer trainer =
              Trainer.of(model, loss, adam, Schedules.cosine(0.01, 0, EPOCHS * 50), training)
                  .epochs(EPOCHS)
                  .build()) {
        trainer.run();
      }
      double greedy = errors(model, loss, heldOut, 0);
      double beam = errors(model, loss, heldOut, 8);
      assertTrue(greedy < 0.02, () -> "label error rate " + greedy);
      assertTrue(beam < 0.02, () -> "label error rate with a beam " + beam);
    }
  }

  private static double errors(Model model, CtcLoss loss, BatchSource source, int beam) {
    LabelErrors errors = new LabelErrors(model, new CtcDecoder(loss.blank()), beam);
    try (Evaluator evaluator = new Evaluator(model, loss, source)) {
      evaluator.run(errors);
    }
    return errors.rate();
  }

  @Test
  void theSameSeedSpeaksTheSameWords() {
    ToySpeech.Words once = ToySpeech.speak(5, NOISE, 7);
    ToySpeech.Words again = ToySpeech.speak(5, NOISE, 7);
    for (int i = 0; i < 5; i++) {
      assertEquals(once.labels()[i].length, again.labels()[i].length);
      assertEquals(once.frames()[i][0][0], again.frames()[i][0][0]);
    }
    assertTrue(once.frames()[0][0][0] != ToySpeech.speak(5, NOISE, 8).frames()[0][0][0]);
  }
}
