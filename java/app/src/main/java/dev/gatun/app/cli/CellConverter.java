package dev.gatun.app.cli;

import dev.gatun.app.config.Names;
import dev.gatun.backend.Cell;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a cell's name. */
final class CellConverter implements ITypeConverter<Cell> {
  /** What help says. */
  static final String CELLS =
      "lstm, gru, gru-reset-before, or a simple cell by its activation: tanh, relu, sigmoid,"
          + " softmax, leaky-relu, elu or identity.";

  @Override
  public Cell convert(String text) {
    for (Cell cell : Cell.values()) {
      if (Names.of(cell).equals(text)) {
        return cell;
      }
    }
    throw new TypeConversionException(
        "'%s' is no cell; give one of %s"
            .formatted(
                text,
                Arrays.stream(Cell.values()).map(Names::of).collect(Collectors.joining(", "))));
  }
}
