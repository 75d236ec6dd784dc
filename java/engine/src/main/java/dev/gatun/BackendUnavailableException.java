package dev.gatun;

/**
 * A backend cannot run in this JVM or on this machine; the message says why and the remedy: a flag
 * that is missing, or a native library that cannot be loaded.
 */
public final class BackendUnavailableException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  BackendUnavailableException(String message) {
    super(message);
  }

  BackendUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
