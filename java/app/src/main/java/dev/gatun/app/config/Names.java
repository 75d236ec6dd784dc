package dev.gatun.app.config;

import java.util.Locale;

/** How constants are written on the command line and in configurations. */
public final class Names {
  private Names() {}

  /** Lower case with hyphens, as {@code gru-reset-before}. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
