package dev.gatun.app.cli;

import dev.gatun.app.bench.Bench;
import dev.gatun.app.bench.Cold;
import dev.gatun.app.bench.Timing;
import dev.gatun.app.config.InputException;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightType;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun bench}. */
@Command(
    name = "bench",
    synopsisSubcommandLabel = "COMMAND",
    description = "Measure speed. Figures are medians; compare them on an idle machine only.")
final class BenchCommand {
  /** Long enough for the compilers to finish. */
  private static final double COLD_SECONDS = 8;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** What is timed. */
  enum BenchMode {
    INFER,
    TRAIN
  }

  @Command(
      name = "rnn",
      description =
          "One recurrent stack: forward, or forward and backward with dx and all weight gradients."
              + " Packing weights counts in train, not in infer.")
  int rnn(
      @Mixin BenchStack shape,
      @Option(names = "--mode", required = true, paramLabel = "infer|train") BenchMode mode,
      @Mixin BenchGraphs graphs,
      @Mixin BenchOptions options) {
    RecurrentSpec stack = shape.spec();
    int time = shape.time();
    int batch = shape.batch();
    boolean train = mode == BenchMode.TRAIN;
    double times = train ? Bench.PASSES : 1;
    Bench.Measured measured =
        options.with(
            (backend, bench) ->
                bench.recurrent(
                    stack,
                    time,
                    batch,
                    train ? Mode.TRAINING : Mode.INFERENCE,
                    graphs.on(backend)));
    print(
        options,
        options.figures(
            measured,
            times * Bench.flops(stack, time, batch),
            times * Bench.bytes(stack, time, batch)));
    return 0;
  }

  @Command(
      name = "step",
      description =
          "A language model's whole training step: embedding, recurrent stack, linear, softmax"
              + " cross-entropy, backward, clip, Adam.")
  int step(@Mixin BenchModel model, @Mixin BenchOptions options) {
    Bench.Step shape = model.shape();
    int time = model.time();
    int batch = model.batch();
    Bench.Measured measured =
        options.with(
            (backend, bench) ->
                bench.step(shape, time, batch, model.clip(), model.graphs(backend)));
    Map<String, Json> figures =
        options.figures(
            measured, Bench.stepFlops(shape, time, batch), Bench.stepBytes(shape, time, batch));
    double tokens = (double) time * batch;
    figures.put(
        "tokens_per_s", BenchOptions.rounded(tokens / measured.timing().quantile(0.5) * 1e9));
    print(options, figures);
    return 0;
  }

  @Command(
      name = "stream",
      description = "One step of a streaming session, from an array to an array.")
  int stream(
      @Option(
              names = "--cell",
              required = true,
              paramLabel = "CELL",
              converter = CellConverter.class,
              description = CellConverter.CELLS)
          Cell cell,
      @Option(names = "--input", required = true, paramLabel = "C", description = "Input features.")
          int input,
      @Option(names = "--hidden", required = true, paramLabel = "H", description = "Units.")
          int hidden,
      @Option(names = "--layers", defaultValue = "1", paramLabel = "L", description = "Default: 1.")
          int layers,
      @Option(
              names = "--batch",
              defaultValue = "1",
              paramLabel = "N",
              description = "Streams that step together. Default: 1.")
          int batch,
      @Mixin BenchGraphs graphs,
      @Mixin BenchOptions options) {
    BenchStack.positive("--batch", batch);
    RecurrentSpec stack = stack(cell, input, hidden, layers);
    WeightType weights = options.weights();
    Bench.Measured measured =
        options.withWeights(
            (backend, bench) -> bench.stream(stack, batch, weights, graphs.on(backend)));
    Timing timing = measured.timing();
    Map<String, Json> figures = options.times(measured);
    figures.put("p50_us", BenchOptions.rounded(timing.quantile(0.5) * 1e-3));
    figures.put("p99_us", BenchOptions.rounded(timing.quantile(0.99) * 1e-3));
    figures.put("allocated_bytes_per_step", Json.of(timing.allocatedPerRun()));
    figures.put("flops", BenchOptions.rounded(Bench.flops(stack, 1, batch)));
    figures.put("bytes", BenchOptions.rounded(Bench.bytes(stack, 1, batch)));
    print(options, figures);
    return 0;
  }

  @Command(
      name = "cold",
      description =
          "From the start of a process to the end of the first training step, and to full speed:"
              + " lstm, V96 E64 H128 L2 N32 T64.")
  int cold(@Mixin BenchOptions options) {
    Bench.Step shape = new Bench.Step(Cell.LSTM, 96, 64, 128, 2);
    Cold cold = options.withLeast(COLD_SECONDS, (_, bench) -> bench.cold(shape, 64, 32, 5));
    Map<String, Json> figures = new LinkedHashMap<>();
    figures.put("first_step_s", BenchOptions.rounded(cold.firstStep()));
    figures.put("full_speed_s", BenchOptions.rounded(cold.fullSpeed()));
    figures.put("median_ms", BenchOptions.rounded(cold.medianNanos() * 1e-6));
    figures.put("runs", Json.of((long) cold.steps()));
    figures.put("threads", Json.of((long) options.threads()));
    print(options, figures);
    return 0;
  }

  @Command(
      name = "lines",
      description = {
        "Many measurements in one process: each line of standard input is a command of bench"
            + " without its name, as \"rnn --cell lstm ... --device cuda\", and is answered by one"
            + " line of JSON, or by its status and error.",
        "Devices and compiled code are kept from one to the next."
      })
  int lines() throws IOException {
    BenchLines.run(spec.commandLine().getOut());
    return 0;
  }

  @Command(
      name = "suite",
      description = "Many shapes: those of DeepBench. The largest take minutes and gigabytes.")
  int suite(
      @Parameters(paramLabel = "deepbench") String name,
      @Mixin BenchSuite suite,
      @Mixin BenchOptions options)
      throws IOException {
    if (!name.equals("deepbench")) {
      throw new InputException("suite " + name + ": unknown; give deepbench");
    }
    if (suite.list()) {
      print(options, suite.shapesAsJson(name));
      return 0;
    }
    List<Json.Members> results = suite.run(options, spec.commandLine().getErr());
    if (options.json()) {
      Map<String, Json> all = new LinkedHashMap<>();
      all.put("suite", Json.of(name));
      all.put("results", Json.of(results));
      print(options, all);
    }
    return 0;
  }

  private void print(BenchOptions options, Map<String, Json> figures) {
    options.print(spec.commandLine().getOut(), figures);
  }

  private static RecurrentSpec stack(Cell cell, int input, int hidden, int layers) {
    try {
      return RecurrentSpec.of(cell, input, hidden).stacked(layers, 0);
    } catch (IllegalArgumentException e) {
      throw new InputException(String.valueOf(e.getMessage()), e);
    }
  }
}
