package dev.gatun.app.cli;

import dev.gatun.Backends;
import dev.gatun.app.config.InputException;
import dev.gatun.backend.Backend;

/** Opens what an option or a configuration asks to compute with. */
final class Devices {
  private Devices() {}

  /**
   * Opens a backend by name; what was asked for and is missing is an error.
   *
   * @param name auto, or a backend
   * @param from where the name was given
   * @param threads 0: one for each core
   */
  static Backend open(String name, String from, int threads) {
    if (threads < 0 || threads > Backends.MOST_THREADS) {
      throw new InputException(
          "--threads %d: give 1 to %d, or 0 for every core"
              .formatted(threads, Backends.MOST_THREADS));
    }
    if (name.startsWith("cuda")) {
      throw new InputException(
          from + " " + name + ": this version has no CUDA backend; give auto, cpu or reference");
    }
    String known = name.equals("auto") ? "cpu" : name;
    if (!Backends.names().contains(known)) {
      throw new InputException(
          "%s %s: unknown; give auto, %s (cuda: not in this version)"
              .formatted(from, name, String.join(", ", Backends.names())));
    }
    int count = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    return Backends.open(known, count);
  }
}
