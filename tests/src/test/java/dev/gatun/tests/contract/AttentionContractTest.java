package dev.gatun.tests.contract;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.Backends;
import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.backend.Backend;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.AttentionCase;
import dev.gatun.tests.support.Numbers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention against its definition, and its gradients against the reference's. */
@ParameterizedClass
@MethodSource("names")
class AttentionContractTest extends Contract {
  private static final List<Integer> WIDTHS = List.of(1, 5, 16, 37, 300);

  /** A dot product of 300, a softmax of 7 and a sum of 7. */
  private final double tolerance = 64 * eps;

  AttentionContractTest(String name) {
    super(name);
  }

  @ParameterizedTest
  @CsvSource({
    "DOT, true, true", "DOT, false, true", "ADDITIVE, true, true",
    "ADDITIVE, false, true", "DOT, true, false", "ADDITIVE, false, false"
  })
  void isWhatItsDefinitionSays(Score score, boolean queries, boolean ragged) {
    for (int width : WIDTHS) {
      int depth = width == 5 ? 3 : width + 2;
      try (AttentionCase call = new AttentionCase(backend, score, queries, ragged, width, depth)) {
        double[] weights = call.values("weights");
        double[] context = call.values("context");
        define(call, score, ragged, width, depth, weights, context);
        call.forward();
        String what = score + " " + width;
        Numbers.assertClose(what + " weights", weights, call.values("weights"), tolerance);
        Numbers.assertClose(what + " context", context, call.values("context"), tolerance);
      }
    }
  }

  private static void define(
      AttentionCase call,
      Score score,
      boolean ragged,
      int width,
      int depth,
      double[] weights,
      double[] context) {
    int n = AttentionCase.N;
    int tk = AttentionCase.TK;
    double[] q = call.values("queries");
    double[] k = call.values("keys");
    double[] x = call.values("values");
    double[] v = call.values("vector");
    for (int row = 0; row < call.queries() * n; row++) {
      int i = row % n;
      int length = ragged ? AttentionCase.length(i) : tk;
      double[] e = new double[length];
      double sum = 0;
      for (int s = 0; s < length; s++) {
        double total = 0;
        for (int a = 0; a < width; a++) {
          double key = k[(s * n + i) * width + a];
          double query = q.length == 0 ? 0 : q[row * width + a];
          if (score == Score.ADDITIVE) {
            total += v[a] * Math.tanh(query + key);
          } else {
            total += (q.length == 0 ? v[a] : query) * key;
          }
        }
        e[s] = Math.exp(0.7 * total);
        sum += e[s];
      }
      for (int s = 0; s < tk; s++) {
        weights[row * tk + s] = s < length ? e[s] / sum : 0;
      }
      for (int c = 0; c < depth; c++) {
        double total = 0;
        for (int s = 0; s < length; s++) {
          total += e[s] / sum * x[(s * n + i) * depth + c];
        }
        context[row * depth + c] = total;
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"DOT, true", "DOT, false", "ADDITIVE, true", "ADDITIVE, false"})
  void itsGradientsAreTheReferences(Score score, boolean queries) {
    for (int width : WIDTHS) {
      try (Backend reference = Backends.open("reference");
          AttentionCase expected =
              new AttentionCase(reference, score, queries, true, width, width + 2).run();
          AttentionCase actual =
              new AttentionCase(backend, score, queries, true, width, width + 2).run()) {
        for (String name : List.of("dQueries", "dKeys", "dValues", "dVector")) {
          double[] found = actual.values(name);
          Numbers.assertClose(
              score + " " + width + " " + name, expected.values(name), found, 4 * tolerance);
        }
      }
    }
  }

  @Test
  void theSameBitsEachTime() {
    try (AttentionCase first = new AttentionCase(backend, Score.ADDITIVE, true, true, 37, 20);
        AttentionCase second = new AttentionCase(backend, Score.ADDITIVE, true, true, 37, 20)) {
      first.run();
      second.run();
      for (String name : first.tensors.keySet()) {
        assertArrayEquals(first.values(name), second.values(name), name);
      }
    }
  }

  @Test
  void valuesMayBeKeys() {
    Tensor keys = random(5, 2, 3);
    Tensor queries = random(1, 2, 3);
    Tensor weights = workspace.real(1, 2, 5);
    Tensor context = workspace.real(1, 2, 3);
    AttentionIo io = new AttentionIo(queries, keys, keys, null, null, weights, context, null);
    try (Attention bound = backend.attention(AttentionSpec.pooling(Score.DOT, 1, 5, 2), io)) {
      bound.forward(1, 5, 2);
      double sum = 0;
      for (int s = 0; s < 5; s++) {
        sum += read(weights)[s];
      }
      assertEquals(1, sum, 8 * eps);
      assertThrows(IllegalStateException.class, () -> bound.backward(1, 5, 2));
      assertRefused("6 keys", () -> bound.forward(1, 6, 2));
      assertRefused("2 queries", () -> bound.forward(2, 5, 2));
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    Tensor keys = random(5, 2, 3);
    Tensor weights = workspace.real(1, 2, 5);
    Tensor context = workspace.real(1, 2, 3);
    AttentionSpec additive = AttentionSpec.pooling(Score.ADDITIVE, 1, 5, 2);
    assertRefused(
        "the vector v is missing",
        () ->
            backend.attention(
                additive, new AttentionIo(null, keys, keys, null, null, weights, context, null)));
    assertRefused(
        "attention: vector",
        () ->
            backend.attention(
                additive, new AttentionIo(null, keys, keys, null, keys, weights, context, null)));
    assertRefused(
        "attention: weights",
        () ->
            backend.attention(
                additive,
                new AttentionIo(null, keys, keys, null, real(1, 2, 3), real(1, 2), context, null)));
    assertRefused("scale", () -> AttentionSpec.pooling(Score.DOT, 0, 5, 2));
  }
}
