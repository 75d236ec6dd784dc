package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Files that commands write, and numbers in JSON, which knows no NaN and no infinity. */
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

  /**
   * As {@link #checkWritable}, of a drawing: no file of another kind is replaced by mistake.
   *
   * @param option that named it
   */
  static void checkDrawing(String option, Path file) {
    checkWritable(option, file);
    if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".svg")) {
      throw new InputException(option + " " + file + ": give a file that ends in .svg");
    }
  }

  /**
   * Checks that a file to be written is none of those that are read, by whatever name.
   *
   * @param option that named it
   * @param read files, those that are not there too
   * @throws InputException if it is one of them
   */
  static void checkApart(String option, Path file, Path... read) throws IOException {
    for (Path other : read) {
      if (Files.exists(file) && Files.exists(other) && Files.isSameFile(file, other)) {
        throw new InputException(
            option + " " + file + ": is read too, and would be lost; give another path");
      }
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
