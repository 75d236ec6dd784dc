package dev.gatun.app.task;

import dev.gatun.app.config.AugmentKeys;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.data.Augmentation;
import dev.gatun.data.Augmentations;
import dev.gatun.data.AugmentedSource;
import dev.gatun.data.BatchSource;
import java.util.ArrayList;
import java.util.List;

/** From the keys under {@code data.augment:} to augmentations. */
final class Augmented {
  private Augmented() {}

  /** The source with what is turned on; the source itself with nothing. */
  static BatchSource of(Config config, BatchSource training) {
    List<Augmentation> all = new ArrayList<>();
    DataKeys.Kind kind = config.get(DataKeys.TYPE);
    if (kind == DataKeys.Kind.SEQUENCES || kind == DataKeys.Kind.STRINGS) {
      addOfMeaning(config, all);
    }
    if (kind != DataKeys.Kind.SERIES) {
      addOfPace(config, all);
    }
    if (kind != DataKeys.Kind.STRINGS) {
      addOfNumbers(config, all);
    }
    return all.isEmpty()
        ? training
        : new AugmentedSource(training, config.get(TrainKeys.SEED), all);
  }

  private static void addOfMeaning(Config config, List<Augmentation> all) {
    if (config.get(AugmentKeys.REVERSE) > 0) {
      all.add(Augmentations.reverse(config.get(AugmentKeys.REVERSE)));
    }
    if (config.get(AugmentKeys.SHIFT) > 0) {
      all.add(Augmentations.shift(config.get(AugmentKeys.SHIFT)));
    }
  }

  private static void addOfPace(Config config, List<Augmentation> all) {
    if (config.get(AugmentKeys.WARP) > 0) {
      all.add(Augmentations.warp(config.get(AugmentKeys.WARP)));
    }
    if (config.get(AugmentKeys.REPEAT) > 0) {
      all.add(Augmentations.repeat(config.get(AugmentKeys.REPEAT)));
    }
  }

  private static void addOfNumbers(Config config, List<Augmentation> all) {
    if (config.get(AugmentKeys.SCALING) > 0) {
      all.add(Augmentations.scaling(config.get(AugmentKeys.SCALING)));
    }
    if (config.get(AugmentKeys.JITTER) > 0) {
      all.add(Augmentations.jitter(config.get(AugmentKeys.JITTER)));
    }
    if (config.get(AugmentKeys.TIME_MASK) > 0) {
      all.add(Augmentations.timeMask(config.get(AugmentKeys.TIME_MASK)));
    }
  }
}
