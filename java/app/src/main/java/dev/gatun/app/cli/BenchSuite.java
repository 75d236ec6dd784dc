package dev.gatun.app.cli;

import dev.gatun.app.bench.Bench;
import dev.gatun.app.bench.DeepBench;
import dev.gatun.app.bench.Timing;
import dev.gatun.app.config.InputException;
import dev.gatun.app.report.LineChart;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Mode;
import dev.gatun.persist.AtomicFiles;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code gatun bench suite} runs and where the results go. */
final class BenchSuite {
  @Option(
      names = "--filter",
      defaultValue = "",
      paramLabel = "REGEX",
      description = "Only shapes whose name has a match, such as server/lstm or N16-.")
  private String filter = "";

  @Option(
      names = "--mode",
      paramLabel = "infer|train",
      description = "Default: train for the training list, infer for the others.")
  private BenchCommand.@Nullable BenchMode mode;

  @Option(names = "--csv", paramLabel = "FILE", description = "Results as a table.")
  private @Nullable Path csv;

  @Option(
      names = "--plot",
      paramLabel = "FILE",
      description = "Percent of peak (on a GPU GFLOP/s), as SVG.")
  private @Nullable Path plot;

  /** Times shape after shape, and tells of each as it is done. */
  List<Json.Members> run(BenchOptions options, PrintWriter progress) throws IOException {
    List<DeepBench.Shape> shapes = shapes();
    if (csv != null) {
      Output.checkWritable("--csv", csv);
    }
    if (plot != null) {
      Output.checkWritable("--plot", plot);
    }
    List<Json.Members> results = new ArrayList<>();
    try (Backend backend = options.open()) {
      for (DeepBench.Shape shape : shapes) {
        Json.Members result = time(shape, backend, options);
        results.add(result);
        progress.printf(
            "%3d/%d  %-34s %s ms  %s%n",
            results.size(),
            shapes.size(),
            shape.name() + (result.get("mode").asText().equals("train") ? " train" : " infer"),
            result.get("median_ms").print(),
            hasPeak(result)
                ? result.get("percent_of_peak").print() + " % of peak"
                : result.get("gflops").print() + " GFLOP/s");
        progress.flush();
      }
    }
    write(results);
    return results;
  }

  /** A GPU's peak is not measured. */
  private static boolean hasPeak(Json.Members result) {
    return !(result.get("percent_of_peak") instanceof Json.Null);
  }

  private List<DeepBench.Shape> shapes() {
    Pattern wanted;
    try {
      wanted = Pattern.compile(filter);
    } catch (PatternSyntaxException e) {
      throw new InputException("--filter " + filter + ": " + e.getDescription(), e);
    }
    List<DeepBench.Shape> shapes =
        DeepBench.shapes().stream().filter(s -> wanted.matcher(s.name()).find()).toList();
    if (shapes.isEmpty()) {
      throw new InputException(
          "--filter %s: matches no shape; names are like %s"
              .formatted(filter, DeepBench.shapes().getFirst().name()));
    }
    return shapes;
  }

  private Json.Members time(DeepBench.Shape shape, Backend backend, BenchOptions options) {
    boolean train = mode == null ? shape.training() : mode == BenchCommand.BenchMode.TRAIN;
    double times = train ? BenchCommand.TRAINING : 1;
    Timing timing =
        new Bench(backend, options.seconds())
            .recurrent(
                shape.spec(), shape.time(), shape.batch(), train ? Mode.TRAINING : Mode.INFERENCE);
    Map<String, Json> result = new LinkedHashMap<>();
    result.put("name", Json.of(shape.name()));
    result.put("mode", Json.of(train ? "train" : "infer"));
    result.putAll(
        options.figures(
            timing,
            times * Bench.flops(shape.spec(), shape.time(), shape.batch()),
            times * Bench.bytes(shape.spec(), shape.time(), shape.batch())));
    return Json.of(result).asObject();
  }

  private void write(List<Json.Members> results) throws IOException {
    if (csv != null) {
      StringBuilder table =
          new StringBuilder(String.join(",", results.getFirst().values().keySet()));
      for (Json.Members result : results) {
        String row =
            result.values().values().stream()
                .map(value -> value instanceof Json.Text text ? text.value() : value.print())
                .collect(Collectors.joining(","));
        table.append('\n').append(row);
      }
      AtomicFiles.write(csv, table.append('\n').toString());
    }
    if (plot != null) {
      String key = hasPeak(results.getFirst()) ? "percent_of_peak" : "gflops";
      String unit = key.equals("gflops") ? "GFLOP/s" : "percent of the FMA peak";
      double[] place = new double[results.size()];
      double[] speed = new double[results.size()];
      for (int i = 0; i < place.length; i++) {
        place[i] = i + 1;
        speed[i] = results.get(i).get(key).asDouble();
      }
      LineChart chart = new LineChart("DeepBench, " + unit, "shape", unit);
      AtomicFiles.write(plot, chart.line(unit, place, speed, false).toSvg());
    }
  }
}
