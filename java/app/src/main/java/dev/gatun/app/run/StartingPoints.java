package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.UpdateKeys;
import java.util.ArrayList;
import java.util.List;

/**
 * The usual first values of {@code docs/techniques/starting-points.md}, and what is far outside.
 */
public final class StartingPoints {
  private static final String RATES = "0.1, 0.01 or 0.001";

  private StartingPoints() {}

  /** One line for each value far outside the usual ones; empty if there is none. */
  public static List<String> warnings(Config config) {
    List<String> warnings = new ArrayList<>();
    for (int units : config.get(ModelKeys.HIDDEN)) {
      if (units < 4 || units > 4096) {
        add(warnings, "model.hidden", units, "128, 256 or 512, for small data 32 or 64");
      }
    }
    int layers = Math.max(config.get(ModelKeys.LAYERS), config.get(ModelKeys.HIDDEN).size());
    if (layers > 8) {
      add(warnings, "model.layers", layers, "1 to 4");
    }
    rate(warnings, config, layers);
    for (double dropout : config.get(ModelKeys.DROPOUT)) {
      if (dropout > 0.8) {
        add(warnings, "model.dropout", dropout, "0.3, 0.5 or 0.7");
      }
    }
    double decay = config.get(TrainKeys.WEIGHT_DECAY);
    if (decay > 0.1) {
      add(warnings, "train.weight_decay", decay, "0.001 or 0.0001");
    }
    double clip = config.get(TrainKeys.CLIP);
    if (clip > 0 && (clip < 0.01 || clip > 1000)) {
      add(warnings, "train.clip", clip, "5, or 0.25 to 10");
    }
    int batch = config.get(TrainKeys.BATCH);
    if (batch > 10_000) {
      add(warnings, "train.batch", batch, "1 to 10,000");
    }
    switch (config.get(UpdateKeys.SCHEDULE)) {
      case STEP, EXPONENTIAL, PLATEAU -> {
        double gamma = config.get(UpdateKeys.GAMMA);
        if (gamma < 0.01) {
          add(warnings, "train.schedule.gamma", gamma, "0.5");
        }
      }
      default -> {}
    }
    return warnings;
  }

  private static void rate(List<String> warnings, Config config, int layers) {
    double rate = config.get(TrainKeys.RATE);
    double most =
        switch (config.get(UpdateKeys.OPTIMIZER)) {
          case SGD, ADAGRAD -> 10;
          case ADADELTA -> 100;
          case ADAM, ADAMW, NADAM, RMSPROP, LAMB -> 0.3;
          case LION -> 0.03;
        };
    if (rate > most || rate < 1e-6) {
      add(warnings, "train.rate", rate, RATES + ", less for long sequences and many layers");
    } else if (layers >= 4 && rate > most / 10) {
      add(warnings, "train.rate", rate, "less for " + layers + " layers, as 0.001");
    }
  }

  private static void add(List<String> warnings, String key, Number value, String usual) {
    String shown = value instanceof Integer ? value.toString() : Numbers.shown(value.doubleValue());
    warnings.add("%s %s is far from the usual: %s".formatted(key, shown, usual));
  }
}
