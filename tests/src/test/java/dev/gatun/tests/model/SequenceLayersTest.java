package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.gatun.backend.Backend;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.model.CrossAttention;
import dev.gatun.model.Embedding;
import dev.gatun.model.Model;
import dev.gatun.model.OneHot;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.SequenceDecoder;
import dev.gatun.model.SequenceDecoder.Hypothesis;
import dev.gatun.model.SequenceDecoder.Search;
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.SequenceToSequence.Tables;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Subjects;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Encoders and decoders of layers that differ, other tables of tokens, and the best of a search.
 */
@Tag("backend")
class SequenceLayersTest {
  static final List<String> BACKENDS = Subjects.names();

  private static final SequenceToSequence STACKED =
      SequenceToSequence.of(4, 3, RecurrentStack.lstm(4, 3).dropout(0.3));

  private static void check(SequenceToSequence layer) {
    assumeFalse(SequenceToSequenceTest.ON_THE_DOUBLE, "gradients are checked on the reference");
    SequenceToSequenceTest.check(layer);
  }

  @Test
  void gradientsThroughLayersOfTheirOwnSizes() {
    check(STACKED.attention(CrossAttention.GENERAL));
    check(
        STACKED
            .encoder(RecurrentStack.lstm(3, 5).bothDirections())
            .attention(CrossAttention.ADDITIVE));
    check(STACKED.encoder(RecurrentLayer.lstm(4).stacked(2, 0.2)));
  }

  @Test
  void gradientsThroughSummedDirections() {
    check(
        SequenceToSequence.of(4, 3, RecurrentLayer.gru(3))
            .encoder(RecurrentStack.gru(3).summed())
            .attention(CrossAttention.SCALED_DOT));
    check(STACKED.encoder(RecurrentStack.lstm(4, 3).dropout(0.3).summed()));
  }

  @Test
  void gradientsOfTables() {
    SequenceToSequence tied =
        SequenceToSequence.of(4, 4, RecurrentLayer.gru(4)).attention(CrossAttention.DOT);
    check(tied.tables(tied.tables().withTiedOutput()));
    check(tied.tables(Tables.oneHot()));
    check(tied.tables(new Tables(Embedding.of(2), OneHot.of(), null, false)));
  }

  @Test
  void whatDoesNotFitIsNamed() {
    Tables tied = Tables.embeddings(3).withTiedOutput();
    SequenceToSequence wide = SequenceToSequence.of(4, 3, RecurrentLayer.gru(4));
    refused("give both one width", () -> wide.tables(tied));
    refused("needs an embedding", () -> Tables.oneHot().withTiedOutput());
    refused(
        "an Embedding or a OneHot",
        () -> new Tables(RecurrentLayer.gru(3), OneHot.of(), null, false));
    refused("as many of a kind", () -> STACKED.encoder(RecurrentStack.lstm(4, 3, 3)));
    refused("give 1 to 2", () -> new Search(2, 5, 0, 3));
  }

  private static void refused(String part, Runnable call) {
    String message =
        String.valueOf(assertThrows(IllegalArgumentException.class, call::run).getMessage());
    assertTrue(message.contains(part), message);
  }

  /** The weights of each step, by hand, from what a plan has computed. */
  @ParameterizedTest
  @EnumSource(names = {"DOT", "SCALED_DOT", "GENERAL", "ADDITIVE"})
  void scoresAreThoseOfTheirPapers(CrossAttention attention) {
    assumeFalse(SequenceToSequenceTest.ON_THE_DOUBLE, "by hand on the reference");
    SequenceToSequence layer =
        SequenceToSequence.of(4, 3, RecurrentLayer.tanh(3)).attention(attention);
    int[][] source = {{1, 4, 2}};
    try (Backend backend = Subjects.open("reference", 1);
        Model model = SequenceToSequenceTest.sharp(backend, SequenceToSequenceTest.TOKENS, layer);
        BatchSource data =
            ArraySource.sequential(Examples.tokens(source).decoded(new int[][] {{}}), 1);
        Batch batch = data.newBatch();
        Plan plan = model.plan(PlanSpec.inference(data.layout()), new SoftmaxCrossEntropy())) {
      data.fill(0, 0, batch);
      plan.forward(batch);
      double[][] e = states(backend, model, "seq2seq.encoder", source[0], new double[3]);
      double[] d = states(backend, model, "seq2seq.decoder", new int[] {0}, e[2])[0];
      double[] score = new double[3];
      double sum = 0;
      for (int t = 0; t < 3; t++) {
        score[t] = Math.exp(score(backend, model, attention, d, e[t]));
        sum += score[t];
      }
      double[] found = Host.read(backend, plan.observed().get("seq2seq.attention"));
      for (int t = 0; t < 3; t++) {
        assertEquals(score[t] / sum, found[t], 1e-10, attention + " at " + t);
      }
    }
  }

