package dev.gatun.app.cli;

import dev.gatun.app.bench.Bench;
import dev.gatun.app.config.InputException;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that describe a language model whose training step is timed. */
final class BenchModel {
  @Option(
      names = "--cell",
      required = true,
      paramLabel = "CELL",
      converter = CellConverter.class,
      description = CellConverter.CELLS)
  private Cell cell = Cell.LSTM;

  @Option(names = "--vocabulary", required = true, paramLabel = "V", description = "Tokens.")
  private int vocabulary;

  @Option(names = "--embedding", required = true, paramLabel = "E", description = "Its width.")
  private int embedding;

  @Option(names = "--hidden", required = true, paramLabel = "H", description = "Units.")
  private int hidden;

  @Option(names = "--layers", defaultValue = "1", paramLabel = "L", description = "Default: 1.")
  private int layers;

  @Option(names = "--batch", required = true, paramLabel = "N", description = "Sequences.")
  private int batch;

  @Option(names = "--time", required = true, paramLabel = "T", description = "Steps.")
  private int time;

  @Option(names = "--optimizer", defaultValue = "adam", description = "adam.")
  private String optimizer = "adam";

  @Option(
      names = "--clip",
      defaultValue = "5",
      paramLabel = "X",
      description = "Largest norm of the gradient. Default: 5.")
  private double clip;

  @Mixin private BenchGraphs graphs = new BenchGraphs();

  /** Whether the step is a graph, which the backend has to have. */
  boolean graphs(Backend backend) {
    return graphs.on(backend);
  }

  int time() {
    return BenchStack.positive("--time", time);
  }

  int batch() {
    return BenchStack.positive("--batch", batch);
  }

  double clip() {
    if (!(clip > 0)) {
      throw new InputException("--clip " + clip + ": give a norm above 0");
    }
    return clip;
  }

  Bench.Step shape() {
    BenchStack.positive("--vocabulary", vocabulary);
    if (!optimizer.equals("adam")) {
      throw new InputException("--optimizer " + optimizer + ": give adam");
    }
    Bench.Step shape = new Bench.Step(cell, vocabulary, embedding, hidden, layers);
    try {
      shape.stack();
      return shape;
    } catch (IllegalArgumentException e) {
      throw new InputException(String.valueOf(e.getMessage()), e);
    }
  }
}
