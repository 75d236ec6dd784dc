package dev.gatun.bindings;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of looking for a native library. Absence is a value: nothing is thrown until a caller
 * asks for the library by a {@code require} method.
 *
 * @param name the library as a user knows it, such as {@code OpenBLAS}
 * @param path the file found, whether or not it could be used; null when none was
 * @param version as the library itself reports it; null when it was not loaded
 * @param searched each place looked at, in order, with what was there
 * @param reason why the library cannot be used, with the remedy; null when it can
 */
public record LibraryStatus(
    String name,
    @Nullable Path path,
    @Nullable String version,
    List<String> searched,
    @Nullable String reason) {
  /** Copies the list. */
  public LibraryStatus {
    searched = List.copyOf(searched);
  }

  /** Whether the library is loaded and usable. */
  public boolean available() {
    return reason == null;
  }
}
