package dev.gatun.app.cli;

import dev.gatun.app.InputException;
import dev.gatun.app.bench.Bench;
import dev.gatun.app.bench.Timing;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.persist.Json;
import java.util.Map;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun bench}. */
@Command(
    name = "bench",
    synopsisSubcommandLabel = "COMMAND",
    description = "Measure speed. Figures are medians; compare them on an idle machine only.")
final class BenchCommand {
  /** Three times the forward pass: two products for each of its own in backward. */
  private static final double TRAINING = 3;

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
      @Option(names = "--cell", required = true, converter = CellConverter.class) Cell cell,
      @Option(names = "--layers", defaultValue = "1", paramLabel = "L") int layers,
      @Option(names = "--time", required = true, paramLabel = "T") int time,
      @Option(names = "--batch", required = true, paramLabel = "N") int batch,
      @Option(names = "--input", required = true, paramLabel = "C") int input,
      @Option(names = "--hidden", required = true, paramLabel = "H") int hidden,
      @Option(names = "--bidirectional") boolean bidirectional,
      @Option(names = "--projection", defaultValue = "0", paramLabel = "P") int projection,
      @Option(names = "--mode", required = true, paramLabel = "infer|train") BenchMode mode,
      @Mixin BenchOptions options) {
    positive("--time", time);
    positive("--batch", batch);
    RecurrentSpec stack =
        checked(
            () ->
                new RecurrentSpec(cell, input, hidden, projection, layers, bidirectional, true, 0));
    boolean train = mode == BenchMode.TRAIN;
    double times = train ? TRAINING : 1;
    try (Backend backend = options.open()) {
      Timing timing =
          new Bench(backend, options.seconds())
              .recurrent(stack, time, batch, train ? Mode.TRAINING : Mode.INFERENCE);
      print(
          options,
          options.figures(
              timing,
              times * Bench.flops(stack, time, batch),
              times * Bench.bytes(stack, time, batch)));
    }
    return 0;
  }

  @Command(
      name = "step",
      description =
          "A language model's whole training step: embedding, recurrent stack, linear, softmax"
              + " cross-entropy, backward, clip, Adam.")
  int step(
      @Option(names = "--cell", required = true, converter = CellConverter.class) Cell cell,
      @Option(names = "--vocabulary", required = true, paramLabel = "V") int vocabulary,
      @Option(names = "--embedding", required = true, paramLabel = "E") int embedding,
      @Option(names = "--hidden", required = true, paramLabel = "H") int hidden,
      @Option(names = "--layers", defaultValue = "1", paramLabel = "L") int layers,
      @Option(names = "--batch", required = true, paramLabel = "N") int batch,
      @Option(names = "--time", required = true, paramLabel = "T") int time,
      @Option(names = "--optimizer", defaultValue = "adam") String optimizer,
      @Option(names = "--clip", defaultValue = "5") double clip,
      @Mixin BenchOptions options) {
    positive("--time", time);
    positive("--batch", batch);
    positive("--vocabulary", vocabulary);
    if (!optimizer.equals("adam")) {
      throw new InputException("--optimizer " + optimizer + ": give adam");
    }
    if (!(clip > 0)) {
      throw new InputException("--clip " + clip + ": give a norm above 0");
    }
    Bench.Step shape = new Bench.Step(cell, vocabulary, embedding, hidden, layers);
    RecurrentSpec stack = checked(shape::stack);
    try (Backend backend = options.open()) {
      Timing timing = new Bench(backend, options.seconds()).step(shape, time, batch, clip);
      double tokens = (double) time * batch;
      double flops =
          TRAINING * (Bench.flops(stack, time, batch) + 2 * tokens * hidden * vocabulary);
      double bytes =
          TRAINING
              * (Bench.bytes(stack, time, batch)
                  + Float.BYTES * ((double) hidden * vocabulary + tokens * vocabulary));
      Map<String, Json> figures = options.figures(timing, flops, bytes);
      figures.put("tokens_per_s", BenchOptions.rounded(tokens / timing.quantile(0.5) * 1e9));
      print(options, figures);
    }
    return 0;
  }

  @Command(
      name = "stream",
      description = "One step of a streaming session, from an array to an array.")
  int stream(
      @Option(names = "--cell", required = true, converter = CellConverter.class) Cell cell,
      @Option(names = "--input", required = true, paramLabel = "C") int input,
      @Option(names = "--hidden", required = true, paramLabel = "H") int hidden,
      @Option(names = "--layers", defaultValue = "1", paramLabel = "L") int layers,
      @Option(names = "--batch", defaultValue = "1", paramLabel = "N") int batch,
      @Mixin BenchOptions options) {
    positive("--batch", batch);
    RecurrentSpec stack = checked(() -> RecurrentSpec.of(cell, input, hidden).stacked(layers, 0));
    try (Backend backend = options.open()) {
      Timing timing = new Bench(backend, options.seconds()).stream(stack, batch);
      Map<String, Json> figures = options.times(timing);
      figures.put("p50_us", BenchOptions.rounded(timing.quantile(0.5) * 1e-3));
      figures.put("p99_us", BenchOptions.rounded(timing.quantile(0.99) * 1e-3));
      figures.put("allocated_bytes_per_step", Json.of(timing.allocatedPerRun()));
      print(options, figures);
    }
    return 0;
  }

  private void print(BenchOptions options, Map<String, Json> figures) {
    options.print(spec.commandLine().getOut(), figures);
  }

  private static void positive(String option, int value) {
    if (value < 1) {
      throw new InputException(option + " " + value + ": give at least 1");
    }
  }

  private static RecurrentSpec checked(Supplier<RecurrentSpec> spec) {
    try {
      return spec.get();
    } catch (IllegalArgumentException e) {
      throw new InputException(String.valueOf(e.getMessage()), e);
    }
  }
}
