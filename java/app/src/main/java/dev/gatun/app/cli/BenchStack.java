package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.RecurrentSpec;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that describe a recurrent stack to be timed over whole sequences. */
final class BenchStack {
  @Option(
      names = "--cell",
      required = true,
      paramLabel = "CELL",
      converter = CellConverter.class,
      description = CellConverter.CELLS)
  private Cell cell = Cell.LSTM;

  @Option(names = "--layers", defaultValue = "1", paramLabel = "L", description = "Default: 1.")
  private int layers;

  @Option(names = "--time", required = true, paramLabel = "T", description = "Steps.")
  private int time;

  @Option(names = "--batch", required = true, paramLabel = "N", description = "Sequences.")
  private int batch;

  @Option(names = "--input", required = true, paramLabel = "C", description = "Input features.")
  private int input;

  @Option(names = "--hidden", required = true, paramLabel = "H", description = "Units.")
  private int hidden;

  @Option(names = "--bidirectional", description = "Both directions.")
  private boolean bidirectional;

  @Option(
      names = "--projection",
      defaultValue = "0",
      paramLabel = "P",
      description = "Width of the projected state (lstm). Default: none.")
  private int projection;

  @Option(names = "--peephole", description = "The gates see c (lstm).")
  private boolean peephole;

  @Option(
      names = "--cell-clip",
      defaultValue = "0",
      paramLabel = "X",
      description = "Limit of the absolute value of c (lstm). Default: none.")
  private double clip;

  @Mixin private BenchRegularization regularization = new BenchRegularization();

  int time() {
    return positive("--time", time);
  }

  int batch() {
    return positive("--batch", batch);
  }

  RecurrentSpec spec() {
    positive("--input", input);
    positive("--hidden", hidden);
    positive("--layers", layers);
    try {
      return new RecurrentSpec(cell, input, hidden, projection, layers, bidirectional, true, 0)
          .regularized(regularization.of(cell))
          .with(new CellOptions(peephole, clip));
    } catch (IllegalArgumentException e) {
      throw new InputException(asTyped(String.valueOf(e.getMessage())), e);
    }
  }

  /** The library's names as options. */
  private static String asTyped(String message) {
    return message
        .replace("hiddenSize", "--hidden")
        .replace("layerNorm", "--layer-norm")
        .replaceFirst("^clip", "--cell-clip")
        .replaceFirst("^peephole", "--peephole")
        .replace("inputSize", "--input")
        .replace("projectionSize", "--projection")
        .replaceAll("zoneout(Cell|Hidden)", "--zoneout")
        .replaceAll("variational(Input|Hidden)", "--variational-dropout")
        .replace("recurrentDropout", "--recurrent-dropout")
        .replace("dropConnect", "--dropconnect");
  }

  /** A number that has to be at least 1. */
  static int positive(String option, int value) {
    if (value < 1) {
      throw new InputException(option + " " + value + ": give at least 1");
    }
    return value;
  }
}
