package dev.gatun.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/** Short texts that Gatun keeps beside its unpacked libraries, under the same protection. */
public final class CachedText {
  /** Ours are below 1 KB; what is longer is none of them. */
  private static final long MOST_BYTES = 1 << 16;

  private CachedText() {}

  /** Whether there is anything in a folder of the cache: cheap, and makes nothing. */
  public static boolean exists(String folder) {
    return CacheFolder.exists(folder);
  }

  /**
   * Reads a file of a folder of the cache.
   *
   * @return null if there is none, if it cannot be read, or if someone else could have written it
   */
  public static @Nullable String read(String folder, String name) {
    try {
      CacheFolder opened = CacheFolder.open(folder);
      Path file = opened.resolve(name);
      if (!opened.wasClosed() || !CacheFolder.holds(file) || Files.size(file) > MOST_BYTES) {
        return null;
      }
      return Files.readString(file);
    } catch (IOException e) {
      return null; // what cannot be read is not there: it only saves work
    }
  }

  /**
   * Writes a file, which other processes see whole or not at all.
   *
   * @return the file
   * @throws IOException with the remedy, if the folder cannot be used
   */
  public static Path write(String folder, String name, String text) throws IOException {
    CacheFolder opened = CacheFolder.open(folder);
    Path target = opened.resolve(name);
    try {
      Path temporary = Files.createTempFile(opened.path(), name, ".writing"); // owner-only
      try {
        Files.writeString(temporary, text);
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
      return target;
    } catch (IOException e) {
      throw new CacheFolder.UnusableException("the cache folder " + opened.path(), e);
    }
  }
}
