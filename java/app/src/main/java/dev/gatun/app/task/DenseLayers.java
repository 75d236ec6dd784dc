package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DenseKeys;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.Activation;
import dev.gatun.model.ActivationLayer;
import dev.gatun.model.Dropout;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import java.util.List;

/** From the keys under {@code model.dense:} and {@code model.input_dense:} to layers. */
final class DenseLayers {
  private DenseLayers() {}

  /** Those in front of the recurrent layers, the same at every step. */
  static void addInput(List<Layer> layers, Config config) {
    add(
        layers,
        config,
        DenseKeys.INPUT_UNITS,
        config.get(DenseKeys.INPUT_ACTIVATION),
        List.of(0.0));
  }

  /** Those between what the recurrent layers give and the output layer. */
  static void addHidden(List<Layer> layers, Config config) {
    List<Double> dropouts = config.get(DenseKeys.DROPOUT);
    List<Integer> units = config.get(DenseKeys.UNITS);
    boolean none = units.equals(List.of(0));
    if (none && dropouts.stream().anyMatch(rate -> rate > 0)) {
      throw config.error(
          DenseKeys.DROPOUT,
          dropouts + "; there is no dense layer; give model.dense.units, or leave it out");
    }
    if (!none && dropouts.size() != 1 && dropouts.size() != units.size()) {
      throw config.error(
          DenseKeys.DROPOUT,
          "%d rates for %d dense layers; give 1, or %d"
              .formatted(dropouts.size(), units.size(), units.size()));
    }
    boolean byHeart = config.get(TrainKeys.OVERFIT) > 0;
    add(
        layers,
        config,
        DenseKeys.UNITS,
        config.get(DenseKeys.ACTIVATION),
        byHeart ? List.of(0.0) : dropouts);
  }

  private static void add(
      List<Layer> layers,
      Config config,
      Key<List<Integer>> key,
      Activation activation,
      List<Double> dropouts) {
    List<Integer> units = config.get(key);
    if (units.equals(List.of(0))) {
      return;
    }
    String name = key.equals(DenseKeys.UNITS) ? "dense" : "input_dense";
    for (int i = 0; i < units.size(); i++) {
      if (units.get(i) == 0) {
        throw config.error(key, units + "; give each dense layer at least 1, or 0 alone");
      }
      layers.add(Starts.of(config, Linear.of(units.get(i)).named(name + i), activation));
      if (activation != Activation.IDENTITY) {
        layers.add(ActivationLayer.of(activation).named(name + i + "_activation"));
      }
      double dropout = dropouts.get(Math.min(i, dropouts.size() - 1));
      if (dropout > 0) {
        layers.add(Dropout.of(dropout).named(name + i + "_dropout"));
      }
    }
  }
}
