package dev.gatun.tests.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.report.ConfusionMatrix;
import dev.gatun.metric.ClassMetrics;
import dev.gatun.metric.ForecastErrors;
import dev.gatun.metric.LabelMetrics;
import dev.gatun.metric.RocArea;
import dev.gatun.metric.TextErrors;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Figures of merit against values by hand, which scikit-learn 1.9 gives too. */
class MetricsTest {
  private static final int[] TRUTH = {0, 0, 0, 0, 0, 1, 1, 1, 2, 2};
  private static final int[] SAID = {0, 0, 0, 1, 2, 1, 1, 0, 2, 1};

  @Test
  void classesByHand() {
    ClassMetrics metrics = ClassMetrics.of(TRUTH, SAID, 3);
    assertArrayEquals(new long[][] {{3, 1, 1}, {1, 2, 0}, {0, 1, 1}}, metrics.matrix());
    assertEquals(10, metrics.examples());
    assertEquals(0.6, metrics.accuracy(), 1e-15);
    // Precision 3/4, 2/4, 1/2; recall 3/5, 2/3, 1/2; F1 6/9, 4/7, 2/4.
    assertEquals(0.75, metrics.precision(0), 1e-15);
    assertEquals(2 / 3.0, metrics.recall(1), 1e-15);
    assertEquals(0.5, metrics.f1(2), 1e-15);
    assertEquals((0.75 + 0.5 + 0.5) / 3, metrics.macroPrecision(), 1e-15);
    assertEquals((0.6 + 2 / 3.0 + 0.5) / 3, metrics.macroRecall(), 1e-15);
    assertEquals((6 / 9.0 + 4 / 7.0 + 0.5) / 3, metrics.macroF1(), 1e-15);
    assertEquals(0.6, metrics.measures().get("f1_micro"), 1e-15);
  }

  @Test
  void twoClassesHaveAPositiveOne() {
    // TP 2, FN 1, FP 1, TN 4.
    int[] truth = {1, 1, 1, 0, 0, 0, 0, 0};
    int[] said = {1, 1, 0, 1, 0, 0, 0, 0};
    Map<String, Double> measures = ClassMetrics.of(truth, said, 2).measures();
    assertEquals(2 / 3.0, measures.get("precision"), 1e-15);
    assertEquals(2 / 3.0, measures.get("recall"), 1e-15);
    assertEquals(2 / 3.0, measures.get("f1"), 1e-15);
    assertEquals((2 / 3.0 + 4 / 5.0) / 2, measures.get("recall_macro"), 1e-15);
  }

  @Test
  void labelsByHand() {
    LabelMetrics metrics = new LabelMetrics(3);
    metrics.add(new boolean[] {true, false, false}, new double[] {0.9, 0.2, 0.1}); // all right
    metrics.add(new boolean[] {true, true, false}, new double[] {0.6, 0.4, 0.2}); // 1 missed
    metrics.add(new boolean[] {false, true, false}, new double[] {0.7, 0.5, 0.3}); // 0 said
    metrics.add(new boolean[] {false, false, false}, new double[] {0.1, 0.3, 0.4}); // all right
    assertEquals(10 / 12.0, metrics.accuracy(), 1e-15);
    assertEquals(0.5, metrics.exact(), 1e-15);
    // TP 2, FP 1, FN 0 of the first; 1, 0, 1 of the second; the third never.
    assertEquals(2 / 3.0, metrics.precision(0), 1e-15);
    assertEquals(0.5, metrics.recall(1), 1e-15);
    assertEquals(0, metrics.f1(2));
    Map<String, Double> measures = metrics.measures();
    assertEquals((2 / 3.0 + 1) / 2, measures.get("precision_macro"), 1e-15);
    assertEquals((4 / 5.0 + 2 / 3.0) / 2, measures.get("f1_macro"), 1e-15);
    assertEquals(3 / 4.0, measures.get("precision_micro"), 1e-15);
    assertEquals(3 / 4.0, measures.get("recall_micro"), 1e-15);
    assertEquals(6 / 8.0, measures.get("f1_micro"), 1e-15);
    // Of the first 3 of 4 pairs in order, of the second all; the third has no pair.
    assertEquals(0.75, metrics.area(0), 1e-15);
    assertEquals(1, metrics.area(1), 1e-15);
    assertEquals(Double.NaN, metrics.area(2));
    assertEquals(0.875, measures.get("auc_macro"), 1e-15);
    assertThrows(
        IllegalArgumentException.class, () -> metrics.add(new boolean[2], new double[] {0, 1}));
    assertThrows(IllegalArgumentException.class, () -> new LabelMetrics(0));
  }

