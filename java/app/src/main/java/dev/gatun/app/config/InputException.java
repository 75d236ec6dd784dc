package dev.gatun.app.config;

/**
 * The command, the configuration or a file is wrong: exit status 2. The message is the one or two
 * lines shown: where, what is wrong, what would be right.
 */
public final class InputException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** An error with nothing behind it. */
  public InputException(String message) {
    super(message);
  }

  /** An error that another one revealed; the cause is shown with {@code --debug}. */
  public InputException(String message, Throwable cause) {
    super(message, cause);
  }
}
