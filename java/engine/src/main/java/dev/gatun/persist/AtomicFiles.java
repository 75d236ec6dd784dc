package dev.gatun.persist;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Replaces whole files. The content goes to a temporary file in the same folder, reaches the disk,
 * and is renamed: whoever looks, and whenever the process is killed, sees the old file or the new
 * one, whole.
 */
public final class AtomicFiles {
  private static final AtomicLong WRITES = new AtomicLong();

  private AtomicFiles() {}

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Content {
    /**
     * Writes everything to an empty file.
     *
     * @param channel positioned at the start
     * @throws IOException if that fails; the file being replaced then stays as it is
     */
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Creates or replaces a file.
   *
   * @param target the file; its folder must exist
   * @param content writes it
   * @throws IOException if it cannot be written; {@code target} is then as it was before
   */
  public static void write(Path target, Content content) throws IOException {
    Path absolute = target.toAbsolutePath();
    Path folder = absolute.getParent();
    Path name = absolute.getFileName();
    if (folder == null || name == null) {
      throw new IOException(target + " is no file name");
    }
    if (!Files.isDirectory(folder)) {
      throw new NoSuchFileException(target.toString(), null, "there is no folder " + folder);
    }
    if (Files.isDirectory(absolute)) {
      throw new FileSystemException(
          target.toString(), null, "is a folder; a file is to be written");
    }
    String prefix = "." + name + ".";
    deleteLeftovers(folder, prefix);
    long pid = ProcessHandle.current().pid();
    Path temporary = folder.resolve(prefix + pid + "-" + WRITES.incrementAndGet() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
      } catch (IOException e) {
        throw named(e, target, temporary);
      }
      Files.move(temporary, absolute, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
    sync(folder);
  }

  /** Creates or replaces a file with bytes, as {@link #write(Path, Content)}. */
  public static void write(Path target, byte[] bytes) throws IOException {
    write(target, channel -> writeFully(channel, ByteBuffer.wrap(bytes)));
  }

  /** Creates or replaces a file with UTF-8 text, as {@link #write(Path, Content)}. */
  public static void write(Path target, String text) throws IOException {
    write(target, text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Adds to the end of a file; one that is not there is created. A kill may leave a part of it.
   *
   * @throws IOException if that fails, with the file's name and, on a full disk, how much was free;
   *     a part may have been written
   */
  public static void append(Path target, byte[] bytes) throws IOException {
    try {
      Files.write(target, bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw named(e, target, null);
    }
  }

  /** Adds UTF-8 text to the end of a file, as {@link #append(Path, byte[])}. */
  public static void append(Path target, String text) throws IOException {
    append(target, text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * A full disk is told without a name, and without what there was.
   *
   * @param part what was written so far, which goes away; null: nothing does
   */
  private static IOException named(IOException e, Path target, @Nullable Path part) {
    if (e instanceof FileSystemException) {
      return e;
    }
    String reason = String.valueOf(e.getMessage());
    if (reason.contains("No space left")) {
      reason += free(target, part);
    }
    FileSystemException named = new FileSystemException(target.toString(), null, reason);
    named.initCause(e);
    return named;
  }

  private static String free(Path target, @Nullable Path part) {
    try {
      Path folder = target.toAbsolutePath().getParent();
      long free = Files.getFileStore(folder == null ? target : folder).getUsableSpace();
      long written = part == null ? 0 : Files.size(part);
      return String.format(Locale.ROOT, " (%,d bytes were free for it)", free + written);
    } catch (IOException e) {
      return ""; // the failure itself says more than that this is not known
    }
  }

  /** Writes all remaining bytes of a buffer. */
  static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  /** Removes what processes that no longer run left behind when they were killed. */
  private static void deleteLeftovers(Path folder, String prefix) throws IOException {
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(
            folder,
            file -> {
              String name = String.valueOf(file.getFileName());
              return name.startsWith(prefix)
                  && name.substring(prefix.length()).matches("\\d{1,18}-\\d+\\.tmp");
            })) {
      for (Path file : files) {
        String rest = String.valueOf(file.getFileName()).substring(prefix.length());
        long pid = Long.parseLong(rest.substring(0, rest.indexOf('-')));
        if (ProcessHandle.of(pid).isEmpty()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /** Makes the rename itself durable. Only POSIX systems let a folder be opened and synced. */
  private static void sync(Path folder) throws IOException {
    if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
