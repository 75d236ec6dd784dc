package dev.gatun.app.cli;

import dev.gatun.persist.Json;
import java.util.LinkedHashMap;
import java.util.Map;

/** Numbers in JSON, which knows no NaN and no infinity. */
final class Output {
  private Output() {}

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
