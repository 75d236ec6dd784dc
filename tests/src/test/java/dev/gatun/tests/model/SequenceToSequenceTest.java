package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.CrossAttention;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.ScheduledSampling;
import dev.gatun.model.ScheduledSampling.Decay;
import dev.gatun.model.SequenceDecoder;
import dev.gatun.model.SequenceDecoder.Hypothesis;
import dev.gatun.model.SequenceDecoder.Search;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/** Encoder and decoder: gradients by differences, and searches by looking at every sequence. */
@Tag("backend")
class SequenceToSequenceTest {
  static final List<String> BACKENDS = Subjects.names();

  static final boolean ON_THE_DOUBLE = !BACKENDS.contains("reference");

  static final int[][] SOURCES = {{1, 4, 2, 0, 3}, {0, 3}, {2}, {4, 4, 1}};
  private static final int[][] TARGETS = {{2, 1}, {3, 1, 1, 2}, {1}, {}};
  static final Examples PAIRS = Examples.tokens(SOURCES).decoded(TARGETS);
  static final Signal TOKENS = Signal.tokens(5);

  private static SequenceToSequence small(RecurrentLayer layer) {
    return SequenceToSequence.of(4, 3, layer);
  }

  static void check(SequenceToSequence layer) {
    check(PAIRS, TOKENS, layer);
  }

