package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.CrossAttention;
import dev.gatun.model.Embedding;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.ScheduledSampling;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedules;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Encoder and decoder with everything that draws, stopped within an epoch and resumed. */
@Tag("backend")
class SequenceResumeTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final ScheduledSampling SAMPLING =
      new ScheduledSampling(ScheduledSampling.Decay.LINEAR, 6, 0.8);

  @TempDir private Path folder;

  private static BatchSource pairs() {
    int[][] tokens = new int[18][];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = new int[1 + i % 4];
      Arrays.setAll(tokens[i], t -> 1 + (tokens.length + t * t) % 3);
    }
    return ArraySource.shuffled(Examples.tokens(tokens).decoded(tokens), 6, 3);
  }

  /** Trains for 8 steps, or to some step, or on from a file, and gives back the parameters. */
  private double[] run(String name, SequenceToSequence layer, int until, @Nullable Path from)
      throws IOException {
    ModelSpec spec = ModelSpec.of(Signal.tokens(4), layer);
    try (Backend backend = Subjects.open(name, 2);
        Model model = spec.build(backend, 17);
        BatchSource training = pairs();
        RuleOptimizer adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        Trainer trainer =
            Trainer.of(model, new SoftmaxCrossEntropy(), adam, Schedules.constant(0.02), training)
                .epochs(4)
                .build()) {
      if (from != null) {
        trainer.resume(from);
      }
      while (trainer.steps() < until) {
        trainer.step();
      }
      trainer.save(folder.resolve("at" + until + ".safetensors"));
      return Host.read(backend, model.parameters().values());
    }
  }

  private static final SequenceToSequence PLAIN =
      SequenceToSequence.of(4, 3, RecurrentLayer.lstm(5))
          .encoder(RecurrentLayer.lstm(4).bothDirections())
          .attention(CrossAttention.ADDITIVE)
          .dropout(0.2, 0.2);

  /** Layers that differ, whose directions are added, and one table for shown and said. */
  private static final SequenceToSequence STACKED =
      SequenceToSequence.of(4, 5, RecurrentStack.lstm(4, 5).dropout(0.3))
          .encoder(RecurrentStack.lstm(3, 5).dropout(0.3).summed())
          .tables(
              new SequenceToSequence.Tables(
                  Embedding.of(3).maxNorm(0.5).padding(1),
                  Embedding.of(5).maxNorm(0.5),
                  null,
                  true))
          .attention(CrossAttention.SCALED_DOT);

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aResumedRunGivesTheSameBits(String name) throws IOException {
    for (SequenceToSequence layer : List.of(PLAIN, STACKED)) {
      double[] whole = run(name, layer.sampling(SAMPLING), 8, null);
      assertNotNull(run(name, layer.sampling(SAMPLING), 4, null));
      double[] parts = run(name, layer.sampling(SAMPLING), 8, folder.resolve("at4.safetensors"));
      assertArrayEquals(whole, parts, 0.0);
      assertFalse(Arrays.equals(whole, run(name, layer, 8, null)), "sampling changes it");
    }
  }
}
