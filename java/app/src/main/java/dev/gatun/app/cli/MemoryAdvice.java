package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.UpdateKeys;
import dev.gatun.backend.DeviceOutOfMemoryError;
import dev.gatun.optim.Place;

/** What to say when memory has run out: what was wanted, and once what to lower. */
final class MemoryAdvice {
  private MemoryAdvice() {}

  /** For a command without a configuration of its own. */
  static String of(OutOfMemoryError e) {
    return text(
        e,
        e instanceof DeviceOutOfMemoryError
            ? "lower the sequences, the steps, the layers or the units, or give --device cpu"
            : "lower the hidden size, the layers, the batch or the steps (model.hidden,"
                + " model.layers, train.batch, train.time_steps)");
  }

  /** For training. */
  static String of(OutOfMemoryError e, Config config) {
    String steps =
        switch (config.get(DataKeys.TYPE)) {
          case TEXT -> ", " + TrainKeys.TIME_STEPS;
          case SERIES -> ", " + DataKeys.WINDOW;
          default -> "";
        };
    String advice = "lower " + TrainKeys.BATCH + steps + ", model.hidden or model.layers";
    if (e instanceof DeviceOutOfMemoryError memory) {
      boolean pinned = memory.facts().contains("pinned");
      boolean host = config.get(UpdateKeys.PLACE) == Place.HOST;
      if (pinned == host) {
        advice += ", or set " + UpdateKeys.PLACE + ": " + (pinned ? "device" : "host");
      }
    }
    return text(e, advice);
  }

  private static String text(OutOfMemoryError e, String advice) {
    String facts =
        e instanceof DeviceOutOfMemoryError memory
            ? memory.facts()
            : String.valueOf(e.getMessage());
    String more = facts.contains("Java heap") ? "; or give Java more: GATUN_JAVA_OPTS=-Xmx8g" : "";
    return "out of memory: " + facts + System.lineSeparator() + advice + more;
  }
}
