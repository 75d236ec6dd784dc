package dev.gatun.persist;

/** A file or text is not what it should be; the message says where and what would be right. */
public final class FormatException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates an exception.
   *
   * @param message what is wrong, where, and what would be right
   */
  public FormatException(String message) {
    super(message);
  }

  /**
   * Creates an exception.
   *
   * @param message what is wrong, where, and what would be right
   * @param cause what was noticed first
   */
  public FormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
