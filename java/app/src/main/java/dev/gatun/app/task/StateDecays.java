package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.ConvolutionKeys;
import dev.gatun.app.config.DenseKeys;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.ReadoutKeys;
import dev.gatun.app.config.ReadoutKeys.Norm;
import dev.gatun.app.config.SeriesKeys;
import dev.gatun.model.Layer;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import java.util.ArrayList;
import java.util.List;

/** {@link SeriesKeys#HIDDEN_DECAY}: the lowest recurrent layer takes the ages of inputs. */
final class StateDecays {
  private StateDecays() {}

  /** Puts a layer whose states fade in place of the lowest, right behind the input's decay. */
  static void add(List<Layer> layers, Config config, int ages) {
    check(config);
    layers.set(
        1,
        switch (layers.get(1)) {
          case RecurrentLayer layer -> layer.decayed(ages);
          case RecurrentStack stack -> lowest(stack, ages);
          default -> throw new IllegalStateException("not recurrent: " + layers.get(1));
        });
  }

  private static RecurrentStack lowest(RecurrentStack stack, int ages) {
    List<RecurrentLayer> all = new ArrayList<>(stack.layers());
    all.set(0, all.getFirst().decayed(ages));
    return new RecurrentStack(stack.name(), all, stack.dropouts(), stack.merge(), stack.lastOnly());
  }

  /** Ages would not be ages after these, and time runs one way. */
  private static void check(Config config) {
    if (config.get(ModelKeys.BIDIRECTIONAL)) {
      throw clash(config, ModelKeys.BIDIRECTIONAL, "false");
    }
    if (!config.get(ConvolutionKeys.CHANNELS).equals(List.of(0))) {
      throw clash(config, ConvolutionKeys.CHANNELS, "0");
    }
    if (!config.get(DenseKeys.INPUT_UNITS).equals(List.of(0))) {
      throw clash(config, DenseKeys.INPUT_UNITS, "0");
    }
    Norm norm = config.get(ReadoutKeys.BATCH_NORM);
    if (norm == Norm.INPUT || norm == Norm.BOTH) {
      throw clash(config, ReadoutKeys.BATCH_NORM, "none or layers");
    }
    if (config.get(ModelKeys.INPUT_DROPOUT) > 0) {
      throw clash(config, ModelKeys.INPUT_DROPOUT, "0");
    }
  }

  private static RuntimeException clash(Config config, Key<?> key, String right) {
    return config.error(
        SeriesKeys.HIDDEN_DECAY,
        "true; states fade with ages as they are, in one direction, which %s changes; give %s: %s"
            .formatted(key, key, right));
  }
}
