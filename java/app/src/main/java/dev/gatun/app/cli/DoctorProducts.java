package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.backend.cpu.Calibration;
import dev.gatun.backend.cpu.ProductChoice;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code gatun doctor} says about the large products.
 *
 * @param choice what new runs compute with
 * @param source why
 * @param speeds both engines', or null if they could not be measured
 * @param problem why they could not be kept, or null
 */
record DoctorProducts(
    ProductChoice choice, String source, @Nullable Calibration speeds, @Nullable String problem) {
  /** Reads what was measured; measures, and keeps it, where nothing was or {@code again}. */
  static DoctorProducts look(boolean again) {
    @Nullable Calibration speeds = again ? null : Calibration.stored();
    String source = "measured before";
    @Nullable String problem = null;
    if (speeds == null) {
      speeds = Calibration.measure();
      source = "measured now";
      try {
        if (speeds != null) {
          speeds.store();
        }
      } catch (IOException e) {
        problem = e.getMessage();
      }
    }
    @Nullable ProductChoice set = set();
    if (set != null) {
      return new DoctorProducts(set, ProductChoice.SETTING, speeds, problem);
    }
    // What could not be kept, no run will find.
    return speeds == null || problem != null
        ? new DoctorProducts(ProductChoice.OPENBLAS, "default", speeds, problem)
        : new DoctorProducts(speeds.choice(), source, speeds, null);
  }

  private static @Nullable ProductChoice set() {
    try {
      return ProductChoice.set();
    } catch (IllegalArgumentException e) {
      throw new InputException(String.valueOf(e.getMessage()), e);
    }
  }

  Json toJson() {
    Map<String, Json> facts = new LinkedHashMap<>();
    facts.put("choice", Json.of(choice.toString()));
    facts.put("source", Json.of(source));
    if (speeds != null) {
      facts.putAll(speeds.facts());
    }
    facts.put("problem", problem == null ? Json.Null.NULL : Json.of(problem));
    return Json.of(facts);
  }

  /** For people. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("by %s (%s)".formatted(choice, source));
    if (speeds != null) {
      lines.add("forward " + line(speeds.forward()));
      lines.add("input gradient " + line(speeds.inputGradient()));
      lines.add("weight gradient " + line(speeds.weightGradient()));
    } else {
      lines.add("speeds unknown: the JVM did not compile the kernels in time");
    }
    if (problem != null) {
      lines.add("not kept: " + problem);
    }
    return lines;
  }

  private static String line(Calibration.Speeds speeds) {
    return String.format(
        Locale.ROOT,
        "%.0f GFLOP/s by OpenBLAS, %.0f packed, on one thread",
        speeds.openBlas(),
        speeds.packed());
  }
}
