package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.persist.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Numbers in JSON, which knows no NaN and no infinity. */
final class Output {
  private Output() {}

  /**
   * Checks, before anything is computed, that a file can be written.
   *
   * @param option that named it
   */
  static void checkWritable(String option, Path file) {
    if (file.toString().isEmpty()) {
      throw new InputException(option + ": empty; give the path of a file");
    }
    Path folder = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file)) {
      throw new InputException(option + " " + file + ": is a folder; give the path of a file");
    }
    if (folder == null || !Files.isDirectory(folder)) {
      throw new InputException(
          option + " " + file + ": no folder " + folder + "; make it or give another path");
    }
    if (!Files.isWritable(folder)) {
      throw new InputException(
          option + " " + file + ": " + folder + " cannot be written to; give another path");
    }
  }

  /** A number, or null where there is none. */
  static Json number(double value) {
    return Double.isFinite(value) ? Json.of(value) : Json.Null.NULL;
  }

  /** Numbers by name. */
  static Json numbers(Map<String, Double> values) {
    Map<String, Json> members = new LinkedHashMap<>();
    values.forEach((name, value) -> members.put(name, number(value)));
    return Json.of(members);
  }
}
