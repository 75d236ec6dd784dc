package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.Map;

/** What tasks learn from a training part besides weights, and find again in a checkpoint. */
final class Learnt {
  private Learnt() {}

  /** Scales fitted as the configuration says. */
  static Scaler scaler(Config config, Series rows, Range training) {
    return switch (config.get(DataKeys.SCALER)) {
      case STANDARD -> Scaler.standard(rows, training);
      case MINMAX -> Scaler.minMax(rows, training);
      case NONE -> Scaler.identity(rows);
    };
  }

  /**
   * One of a checkpoint's strings.
   *
   * @param otherwise what a checkpoint is, or is not, that lacks it
   * @throws FormatException if it does
   */
  static Json stored(Map<String, String> stored, String name, String otherwise) {
    String json = stored.get(name);
    if (json == null) {
      throw new FormatException("the checkpoint keeps no " + name + ": " + otherwise);
    }
    return Json.parse(json);
  }
}
