package dev.gatun.tests.golden;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
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
import dev.gatun.model.SequenceToSequence;
import dev.gatun.model.Signal;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** An encoder, a bridge, a decoder and attention against PyTorch's, from tokens to gradients. */
@Tag("backend")
class SequenceToSequenceGoldenTest {
  private static final int SOURCE_TOKENS = 7;
  private static final int TOKENS = 6;
  private static final int EMBEDDING = 5;

  static Stream<Arguments> cases() throws IOException {
    return Golden.casesOf("seq2seq");
  }

  private static SequenceToSequence layer(Golden golden) {
    Cell cell = Cell.valueOf(golden.text("cell").toUpperCase(Locale.ROOT));
    int layers = (int) golden.number("layers", 0);
    RecurrentLayer decoder =
        RecurrentLayer.of("rnn", cell, (int) golden.number("said", 0)).stacked(layers, 0);
    RecurrentLayer encoder =
        RecurrentLayer.of("rnn", cell, (int) golden.number("read", 0)).stacked(layers, 0);
    boolean both = Boolean.parseBoolean(golden.text("bidirectional"));
    return SequenceToSequence.of(TOKENS, EMBEDDING, decoder)
        .encoder(both ? encoder.bothDirections() : encoder)
        .attention(CrossAttention.valueOf(golden.text("attention").toUpperCase(Locale.ROOT)));
  }

  /** The columns of [T, N], up to their end. */
  private static int[][] sequences(Golden golden, String key) {
    int n = (int) golden.shape(key)[1];
    long[] all = golden.longs(key);
    int[][] sequences = new int[n][];
    for (int s = 0; s < n; s++) {
      int column = s;
      sequences[s] =
          IntStream.range(0, all.length / n)
              .map(t -> (int) all[t * n + column])
              .filter(token -> token >= 0)
              .toArray();
    }
    return sequences;
  }

  /** Without the boundary at its end, which a batch adds. */
  private static int[][] targets(Golden golden) {
    return Arrays.stream(sequences(golden, "targets"))
        .map(row -> Arrays.copyOf(row, row.length - 1))
        .toArray(int[][]::new);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndGradients(String name, String file) throws IOException {
    try (Golden golden = new Golden(file);
        Backend backend = Subjects.open(name, 2);
        Model model = ModelSpec.of(Signal.tokens(SOURCE_TOKENS), layer(golden)).build(backend, 1);
        BatchSource source =
            ArraySource.sequential(
                Examples.tokens(sequences(golden, "sources")).decoded(targets(golden)), 4);
        Batch batch = source.newBatch();
        Plan plan = model.plan(PlanSpec.training(source.layout()), new SoftmaxCrossEntropy())) {
      for (Parameter parameter : model.parameters().list()) {
        golden.read(parameter.name(), backend, parameter.value());
      }
      model.parameters().changed();
      source.fill(0, 0, batch);
      plan.forward(batch);
      plan.backward();
      // Five steps of two layers, each way, and sums of up to 24 terms, which cancel in a bias.
      double tolerance = 256 * Numbers.roundoff(backend);
      golden.assertClose("loss", new double[] {plan.loss()}, tolerance);
      golden.assertClose(
          "logits", valid(golden, "logits", values(backend, plan.output())), tolerance);
      Tensor weights = Objects.requireNonNull(plan.observed().get("seq2seq.attention"));
      golden.assertClose(
          "attention", valid(golden, "attention", values(backend, weights)), tolerance);
      for (Parameter parameter : model.parameters().list()) {
        golden.assertClose(
            "grad." + parameter.name(), values(backend, parameter.gradient()), tolerance);
      }
    }
  }

  private static double[] values(Backend backend, Tensor tensor) {
    return Host.read(backend, tensor);
  }

  /** The rows [T, N] of targets, of tensors that have room for more; those behind an end are 0. */
  private static double[] valid(Golden golden, String key, double[] rows) {
    long[] targets = golden.longs("targets");
    double[] valid = Arrays.copyOf(rows, golden.doubles(key).length);
    int wide = valid.length / targets.length;
    for (int i = 0; i < valid.length; i++) {
      valid[i] *= targets[i / wide] >= 0 ? 1 : 0;
    }
    return valid;
  }
}
