package dev.gatun.app.cli;

import dev.gatun.app.bench.Bench;
import dev.gatun.app.bench.DeepBench;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.app.report.LineChart;
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

  @Option(names = "--list", description = "Time nothing: say the shapes, with --json as an array.")
  private boolean list;

  boolean list() {
    return list;
  }

  /** What the filter leaves, with the sizes. */
  Map<String, Json> shapesAsJson(String suite) {
    List<Json> shapes = new ArrayList<>();
    for (DeepBench.Shape shape : shapes()) {
      Map<String, Json> facts = new LinkedHashMap<>();
      facts.put("name", Json.of(shape.name()));
      facts.put("cell", Json.of(Names.of(shape.cell())));
      facts.put("hidden", Json.of((long) shape.hidden()));
      facts.put("batch", Json.of((long) shape.batch()));
      facts.put("time", Json.of((long) shape.time()));
      shapes.add(Json.of(facts));
    }
    Map<String, Json> all = new LinkedHashMap<>();
    all.put("suite", Json.of(suite));
    all.put("shapes", Json.of(shapes));
    return all;
  }

  /** Times shape after shape, and tells of each as it is done. */
  List<Json.Members> run(BenchOptions options, PrintWriter progress) throws IOException {
    List<DeepBench.Shape> shapes = shapes();
    if (csv != null) {
      Output.checkWritable("--csv", csv);
    }
    if (plot != null) {
      Output.checkWritable("--plot", plot);
    }
    List<Json.Members> results =
        options.with((_, bench) -> timed(shapes, bench, options, progress));
    write(results);
    return results;
  }

  private List<Json.Members> timed(
      List<DeepBench.Shape> shapes, Bench bench, BenchOptions options, PrintWriter progress) {
    List<Json.Members> results = new ArrayList<>();
    for (DeepBench.Shape shape : shapes) {
      Json.Members result = time(shape, bench, options);
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

  private Json.Members time(DeepBench.Shape shape, Bench bench, BenchOptions options) {
    boolean train = mode == null ? shape.training() : mode == BenchCommand.BenchMode.TRAIN;
    double times = train ? Bench.PASSES : 1;
    Mode computed = train ? Mode.TRAINING : Mode.INFERENCE;
    Bench.Measured measured =
        bench.recurrent(shape.spec(), shape.time(), shape.batch(), computed, false);
    Map<String, Json> result = new LinkedHashMap<>();
    result.put("name", Json.of(shape.name()));
    result.put("mode", Json.of(train ? "train" : "infer"));
    result.putAll(
        options.figures(
            measured,
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
