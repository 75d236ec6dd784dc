package dev.gatun.bindings;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A setting is a system property, or the environment variable of the same name in capitals. */
public final class Settings {
  private Settings() {}

  /** The value of {@code gatun.a.b}, else of {@code GATUN_A_B}; null when neither is set. */
  public static @Nullable String get(String property) {
    @Nullable String value = System.getProperty(property);
    if (value == null || value.isBlank()) {
      value = System.getenv(variable(property));
    }
    return value == null || value.isBlank() ? null : value;
  }

  /** Names the source that {@link #get} took the value from. */
  public static String source(String property) {
    @Nullable String value = System.getProperty(property);
    return value == null || value.isBlank() ? variable(property) : "-D" + property;
  }

  private static String variable(String property) {
    return property.toUpperCase(Locale.ROOT).replace('.', '_');
  }
}
