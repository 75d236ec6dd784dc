package dev.gatun;

/**
 * A call to a GPU's libraries failed; the message names the call and the library's own reason, and
 * for a kernel that does not compile the compiler's log.
 */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * A failure.
   *
   * @param message the call, the reason
   */
  public DeviceException(String message) {
    super(message);
  }
}
