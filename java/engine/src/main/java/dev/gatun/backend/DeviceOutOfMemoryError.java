package dev.gatun.backend;

/** A GPU has no memory for a block; it stays usable, and so does everything made before. */
public final class DeviceOutOfMemoryError extends OutOfMemoryError {
  private static final long serialVersionUID = 1L;

  private final String facts;

  /**
   * Memory that ran out.
   *
   * @param facts the device and the sizes, for a message
   * @param advice what to do about it, in words of the library
   */
  public DeviceOutOfMemoryError(String facts, String advice) {
    super(facts + "; " + advice);
    this.facts = facts;
  }

  /** The message without advice, for those who have their own. */
  public String facts() {
    return facts;
  }
}
