package dev.gatun.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Unpacked libraries on disk, readable by their owner alone and verified on each use. Any number of
 * processes may unpack at once: each writes a temporary file of its own beside the target and
 * renames it, so that a reader sees the whole file or none.
 */
final class LibraryCache {
  private final Path directory;

  private LibraryCache(Path directory) {
    this.directory = directory;
  }

  /** Where unpacked libraries go: {@code gatun.cache}, else the user's cache directory. */
  static Path root() {
    @Nullable String set = Settings.get("gatun.cache");
    return set == null ? Platform.CURRENT.userCache().resolve("gatun") : Path.of(set);
  }

  /**
   * Opens, and creates where missing, a folder of the cache.
   *
   * @throws IOException naming the folder, when it cannot be created or belongs to someone else
   */
  static LibraryCache open(String name) throws IOException {
    Path directory = root().toAbsolutePath().normalize().resolve(name);
    createOwnerOnly(directory);
    return new LibraryCache(directory);
  }

  private static void createOwnerOnly(Path directory) throws IOException {
    if (!directory.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createDirectories(directory);
      return;
    }
    var ownerOnly = PosixFilePermissions.fromString("rwx------");
    Files.createDirectories(directory, PosixFilePermissions.asFileAttribute(ownerOnly));
    // A library another user can replace is code another user can run in this process. Only the
    // owner may change permissions, so a foreign folder fails here.
    if (!Files.getPosixFilePermissions(directory).equals(ownerOnly)) {
      Files.setPosixFilePermissions(directory, ownerOnly);
    }
  }

  /**
   * The file of this name with this content: the cached one when its hash is right, else unpacked
   * anew, which also repairs a damaged one.
   *
   * @param sha256 the content's hash in lower-case hexadecimal
   * @throws IOException when the source's own content has another hash, or on a failure to write
   */
  Path file(String name, String sha256, URL source) throws IOException {
    Path target = directory.resolve(name);
    if (matches(target, sha256)) {
      return target;
    }
    Path temporary = Files.createTempFile(directory, name, ".unpacking"); // owner-only by contract
    try {
      URLConnection connection = source.openConnection();
      connection.setUseCaches(false); // a cached jar connection would hold the carrier jar open
      try (InputStream in = connection.getInputStream()) {
        Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
      }
      restrict(temporary);
      if (!matches(temporary, sha256)) {
        throw new IOException(
            source + " does not hold the " + name + " this build expects (SHA-256 differs)");
      }
      move(temporary, target, sha256);
    } finally {
      Files.deleteIfExists(temporary);
    }
    return target;
  }

  private static void restrict(Path file) throws IOException {
    if (file.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }
  }

  private static void move(Path from, Path to, String sha256) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      throw e;
    } catch (FileSystemException e) {
      // Windows keeps a library that another process has loaded; the same content is as good.
      if (!matches(to, sha256)) {
        throw e;
      }
    }
  }

  private static boolean matches(Path file, String sha256) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest()).equals(sha256);
    } catch (NoSuchFileException e) {
      return false;
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
