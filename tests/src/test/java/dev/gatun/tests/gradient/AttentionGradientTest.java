package dev.gatun.tests.gradient;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.backend.Backend;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.AttentionCase;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention by central differences, with a sequence that has no key. */
class AttentionGradientTest {
  private static final double TOLERANCE = 1e-8; // as RecurrentGradientTest's

  @ParameterizedTest
  @CsvSource({"DOT, true", "DOT, false", "ADDITIVE, true", "ADDITIVE, false"})
  void ofEverythingThatIsRead(Score score, boolean queries) {
    try (Backend backend = Backends.open("reference");
        AttentionCase call = new AttentionCase(backend, score, queries, true, 5, 3)) {
      Tensor dVector = call.tensors.get("dVector");
      if (dVector != null) {
        backend.fill(dVector, 0);
      }
      call.run();
      double[] dy = call.values("dContext");
      int rows = call.queries() * AttentionCase.N * 3;
      GradientCheck check =
          new GradientCheck(
              () -> {
                call.forward();
                Tensor y = Objects.requireNonNull(call.tensors.get("context"));
                double sum = 0;
                for (int i = 0; i < rows; i++) {
                  sum += y.get(i) * dy[i];
                }
                return sum;
              });
      int keys = AttentionCase.TK * AttentionCase.N;
      check(check, call, "keys", "dKeys", 5L * keys);
      check(check, call, "values", "dValues", 3L * keys);
      if (queries) {
        check(check, call, "queries", "dQueries", 5L * call.queries() * AttentionCase.N);
      }
      if (dVector != null) {
        check(check, call, "vector", "dVector", 5);
      }
    }
  }

  private static void check(
      GradientCheck check, AttentionCase call, String name, String gradient, long size) {
    Tensor values = Objects.requireNonNull(call.tensors.get(name)).view(0, size);
    Tensor found = Objects.requireNonNull(call.tensors.get(gradient)).view(0, size);
    GradientCheck.Result result = check.check(name, values, found);
    assertTrue(result.norm() > 0.01, result::toString);
    assertTrue(result.within(TOLERANCE), result::toString);
  }
}
