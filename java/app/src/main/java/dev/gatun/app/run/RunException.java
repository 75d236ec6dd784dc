package dev.gatun.app.run;

/**
 * A run that began has failed: exit status 1. The message is the one or two lines shown: what
 * happened, and how to go on.
 */
public final class RunException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** A failure that another one revealed; the cause is shown with {@code --debug}. */
  public RunException(String message, Throwable cause) {
    super(message, cause);
  }
}
