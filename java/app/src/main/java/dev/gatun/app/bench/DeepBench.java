package dev.gatun.app.bench;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The recurrent shapes of Baidu Research's DeepBench: its training, server-inference and
 * device-inference lists, each one layer with as many input features as units.
 *
 * @see <a href="https://github.com/baidu-research/DeepBench">DeepBench</a>, {@code rnn_problems.h}
 *     and its inference lists
 */
public final class DeepBench {
  /**
   * One shape.
   *
   * @param list training, server or device
   * @param cell of the layer; DeepBench's vanilla layer has the ReLU
   * @param hidden H, and C
   */
  public record Shape(String list, Cell cell, int hidden, int batch, int time) {
    /** Such as {@code training/lstm-512-N16-T25}. */
    public String name() {
      String kind = cell == Cell.RELU ? "vanilla" : cell.name().toLowerCase(Locale.ROOT);
      return "%s/%s-%d-N%d-T%d".formatted(list, kind, hidden, batch, time);
    }

    /** The layer. */
    public RecurrentSpec spec() {
      return RecurrentSpec.of(cell, hidden, hidden);
    }

    /** Whether its list is about training. */
    public boolean training() {
      return list.equals("training");
    }
  }

  private static final int[] GRU_HIDDEN = {2816, 2048, 1536, 2560};
  private static final int[] GRU_TIME = {1500, 750, 375, 187};

  private final List<Shape> shapes = new ArrayList<>();

  private DeepBench() {}

  /** All shapes in the order of DeepBench's files. */
  public static List<Shape> shapes() {
    DeepBench bench = new DeepBench();
    bench.training();
    bench.server();
    bench.device();
    return List.copyOf(bench.shapes);
  }

  private void training() {
    int[] batches = {16, 32, 64, 128};
    add("training", Cell.RELU, new int[] {1760, 2048, 2560}, batches, 50);
    add("training", Cell.LSTM, new int[] {512, 1024, 2048, 4096}, batches, 25);
    add("training", Cell.LSTM, new int[] {1536}, new int[] {8, 16, 32}, 50);
    add("training", Cell.LSTM, new int[] {256}, new int[] {16, 32, 64}, 150);
    for (int i = 0; i < GRU_HIDDEN.length; i++) {
      add("training", Cell.GRU, new int[] {GRU_HIDDEN[i]}, new int[] {32}, GRU_TIME[i]);
    }
    add("training", Cell.GRU, new int[] {512}, new int[] {32}, 1);
    add("training", Cell.GRU, new int[] {1024}, new int[] {32, 64}, 1500);
  }

  private void server() {
    int[] batches = {1, 2, 4};
    add("server", Cell.LSTM, new int[] {512, 1024, 2048}, batches, 25);
    add("server", Cell.LSTM, new int[] {1536}, batches, 50);
    add("server", Cell.LSTM, new int[] {256}, batches, 150);
    for (int i = 0; i < GRU_HIDDEN.length; i++) {
      add("server", Cell.GRU, new int[] {GRU_HIDDEN[i]}, batches, GRU_TIME[i]);
    }
    add("server", Cell.GRU, new int[] {512}, batches, 1);
    add("server", Cell.GRU, new int[] {1024}, batches, 1500);
  }

  private void device() {
    int[] one = {1};
    add("device", Cell.RELU, new int[] {32}, one, 672);
    add("device", Cell.RELU, new int[] {64}, one, 96);
    add("device", Cell.LSTM, new int[] {256}, one, 150);
  }

  private void add(String list, Cell cell, int[] hidden, int[] batches, int time) {
    for (int h : hidden) {
      for (int n : batches) {
        shapes.add(new Shape(list, cell, h, n, time));
      }
    }
  }
}
