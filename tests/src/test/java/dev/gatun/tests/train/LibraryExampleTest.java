package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.Backends;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Range;
import dev.gatun.data.TokenSource;
import dev.gatun.data.Vocabulary;
import dev.gatun.model.Embedding;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.Session;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.Adam;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tensor.Tensor;
import dev.gatun.train.Trainer;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** The example of the README, kept compiling and true. */
class LibraryExampleTest {
  private static final String TEXT = "the gates open, the gates close, ".repeat(30);

  private static final String BACKEND = "reference";

  @Test
  void learnsAndWritesOn() throws IOException {
    StringBuilder written = new StringBuilder("the gates ");
    // README: from here
    Vocabulary letters = Vocabulary.of(TEXT);
    int[] tokens = letters.encode(TEXT);
    ModelSpec spec =
        ModelSpec.of(
            Signal.tokens(letters.size()),
            Embedding.of(16),
            RecurrentLayer.lstm(32),
            Linear.of(letters.size()));
    try (Backend backend = Backends.open(BACKEND);
        Model model = spec.build(backend, 42);
        Optimizer adam = new Adam(model.parameters(), AdamRule.DEFAULT, 5.0);
        BatchSource batches = new TokenSource(tokens, new Range(0, tokens.length), 16, 4);
        Trainer trainer =
            Trainer.of(model, new SoftmaxCrossEntropy(), adam, Schedules.constant(0.01), batches)
                .epochs(12)
                .build()) {
      trainer.run();
      try (Session session = model.session()) {
        for (int letter : letters.encode(written)) {
          session.step(letter);
        }
        while (written.length() < 32) {
          int next = argmax(session.output());
          written.appendCodePoint(letters.character(next));
          session.step(next);
        }
      }
    }
    // README: to here
    assertEquals(TEXT.substring(0, 32), written.toString());
  }

  private static int argmax(Tensor values) {
    int best = 0;
    for (int i = 1; i < values.size(); i++) {
      best = values.get(i) > values.get(best) ? i : best;
    }
    return best;
  }
}
