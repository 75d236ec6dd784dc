package dev.gatun.bindings.generator;

/** Bindings cannot be generated; the message says what, where and what would be right. */
public final class GeneratorException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  GeneratorException(String message) {
    super(message);
  }

  GeneratorException(String message, Throwable cause) {
    super(message, cause);
  }
}