  private static double[] weights(Backend backend, Model model, String name) {
    return Host.read(backend, model.parameters().get(name).value());
  }

  /** h_t = tanh(W x_t + b + R h_(t-1) + b'), x_t a row of the table. */
  private static double[][] states(
      Backend backend, Model model, String layer, int[] tokens, double[] first) {
    String table = layer.replace(".encoder", ".encoder_embedding").replace("decoder", "embedding");
    double[] rows = weights(backend, model, table + ".weight");
    double[] input = weights(backend, model, layer + ".weight_ih_l0");
    double[] recurrent = weights(backend, model, layer + ".weight_hh_l0");
    double[] bias = weights(backend, model, layer + ".bias_ih_l0");
    double[] bias2 = weights(backend, model, layer + ".bias_hh_l0");
    double[][] states = new double[tokens.length][3];
    double[] h = first;
    for (int t = 0; t < tokens.length; t++) {
      for (int i = 0; i < 3; i++) {
        double sum = bias[i] + bias2[i];
        for (int k = 0; k < 3; k++) {
          sum += input[3 * i + k] * rows[3 * tokens[t] + k] + recurrent[3 * i + k] * h[k];
        }
        states[t][i] = Math.tanh(sum);
      }
      h = states[t];
    }
    return states;
  }

  private static double score(
      Backend backend, Model model, CrossAttention attention, double[] d, double[] e) {
    return switch (attention) {
      case NONE -> throw new IllegalArgumentException("it has none");
      case DOT -> dot(d, e);
      case SCALED_DOT -> dot(d, e) / Math.sqrt(3);
      case GENERAL -> dot(times(weights(backend, model, "seq2seq.query.weight"), d), e);
      case ADDITIVE -> {
        double[] sum = times(weights(backend, model, "seq2seq.query.weight"), d);
        double[] key = times(weights(backend, model, "seq2seq.key.weight"), e);
        double[] bias = weights(backend, model, "seq2seq.query.bias");
        for (int i = 0; i < sum.length; i++) {
          sum[i] = Math.tanh(sum[i] + bias[i] + key[i]);
        }
        yield dot(weights(backend, model, "seq2seq.score.weight"), sum);
      }
    };
  }

  private static double dot(double[] a, double[] b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  }

  private static double[] times(double[] matrix, double[] x) {
    double[] y = new double[3];
    for (int i = 0; i < 3; i++) {
      y[i] = matrix[3 * i] * x[0] + matrix[3 * i + 1] * x[1] + matrix[3 * i + 2] * x[2];
    }
    return y;
  }

  /** States of layers that differ go along with their hypotheses, and the best come in order. */
  @ParameterizedTest
  @FieldSource("BACKENDS")
  void aSearchGivesTheBestInTheirOrder(String name) {
    SequenceToSequence layer =
        STACKED.encoder(RecurrentStack.lstm(4, 3).summed()).attention(CrossAttention.DOT);
    int[][] sources = SequenceToSequenceTest.SOURCES;
    try (Backend backend = Subjects.open(name, 2);
        Model model = SequenceToSequenceTest.sharp(backend, SequenceToSequenceTest.TOKENS, layer);
        BatchSource source = ArraySource.sequential(SequenceToSequenceTest.PAIRS, 4);
        Batch batch = source.newBatch();
        SequenceDecoder wide = new SequenceDecoder(model, 5, 4, new Search(120, 3, 0.7, 5))) {
      source.fill(0, 0, batch);
      List<List<Hypothesis>> found = wide.decode(batch, steps -> steps == 1 ? 1 : 3);
      for (int i = 0; i < 4; i++) {
        int[] x = sources[i];
        List<List<Integer>> best =
            SequenceToSequenceTest.everySequence(x.length == 1 ? 1 : 3).stream()
                .sorted(
                    Comparator.comparingDouble(
                        y ->
                            SequenceToSequenceTest.cost(model, x, y)
                                / Math.pow((6.0 + y.size()) / 6, 0.7)))
                .toList();
        // Cut at one token there are four sequences in all: none, and each of three.
        int most = Math.min(5, best.size());
        List<List<Integer>> given = found.get(i).stream().map(Hypothesis::tokens).toList();
        assertEquals(best.subList(0, most), given.subList(0, most));
      }
    }
  }
}
