package dev.gatun.app.task;

import dev.gatun.app.config.AugmentKeys;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.ConvolutionKeys;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.ReadoutKeys;
import dev.gatun.app.config.ReadoutKeys.Norm;
import dev.gatun.app.config.ReadoutKeys.Readout;
import dev.gatun.app.config.SeriesKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.data.Range;
import dev.gatun.data.WindowData;
import dev.gatun.data.WindowSource;
import java.util.List;

/** {@link TrainKeys#ADVANCE} of series: windows that go on from the state of the one before. */
final class CarriedWindows {
  private CarriedWindows() {}

  static WindowSource training(Config config, WindowData data, Range rows) {
    try {
      return WindowSource.carried(
          data, rows, config.get(TrainKeys.BATCH), config.get(TrainKeys.ADVANCE));
    } catch (IllegalArgumentException e) {
      throw config.error(DataKeys.WINDOW, String.valueOf(e.getMessage()));
    }
  }

  /** Refuses what state cannot be carried through. */
  static void check(Config config) {
    int advance = config.get(TrainKeys.ADVANCE);
    int window = config.get(DataKeys.WINDOW);
    if (advance > window) {
      throw config.error(
          TrainKeys.ADVANCE, "%d; give at most data.window, %d".formatted(advance, window));
    }
    apart(config, DataKeys.STRIDE, config.get(DataKeys.STRIDE) != 1, "1: train.k1 takes its place");
    apart(config, DataKeys.RELATIVE, config.get(DataKeys.RELATIVE), "false");
    apart(config, SeriesKeys.WINDOW_START, config.get(SeriesKeys.WINDOW_START) > 0, "0");
    boolean drops = config.get(SeriesKeys.MISSING) == SeriesKeys.Missing.DROP;
    apart(config, SeriesKeys.MISSING, drops, "another, as forward");
    apart(config, ModelKeys.BIDIRECTIONAL, config.get(ModelKeys.BIDIRECTIONAL), "false");
    boolean convolves = !config.get(ConvolutionKeys.CHANNELS).equals(List.of(0));
    apart(config, ConvolutionKeys.CHANNELS, convolves, "0");
    Readout readout = config.get(ReadoutKeys.READOUT);
    boolean pools = readout != Readout.LAST && readout != Readout.LAYERS;
    apart(config, ReadoutKeys.READOUT, pools, "last or layers");
    boolean overlaps = advance < window && config.get(ReadoutKeys.BATCH_NORM) != Norm.NONE;
    apart(config, ReadoutKeys.BATCH_NORM, overlaps, "none, or train.k1: data.window");
    for (Key<Double> key : List.of(AugmentKeys.SCALING, AugmentKeys.JITTER)) {
      apart(config, key, config.get(key) > 0, "0");
    }
    apart(config, AugmentKeys.TIME_MASK, config.get(AugmentKeys.TIME_MASK) > 0, "0");
  }

  private static void apart(Config config, Key<?> key, boolean set, String right) {
    if (set) {
      throw config.error(
          TrainKeys.ADVANCE,
          "%d; with %s as it is windows do not go on from one another; give %s: %s, or train.k1: 0"
              .formatted(config.get(TrainKeys.ADVANCE), key, key, right));
    }
  }
}
