package dev.gatun.bindings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/** What Gatun keeps beside its unpacked libraries, under the same protection. */
public final class CachedFile {
  private CachedFile() {}

  /** Whether there is anything in a folder of the cache: cheap, and makes nothing. */
  public static boolean exists(String folder) {
    return CacheFolder.exists(folder);
  }

  /**
   * Reads a file of a folder of the cache.
   *
   * @param mostBytes what is longer is none of ours
   * @return null if there is none, if it cannot be read, or if someone else could have written it
   */
  public static byte @Nullable [] read(String folder, String name, long mostBytes) {
    try {
      CacheFolder opened = CacheFolder.open(folder);
      Path file = opened.resolve(name);
      if (!opened.wasClosed() || !CacheFolder.holds(file) || Files.size(file) > mostBytes) {
        return null;
      }
      return Files.readAllBytes(file);
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
  public static Path write(String folder, String name, byte[] content) throws IOException {
    CacheFolder opened = CacheFolder.open(folder);
    Path target = opened.resolve(name);
    try {
      Path temporary = Files.createTempFile(opened.path(), name, ".writing"); // owner-only
      try {
        Files.write(temporary, content);
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
