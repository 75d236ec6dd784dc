package dev.gatun.bindings;

/**
 * A native library was asked for and cannot be used; the message says which, why and the remedy.
 */
public final class LibraryUnavailableException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  private final String library;

  LibraryUnavailableException(LibraryStatus status) {
    super(status.name() + " is not available: " + status.reason());
    library = status.name();
  }

  /** The library's name, as in {@link LibraryStatus#name()}. */
  public String library() {
    return library;
  }
}
