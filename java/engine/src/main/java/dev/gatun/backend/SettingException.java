package dev.gatun.backend;

/**
 * A setting of Gatun's, a system property or an environment variable, has a value that it cannot
 * have; the message names it, its value and what would be right.
 */
public final class SettingException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * A wrong setting.
   *
   * @param message the setting, its value, what would be right
   */
  public SettingException(String message) {
    super(message);
  }
}
