package dev.gatun.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
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
import java.util.zip.CRC32C;

/**
 * Unpacked libraries on disk, readable by their owner alone and verified on each use. Any number of
 * processes may unpack at once: each writes a temporary file of its own beside the target and
 * renames it, so that a reader sees the whole file or none.
 *
 * <p>A file is verified by SHA-256 when it is unpacked, and its CRC-32C kept beside it for later
 * uses: the folder is its owner's alone, so what is left to find is damage, and SHA-256 of 38 MB
 * takes 0.25 s of a process that has just started, CRC-32C 0.02 s.
 */
final class LibraryCache {
  private final CacheFolder folder;

  private LibraryCache(CacheFolder folder) {
    this.folder = folder;
  }

  /**
   * Opens, and creates where missing, a folder of the cache.
   *
   * @throws CacheFolder.UnusableException naming the folder and the remedy
   */
  static LibraryCache open(String name) throws CacheFolder.UnusableException {
    return new LibraryCache(CacheFolder.open(name));
  }

  /**
   * The file of this name with this content: the cached one when its hash is right, else unpacked
   * anew, which also repairs a damaged one.
   *
   * @param sha256 the content's hash in lower-case hexadecimal
   * @throws ForeignContentException when the source's own content has another hash
   * @throws CacheFolder.UnusableException on a failure to write
   */
  Path file(String name, String sha256, URL source) throws IOException {
    Path target = folder.resolve(name);
    Path mark = folder.resolve(name + "." + sha256.substring(0, 12) + ".crc32c");
    try {
      if (folder.wasClosed() && isMarked(target, mark)) {
        return target;
      }
      if (!matches(target, sha256)) {
        unpack(target, name, sha256, source);
      }
      mark(target, mark);
      return target;
    } catch (ForeignContentException e) {
      throw e;
    } catch (IOException e) {
      throw new CacheFolder.UnusableException("the cache folder " + folder.path(), e);
    }
  }

  private static boolean isMarked(Path target, Path mark) throws IOException {
    try {
      return CacheFolder.holds(mark)
          && CacheFolder.holds(target)
          && Files.readString(mark).equals(checksum(target));
    } catch (NoSuchFileException e) {
      return false;
    } catch (CharacterCodingException e) {
      return false; // a damaged mark is no mark
    }
  }

  /** Notes the checksum of a verified file, for {@link #isMarked}. */
  private void mark(Path target, Path mark) throws IOException {
    Path temporary = Files.createTempFile(folder.path(), "checksum", ".unpacking");
    try {
      Files.writeString(temporary, checksum(target));
      Files.move(temporary, mark, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static String checksum(Path file) throws IOException {
    CRC32C crc = new CRC32C();
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
      while (channel.read(buffer.clear()) >= 0) {
        crc.update(buffer.flip());
      }
      return Long.toHexString(crc.getValue()) + " " + channel.size();
    }
  }

  private void unpack(Path target, String name, String sha256, URL source) throws IOException {
    Path temporary =
        Files.createTempFile(folder.path(), name, ".unpacking"); // owner-only by contract
    try {
      URLConnection connection = source.openConnection();
      connection.setUseCaches(false); // a cached jar connection would hold the carrier jar open
      try (InputStream in = connection.getInputStream()) {
        Files.copy(in, temporary, StandardCopyOption.REPLACE_EXISTING);
      }
      restrict(temporary);
      if (!matches(temporary, sha256)) {
        throw new ForeignContentException(
            source + " does not hold the " + name + " this build expects (SHA-256 differs)");
      }
      move(temporary, target, sha256);
    } finally {
      Files.deleteIfExists(temporary);
    }
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
    if (!CacheFolder.holds(file)) {
      return false;
    }
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

  /** A carrier with something else than what this build was pinned to. */
  static final class ForeignContentException extends IOException {
    private static final long serialVersionUID = 1;

    ForeignContentException(String message) {
      super(message);
    }
  }
}
