package dev.gatun.app.report;

import dev.gatun.metric.ClassMetrics;
import dev.gatun.persist.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a classifier said of each class, as a picture and for machines.
 *
 * @param names of the classes, in their order
 * @param metrics what was counted
 */
public record ConfusionMatrix(List<String> names, ClassMetrics metrics) {
  /** Checks that each class has a name. */
  public ConfusionMatrix {
    if (names.size() != metrics.classes()) {
      throw new IllegalArgumentException(
          "%d names for %d classes".formatted(names.size(), metrics.classes()));
    }
  }

  /** Rows are true classes, coloured by their shares: a class's recall stands on the diagonal. */
  public String toSvg(String title) {
    long[][] counts = metrics.matrix();
    int n = counts.length;
    double[][] shares = new double[n][n];
    String[][] texts = new String[n][n];
    for (int truth = 0; truth < n; truth++) {
      long all = metrics.support(truth);
      for (int said = 0; said < n; said++) {
        shares[truth][said] = all == 0 ? 0 : (double) counts[truth][said] / all;
        texts[truth][said] = Long.toString(counts[truth][said]);
      }
    }
    return new HeatMap(title, names, names, shares)
        .labelled("true class", "said to be of class (colour: share of the true class)")
        .written(texts)
        .toSvg();
  }

  /**
   * An object: {@code classes}, their names; {@code counts}, one row for each true class; {@code
   * precision}, {@code recall}, {@code f1} and {@code support} of each class.
   */
  public Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("classes", Json.of(names.stream().map(Json::of).toList()));
    members.put(
        "counts",
        Json.of(
            Arrays.stream(metrics.matrix())
                .map(row -> Json.of(Arrays.stream(row).mapToObj(Json::of).toList()))
                .toList()));
    members.put("precision", each(i -> Json.of(metrics.precision(i))));
    members.put("recall", each(i -> Json.of(metrics.recall(i))));
    members.put("f1", each(i -> Json.of(metrics.f1(i))));
    members.put("support", each(i -> Json.of(metrics.support(i))));
    return Json.of(members);
  }

  private interface Figure {
    Json of(int index);
  }

  private Json each(Figure figure) {
    return Json.of(IntStream.range(0, names.size()).mapToObj(figure::of).toList());
  }
}
