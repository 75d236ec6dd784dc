package dev.gatun.backend;

/**
 * A call to a GPU's libraries failed; the message names the call, the device and the library's own
 * reason. Memory that ran out leaves the device usable; after an error in a kernel the process has
 * to be started again, and says so at each later call.
 */
public final class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * A failure.
   *
   * @param message the call, the device, the reason
   */
  public DeviceException(String message) {
    super(message);
  }
}