  /** The pairs of one that holds and one that does not, counted one by one. */
  @Test
  void areaByHand() {
    double[] scores = {0.1, 0.4, 0.35, 0.8, 0.4, 0.4, -0.0, 0.0, 7};
    boolean[] holds = {false, false, true, true, true, false, true, false, true};
    double right = 0;
    double pairs = 0;
    RocArea area = new RocArea();
    for (int i = 0; i < scores.length; i++) {
      area.add(scores[i], holds[i]);
      for (int j = 0; j < scores.length; j++) {
        if (holds[i] && !holds[j]) {
          pairs++;
          right += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
        }
      }
    }
    assertEquals(right / pairs, area.area(), 1e-15);
    assertEquals(Double.NaN, new RocArea().area());
    assertThrows(IllegalArgumentException.class, () -> area.add(Double.NaN, true));
  }

  @Test
  void aClassThatNeitherOccursNorIsSaidIsLeftOutOfMacro() {
    ClassMetrics metrics = ClassMetrics.of(TRUTH, SAID, 5);
    assertEquals(ClassMetrics.of(TRUTH, SAID, 3).macroF1(), metrics.macroF1(), 1e-15);
    assertEquals(0, metrics.f1(4));
    // Said and never true: precision 0 counts.
    assertEquals(0.5, ClassMetrics.of(new int[] {0, 0}, new int[] {0, 1}, 2).macroPrecision());
    assertEquals(0, new ClassMetrics(2).accuracy());
  }

  @Test
  void aClassBeyondIsRefused() {
    String message =
        assertThrows(IllegalArgumentException.class, () -> new ClassMetrics(3).add(0, 3))
            .getMessage();
    assertEquals("class 3 is none of 0 to 2", message);
  }

  @Test
  void forecastsByHand() {
    ForecastErrors errors =
        ForecastErrors.of(new double[] {1, 2, 0, -4}, new double[] {2, 2, 0, -1});
    assertEquals(1.0, errors.mae(), 1e-15);
    assertEquals(Math.sqrt(10 / 4.0), errors.rmse(), 1e-15);
    // 200 * (1/3 + 0 + 0 + 3/5) / 4
    assertEquals(200 * (1 / 3.0 + 3 / 5.0) / 4, errors.smape(), 1e-12);
    assertEquals(200, ForecastErrors.of(new double[] {3}, new double[] {-3}).smape(), 1e-12);
  }

  @Test
  void textsByHand() {
    TextErrors errors = new TextErrors();
    errors.add("the cat sat", "the cat sit"); // 1 of 11 characters, 1 of 3 words
    errors.add("on mats", "on the mat"); // "the " and without s: 5 of 7; 1 inserted, 1 substituted
    errors.add("abc", "abc");
    assertEquals(6 / 21.0, errors.characterErrorRate(), 1e-15);
    assertEquals(3 / 6.0, errors.wordErrorRate(), 1e-15);
    assertEquals(1 / 3.0, errors.exact(), 1e-15);
    TextErrors nothing = new TextErrors();
    nothing.add("", "x");
    assertEquals(Double.POSITIVE_INFINITY, nothing.characterErrorRate());
  }

  @Test
  void aCharacterBeyondTheBasicPlaneIsOne() {
    TextErrors errors = new TextErrors();
    errors.add("a\uD83D\uDE00", "b");
    assertEquals(1.0, errors.characterErrorRate(), 1e-15);
  }

  @Test
  void theConfusionMatrixIsDrawnAndPrinted() {
    ConfusionMatrix matrix =
        new ConfusionMatrix(List.of("a<b", "c", "d"), ClassMetrics.of(TRUTH, SAID, 3));
    String svg = matrix.toSvg("Confusion");
    assertTrue(svg.contains("a&lt;b"), svg);
    assertTrue(svg.contains("<title>a&lt;b, a&lt;b: 0.600</title>"), svg);
    assertEquals(
        "[[3,1,1],[1,2,0],[0,1,1]]",
        matrix.toJson().asObject().get("counts").print().replace(" ", ""));
  }
}
