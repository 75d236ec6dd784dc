package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.report.LineChart;
import dev.gatun.app.tune.Probes;
import dev.gatun.backend.Backend;
import dev.gatun.persist.AtomicFiles;
import dev.gatun.persist.Json;
import dev.gatun.train.BatchProbe;
import dev.gatun.train.RateRange;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;

/** What {@code gatun tune} says about a rate or a batch, and writes down. */
final class TuneProbes {
  /** Enough to level out a machine that does other things meanwhile. */
  private static final double SECONDS = 1;

  private final Config config;
  private final Path folder;
  private final boolean json;
  private final PrintWriter out;

  /**
   * For one configuration.
   *
   * @param folder made when there is something to write
   */
  TuneProbes(Config config, Path folder, boolean json, CommandSpec spec) {
    this.config = config;
    this.folder = folder;
    this.json = json;
    this.out = spec.commandLine().getOut();
  }

  /** The range test of the rate. */
  void rates(Backend backend) throws IOException {
    RateRange.Result result;
    try {
      result = Probes.rates(config, backend, RateRange.DEFAULT);
    } catch (IllegalArgumentException e) {
      throw new InputException(config.name() + ": " + e.getMessage(), e);
    }
    StringBuilder csv = new StringBuilder("step,rate,loss,smoothed_loss\n");
    List<RateRange.Point> points = result.points();
    for (int i = 0; i < points.size(); i++) {
      RateRange.Point p = points.get(i);
      csv.append(
          String.format(Locale.ROOT, "%d,%s,%s,%s%n", i + 1, p.rate(), p.loss(), p.smoothed()));
    }
    write("range-test.csv", csv.toString());
    write("range-test.svg", chart(points).toSvg());
    double suggested = result.suggested();
    if (json) {
      Map<String, Json> members = new LinkedHashMap<>();
      members.put("suggested_rate", Output.number(suggested));
      members.put("lowest_loss_rate", Json.of(result.lowest()));
      members.put("last_rate", Json.of(result.last()));
      members.put("exploded", Json.of(result.exploded()));
      members.put("steps", Json.of(points.size()));
      members.put("csv", Json.of(folder.resolve("range-test.csv").toString()));
      members.put("chart", Json.of(folder.resolve("range-test.svg").toString()));
      print(members);
      return;
    }
    out.printf(
        Locale.ROOT,
        "%d steps from rate %.1e: lowest loss at %.1e, %s%n",
        points.size(),
        points.getFirst().rate(),
        result.lowest(),
        result.exploded()
            ? String.format(Locale.ROOT, "exploded at %.1e", result.last())
            : String.format(Locale.ROOT, "still finite at %.1e", result.last()));
    if (result.fell()) {
      out.printf(Locale.ROOT, "suggested: train.rate: %.1e%n", suggested);
    } else {
      out.println(
          "no rate made the loss fall; look at the data (gatun data) and at"
              + " gatun train --overfit 2, or set train.clip");
    }
    out.println("chart: " + folder.resolve("range-test.svg"));
    out.flush();
  }

  private static LineChart chart(List<RateRange.Point> points) {
    // Powers of ten: a chart's horizontal axis is linear.
    double[] rate = points.stream().mapToDouble(p -> Math.log10(p.rate())).toArray();
    return new LineChart("Loss while the rate rises", "learning rate, power of ten", "loss")
        .line("mean of the last steps", rate, values(points, true), false)
        .line("each step", rate, values(points, false), true);
  }

  private static double[] values(List<RateRange.Point> points, boolean smoothed) {
    // What has exploded would flatten the rest of the chart.
    double most = 2 * Math.abs(points.getFirst().smoothed()) + points.getFirst().smoothed();
    return points.stream()
        .mapToDouble(p -> smoothed ? p.smoothed() : p.loss())
        .map(y -> y <= most ? y : Double.NaN)
        .toArray();
  }

  /** The probe of the batch. */
  void batches(Backend backend) throws IOException {
    BatchProbe.Result result = Probes.batches(config, backend, SECONDS);
    StringBuilder csv = new StringBuilder("batch,tokens_per_s\n");
    result
        .points()
        .forEach(
            p -> csv.append(String.format(Locale.ROOT, "%d,%.1f%n", p.batch(), p.perSecond())));
    write("batch-probe.csv", csv.toString());
    if (json) {
      Map<String, Json> members = new LinkedHashMap<>();
      members.put("suggested_batch", Json.of(result.suggested()));
      members.put("end", Json.of(Names.of(result.end())));
      members.put("batches", Json.of(result.points().stream().map(TuneProbes::point).toList()));
      members.put("csv", Json.of(folder.resolve("batch-probe.csv").toString()));
      print(members);
      return;
    }
    result
        .points()
        .forEach(
            p -> out.printf(Locale.ROOT, "batch %,d: %,.0f tokens/s%n", p.batch(), p.perSecond()));
    out.println(
        switch (result.end()) {
          case NO_FASTER -> "larger ones are no faster";
          case MEMORY -> "the next one does not fit into memory";
          case LARGEST -> "larger ones have no more examples";
        });
    out.printf(
        "suggested: %s: %d; with another batch test the rate again%n",
        TrainKeys.BATCH, result.suggested());
    out.flush();
  }

  private static Json point(BatchProbe.Point point) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("batch", Json.of(point.batch()));
    members.put("tokens_per_s", Output.number(point.perSecond()));
    return Json.of(members);
  }

  private void print(Map<String, Json> members) {
    out.println(Json.of(members).print());
    out.flush();
  }

  private void write(String name, String text) throws IOException {
    try {
      Files.createDirectories(folder);
      AtomicFiles.write(folder.resolve(name), text);
    } catch (IOException e) {
      throw new InputException(
          "--run %s: cannot be written to (%s); give another folder"
              .formatted(folder, e.getClass().getSimpleName()),
          e);
    }
  }
}
