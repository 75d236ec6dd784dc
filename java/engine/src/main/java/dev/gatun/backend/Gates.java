package dev.gatun.backend;

import java.util.Arrays;
import java.util.List;

/**
 * What the gates of one layer and direction were for one sequence, for pictures.
 *
 * @param cell whose they are
 * @param layer from 0
 * @param direction 0 forward, 1 backward in time
 * @param sequence from 0
 * @param values [t][G*H] for its valid steps, after their activations, in PyTorch's order: {@link
 *     #names}
 * @param c [t][H], of an LSTM after each step; else of no steps
 * @param h [t][P or H] after each step
 */
@SuppressWarnings("ArrayRecordComponent") // copies made for whoever asks
public record Gates(
    Cell cell,
    int layer,
    int direction,
    int sequence,
    double[][] values,
    double[][] c,
    double[][] h) {
  /**
   * The gates in the order of {@link #values}: i, f, g, o or r, z, n; h alone for a simple cell.
   */
  public static List<String> names(Cell cell) {
    return switch (cell) {
      case LSTM -> List.of("i", "f", "g", "o");
      case GRU, GRU_RESET_BEFORE -> List.of("r", "z", "n");
      case TANH, RELU, SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY -> List.of("h");
    };
  }

  /** One gate's values [t][H], by its place in {@link #names}. */
  public double[][] gate(int index) {
    int size = values.length == 0 ? 0 : values[0].length / names(cell).size();
    double[][] gate = new double[values.length][];
    for (int t = 0; t < gate.length; t++) {
      gate[t] = Arrays.copyOfRange(values[t], index * size, (index + 1) * size);
    }
    return gate;
  }

  /** The same as of another layer. */
  public Gates inLayer(int number) {
    return new Gates(cell, number, direction, sequence, values, c, h);
  }
}
