package dev.gatun.app.cli;

import dev.gatun.backend.Cell;
import dev.gatun.backend.Regularization;
import picocli.CommandLine.Option;

/** The options that regularise the cells of a timed stack. */
final class BenchRegularization {
  @Option(names = "--layer-norm", description = "Normalise inside the cells (lstm, gru).")
  private boolean layerNorm;

  @Option(
      names = "--zoneout",
      defaultValue = "0",
      paramLabel = "X",
      description = "Rate of zoneout, of h and of an LSTM's c.")
  private double zoneout;

  @Option(
      names = "--variational-dropout",
      defaultValue = "0",
      paramLabel = "X",
      description = "Rate of the masks that all steps share, of the input and of h.")
  private double variational;

  @Option(
      names = "--recurrent-dropout",
      defaultValue = "0",
      paramLabel = "X",
      description = "Rate of dropout of the candidate (lstm, gru).")
  private double recurrent;

  @Option(
      names = "--dropconnect",
      defaultValue = "0",
      paramLabel = "X",
      description = "Rate of dropping recurrent weights.")
  private double dropConnect;

  /**
   * What was asked for.
   *
   * @throws IllegalArgumentException if a rate is out of range
   */
  Regularization of(Cell cell) {
    return new Regularization(
        layerNorm,
        cell.hasCellState() ? zoneout : 0,
        zoneout,
        variational,
        variational,
        recurrent,
        dropConnect);
  }
}