  private static void check(Examples examples, Signal input, SequenceToSequence layer) {
    try (Backend backend = Backends.open("reference");
        Model model = sharp(backend, input, layer);
        BatchSource source = ArraySource.sequential(examples, examples.count());
        Batch batch = source.newBatch()) {
      source.fill(0, 0, batch);
      // Larger than the batch: calls work on prefixes.
      PlanSpec size = PlanSpec.training(source.maxTime() + 2, source.maxBatch() + 3);
      try (Plan plan = model.plan(size, new SoftmaxCrossEntropy())) {
        plan.setStep(77);
        plan.forward(batch);
        plan.backward();
        GradientCheck check =
            new GradientCheck(
                () -> {
                  model.parameters().changed();
                  plan.forward(batch);
                  return plan.loss();
                });
        for (Parameter parameter : model.parameters().list()) {
          GradientCheck.Result result =
              check.check(parameter.name(), parameter.value(), parameter.gradient());
          assertTrue(result.norm() > 0, result + ": a gradient of zero proves nothing");
          assertTrue(result.within(1e-6), result.toString());
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void gradientsWithEachAttention(CrossAttention attention) {
    assumeFalse(ON_THE_DOUBLE, "gradients are checked on the reference");
    check(small(RecurrentLayer.lstm(4)).attention(attention).dropout(0.2, 0.2));
  }

  @Test
  void gradientsThroughTheBridgeOfTwoDirections() {
    assumeFalse(ON_THE_DOUBLE, "gradients are checked on the reference");
    RecurrentLayer decoder = RecurrentLayer.lstm(3).stacked(2, 0.3);
    check(
        small(decoder)
            .encoder(RecurrentLayer.lstm(4).projected(2).stacked(2, 0.3).bothDirections())
            .attention(CrossAttention.GENERAL));
    check(
        small(RecurrentLayer.gru(3))
            .encoder(RecurrentLayer.gru(3).bothDirections())
            .attention(CrossAttention.ADDITIVE));
  }

  @Test
  void gradientsWithItsOwnTokensShown() {
    assumeFalse(ON_THE_DOUBLE, "gradients are checked on the reference");
    check(
        small(RecurrentLayer.gru(4))
            .attention(CrossAttention.DOT)
            .sampling(new ScheduledSampling(Decay.CONSTANT, 1, 0.5)));
  }

  @Test
  void readsFeaturesToo() {
    assumeFalse(ON_THE_DOUBLE, "gradients are checked on the reference");
    float[][][] x = {{{0.1f, 1}, {-1, 0.5f}}, {{0.3f, -0.2f}}, {{1, 1}, {0, 0.4f}, {2, 1}}};
    int[][] y = {{1, 2, 3}, {2}, {3, 3}};
    check(
        Examples.features(x).decoded(y),
        Signal.features(2),
        small(RecurrentLayer.tanh(4)).attention(CrossAttention.GENERAL));
  }

  @Test
  void aBatchShowsWhatComesBeforeEachToken() {
    try (BatchSource source = ArraySource.sequential(PAIRS, 4);
        Batch batch = source.newBatch()) {
      source.fill(0, 0, batch);
      assertEquals(5, batch.time());
      assertTrue(batch.ragged());
      assertEquals(3 + 5 + 2 + 1, batch.targetCount());
      assertEquals(List.of(0, 2, 1, 0, 0), column(batch.decoderInputs(), 0));
      assertEquals(List.of(2, 1, 0, -1, -1), column(batch.targets(), 0));
      assertEquals(List.of(0, 3, 1, 1, 2), column(batch.decoderInputs(), 1));
      assertEquals(List.of(3, 1, 1, 2, 0), column(batch.targets(), 1));
      assertEquals(List.of(0, -1, -1, -1, -1), column(batch.targets(), 3));
      assertEquals(5, batch.decoderLengths().getLong(1));
      assertEquals(2, batch.lengths().getLong(1));
    }
  }

  private static List<Integer> column(Tensor tensor, int n) {
    return IntStream.range(0, 5).mapToObj(t -> (int) tensor.getLong(t * 4L + n)).toList();
  }

  /** -log p of a sequence, from the loss of a batch that has only that. */
  static double cost(Model model, int[] source, List<Integer> tokens) {
    int[] target = tokens.stream().mapToInt(Integer::intValue).toArray();
    Examples one = Examples.tokens(new int[][] {source}).decoded(new int[][] {target});
    try (BatchSource data = ArraySource.sequential(one, 1);
        Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.inference(data.layout()), new SoftmaxCrossEntropy())) {
      data.fill(0, 0, batch);
      plan.forward(batch);
      return plan.loss() * (target.length + 1);
    }
  }

  static List<List<Integer>> everySequence(int most) {
    List<List<Integer>> all = new ArrayList<>();
    all.add(List.of());
    for (int from = 0, length = 1; length <= most; length++) {
      int to = all.size();
      for (int i = from; i < to; i++) {
        for (int token = 1; token < 4; token++) {
          List<Integer> longer = new ArrayList<>(all.get(i));
          longer.add(token);
          all.add(longer);
        }
      }
      from = to;
    }
    return all;
  }

  /** Weights larger than initial ones: gradients above rounding, and likelihoods that differ. */
  static Model sharp(Backend backend, Signal input, SequenceToSequence layer) {
    Model model = ModelSpec.of(input, layer).build(backend, 5);
    double[] values = Host.read(backend, model.parameters().values());
    for (int i = 0; i < values.length; i++) {
      values[i] *= 2.5;
    }
    Host.write(backend, model.parameters().values(), values);
    model.parameters().changed();
    return model;
  }

  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aWideBeamFindsTheLikeliestOfAll(String name) {
    SequenceToSequence layer =
        small(RecurrentLayer.lstm(4).stacked(2, 0))
            .encoder(RecurrentLayer.lstm(4).stacked(2, 0).bothDirections())
            .attention(CrossAttention.ADDITIVE);
    try (Backend backend = Subjects.open(name, 2);
        Model model = sharp(backend, TOKENS, layer);
        BatchSource source = ArraySource.sequential(PAIRS, 4);
        Batch batch = source.newBatch();
        SequenceDecoder wide = new SequenceDecoder(model, 5, 4, new Search(108, 3, 0.7));
        SequenceDecoder greedy = new SequenceDecoder(model, 6, 5, Search.greedy(3))) {
      // Where the first step ends it, no state is taken over.
      Tensor bias = model.parameters().get("seq2seq.output.bias").value();
      Host.set(backend, bias, 0, Host.get(backend, bias, 0) - 8);
      Host.set(backend, bias, 1, Host.get(backend, bias, 1) + 2);
      model.parameters().changed();
      int longest = 0;
      source.fill(0, 0, batch);
      List<List<Hypothesis>> found = wide.decode(batch);
      List<List<Hypothesis>> first = greedy.decode(batch);
      for (int i = 0; i < 4; i++) {
        int[] x = SOURCES[i];
        List<Integer> best =
            everySequence(3).stream()
                .max(
                    Comparator.comparingDouble(
                        y -> -cost(model, x, y) / Math.pow((6.0 + y.size()) / 6, 0.7)))
                .orElseThrow();
        Hypothesis top = found.get(i).getFirst();
        assertEquals(best, top.tokens());
        assertTrue(top.ended());
        assertEquals(-cost(model, x, best), top.logProbability(), 1e-4);
        double penalty = Math.pow((6.0 + best.size()) / 6, 0.7);
        assertEquals(top.logProbability() / penalty, top.score(), 1e-9);
        longest = Math.max(longest, best.size());
        Hypothesis one = first.get(i).getFirst();
        assertEquals(greedily(model, x), one.tokens());
        assertEquals(1, first.get(i).size());
      }
      assertTrue(longest > 1, longest + " tokens at most");
    }
  }

  /** The likeliest next token of all, one after another, by whole passes. */
  private static List<Integer> greedily(Model model, int[] source) {
    List<Integer> tokens = new ArrayList<>();
    while (tokens.size() < 3) {
      int best = 0;
      double least = cost(model, source, tokens);
      for (int token = 1; token < 4; token++) {
        List<Integer> longer = new ArrayList<>(tokens);
        longer.add(token);
        double prefix = prefixCost(model, source, longer);
        best = prefix < least ? token : best;
        least = Math.min(prefix, least);
      }
      if (best == 0) {
        break;
      }
      tokens.add(best);
    }
    return tokens;
  }

  /** -log p of all sequences that begin so: the end is not asked for. */
  private static double prefixCost(Model model, int[] source, List<Integer> tokens) {
    int[] target = tokens.stream().mapToInt(Integer::intValue).toArray();
    Examples one = Examples.tokens(new int[][] {source}).decoded(new int[][] {target});
    try (BatchSource data = ArraySource.sequential(one, 1);
        Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.inference(data.layout()), new SoftmaxCrossEntropy())) {
      data.fill(0, 0, batch);
      batch.targets().setLong(target.length, -1);
      plan.forward(batch, 1);
      return plan.loss();
    }
  }

  @Test
  void aSequenceIsCutAtTheMostTokens() {
    assumeFalse(ON_THE_DOUBLE, "gradients are checked on the reference");
    try (Backend backend = Backends.open("reference");
        Model model = ModelSpec.of(TOKENS, small(RecurrentLayer.gru(3))).build(backend, 5);
        BatchSource source = ArraySource.sequential(PAIRS, 4);
        Batch batch = source.newBatch();
        SequenceDecoder decoder = new SequenceDecoder(model, 5, 4, Search.greedy(2))) {
      // The end is made impossible.
      model.parameters().get("seq2seq.output.bias").value().set(0, -1000);
      model.parameters().changed();
      source.fill(0, 0, batch);
      for (List<Hypothesis> found : decoder.decode(batch)) {
        assertEquals(2, found.getFirst().tokens().size());
        assertFalse(found.getFirst().ended());
      }
    }
  }

  @Test
  void probabilitiesFollowTheirSchedules() {
    ScheduledSampling linear = new ScheduledSampling(Decay.LINEAR, 100, 0.5);
    assertEquals(0, linear.at(0));
    assertEquals(0.25, linear.at(50), 1e-15);
    assertEquals(0.5, linear.at(1000), 1e-15);
    ScheduledSampling exponential = new ScheduledSampling(Decay.EXPONENTIAL, 100, 1);
    assertEquals(1 - Math.exp(-0.5), exponential.at(50), 1e-15);
    ScheduledSampling sigmoid = new ScheduledSampling(Decay.INVERSE_SIGMOID, 100, 1);
    assertEquals(1 - 100 / (100 + Math.exp(3)), sigmoid.at(300), 1e-15);
    assertEquals(0.2, new ScheduledSampling(Decay.CONSTANT, 1, 0.2).at(0), 1e-15);
  }

  @Test
  void whatDoesNotFitIsNamed() {
    String one = refused(() -> small(RecurrentLayer.gru(3)).encoder(RecurrentLayer.lstm(3)));
    assertTrue(one.contains("as many of a kind"), one);
    String dot =
        refused(
            () ->
                small(RecurrentLayer.gru(3))
                    .encoder(RecurrentLayer.gru(3).bothDirections())
                    .attention(CrossAttention.DOT));
    assertTrue(dot.contains("take general or additive"), dot);
    String kept = refused(() -> Examples.tokens(SOURCES).decoded(new int[][] {{1}, {0}, {}, {}}));
    assertTrue(kept.contains("example 1: token 0 to decode is 0"), kept);
    String one2 = refused(() -> small(RecurrentLayer.gru(3).bothDirections()));
    assertTrue(one2.contains("one direction"), one2);
    String decayed = refused(() -> small(RecurrentLayer.gru(3).decayed(1)));
    assertTrue(decayed.contains("without decayed"), decayed);
    RecurrentStack above =
        RecurrentStack.of("two", RecurrentLayer.gru(3).decayed(1), RecurrentLayer.gru(3));
    String stacked = refused(() -> small(RecurrentLayer.gru(3)).encoder(above));
    assertTrue(stacked.contains("without decayed"), stacked);
  }

  private static String refused(Executable call) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, call).getMessage());
  }

  /** A layer below carries its state from call to call, which are of other sequences. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void eachCallStartsAfresh(String name) {
    float[][][] x = {{{0.1f, 1}, {-1, 0.5f}}, {{0.3f, -0.2f}}, {{1, 1}, {0, 0.4f}, {2, 1}}};
    Examples examples = Examples.features(x).decoded(new int[][] {{1, 2, 3}, {2}, {3, 3}});
    ModelSpec spec =
        ModelSpec.of(Signal.features(2), RecurrentLayer.gru(4), small(RecurrentLayer.gru(3)));
    try (Backend backend = Subjects.open(name, 2);
        Model model = spec.build(backend, 5);
        BatchSource source = ArraySource.sequential(examples, 3);
        Batch batch = source.newBatch();
        SequenceDecoder decoder = new SequenceDecoder(model, 4, 3, new Search(2, 3, 0))) {
      source.fill(0, 0, batch);
      List<List<Hypothesis>> first = decoder.decode(batch);
      assertEquals(first, decoder.decode(batch));
    }
  }
}
