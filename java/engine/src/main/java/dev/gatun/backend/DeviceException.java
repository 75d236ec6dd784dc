package dev.gatun.backend;

/**
 * A call to a GPU's libraries failed; the message names the call, the device and the library's own
 * reason. Memory that ran out leaves the device usable; after an error in a kernel the process has
 * to be started again, and says so at each later call.
 */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  /**
   * A failure.
   *
   * @param message the call, the device, the reason
   */
  public DeviceException(String message) {
    this(message, 0);
  }

  /**
   * A failure that a library has a number for.
   *
   * @param message the call, the device, the reason
   * @param status the library's
   */
  public DeviceException(String message, int status) {
    super(message);
    this.status = status;
  }

  /** The library's number of the failure; 0 if there is none. */
  public int status() {
    return status;
  }
}
