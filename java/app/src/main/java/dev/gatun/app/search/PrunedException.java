package dev.gatun.app.search;

/** Thrown by an objective that stops early. */
public final class PrunedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Without a message or a trace: it is no error. */
  public PrunedException() {
    super("pruned", null, false, false);
  }
}
