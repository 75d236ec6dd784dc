package dev.gatun.app.tune;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.app.config.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a journal's file, for all that use it in this JVM: a lock belongs to the process,
 * and on POSIX systems closing any channel to the file would release it.
 */
final class JournalFile {
  private static final String KIND = "gatun-study ";
  private static final int VERSION = 1;
  private static final int CHECKSUM = 8;
  private static final int ID = 8;

  /** A header has a word, a version and an id; a first line beyond this is none. */
  private static final int LONGEST_HEADER = 64;

  /** Guarded by itself. */
  private static final Map<Path, JournalFile> OPEN = new HashMap<>();

  private final Path path;
  private final Path real;
  private final FileChannel channel;
  private final ReentrantLock threads = new ReentrantLock();
  private int users = 1;
  private @Nullable FileLock lock;
  private String id = "";
  private long first;

  /** Up to here every line is known to be good; guarded by {@link #threads}. */
  private long end;

  private JournalFile(Path path, Path real, FileChannel channel) {
    this.path = path;
    this.real = real;
    this.channel = channel;
  }

  /** Told of each record. */
  @FunctionalInterface
  interface Reader {
    /**
     * A record.
     *
     * @param at where it begins
     * @param next where the next one begins
     */
    void record(String text, long at, long next) throws IOException;
  }

  /** The one of a path; to be {@link #release released}. */
  static JournalFile open(Path path) throws IOException {
    Path absolute = path.toAbsolutePath();
    Path folder = absolute.getParent();
    Path name = absolute.getFileName();
    if (folder == null || name == null) {
      throw new InputException(path + ": is a folder; give a file for the journal");
    }
    Path real = folder.toRealPath().resolve(name);
    if (Files.isDirectory(real)) {
      throw new InputException(
          path + ": is a folder, and a study's journal is a file; move the folder away");
    }
    synchronized (OPEN) {
      JournalFile known = OPEN.get(real);
      if (known != null) {
        known.users++;
        return known;
      }
      FileChannel channel =
          FileChannel.open(
              real, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      JournalFile file = new JournalFile(path, real, channel);
      OPEN.put(real, file);
      return file;
    }
  }

  /** Closes it after its last user. */
  void release() {
    synchronized (OPEN) {
      users--;
      if (users == 0) {
        OPEN.remove(real);
        try {
          channel.close();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  Path path() {
    return path;
  }

  /** Where the first record begins. */
  long first() {
    return first;
  }

  /**
   * Keeps all others out, reads what they have added, and cuts off what one of them has left torn.
   *
   * @return what was cut off, or null
   */
  @Nullable String lock() throws IOException {
    threads.lock();
    if (threads.getHoldCount() > 1) {
      return null;
    }
    try {
      lock = channel.lock();
      if (first == 0) {
        begin();
      }
      return repair();
    } catch (IOException | RuntimeException e) {
      unlock();
      throw e;
    }
  }

  /** Lets the others in, when as often called as {@link #lock}. */
  void unlock() {
    FileLock held = lock;
    try {
      if (threads.getHoldCount() == 1 && held != null) {
        lock = null;
        held.release();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      threads.unlock();
    }
  }

  /** Reads the header, or writes one where there is none yet. */
  private void begin() throws IOException {
    String text = read(0, Math.min(channel.size(), LONGEST_HEADER));
    int newline = text.indexOf('\n');
    if (newline < 0
        && (KIND + VERSION).startsWith(text.substring(0, Math.min(text.length(), 13)))) {
      // Nothing, or a header whose writer was killed: nobody has been told of a record.
      channel.truncate(0);
      String header = "%s%d %08x%n".formatted(KIND, VERSION, new SecureRandom().nextInt());
      write(header.replace("\r\n", "\n").getBytes(UTF_8), 0);
      channel.force(true);
      text = read(0, channel.size());
      newline = text.indexOf('\n');
    }
    String[] words = newline < 0 ? new String[0] : text.substring(0, newline).split(" ", -1);
    if (words.length < 2 || !KIND.strip().equals(words[0])) {
      throw new InputException(
          "%s: is no journal of a study; give another --run, or move the file".formatted(path));
    }
    if (!words[1].equals(Integer.toString(VERSION))) {
      throw new InputException(
          "%s:1: a journal of version %s; this Gatun has version %d"
              .formatted(path, words[1], VERSION));
    }
    if (words.length != 3 || words[2].length() != ID) {
      throw new InputException(
          "%s:1: a damaged header; it is \"%s%d \" and 8 digits".formatted(path, KIND, VERSION));
    }
    id = words[2];
    first = newline + 1L;
    end = first;
  }

  private @Nullable String repair() throws IOException {
    end = scan(end, (text, at, next) -> {});
    long size = channel.size();
    if (size == end) {
      return null;
    }
    channel.truncate(end);
    return "%s: the last %d bytes were torn, by a process that was killed, and are cut off"
        .formatted(path, size - end);
  }

  /** A record as it is written. */
  String record(String text) {
    String rest = id + " " + text;
    return checksum(rest) + " " + rest + "\n";
  }

  /** Adds records; to be called with the lock held. */
  void append(byte[] bytes, boolean force) throws IOException {
    write(bytes, end);
    end += bytes.length;
    if (force) {
      channel.force(false);
    }
  }

  /**
   * Reads the whole records from a place on.
   *
   * @return where they end: what follows is torn, or being written
   * @throws InputException if one that others follow is damaged, or of another study
   */
  long scan(long from, Reader reader) throws IOException {
    String all = read(from, channel.size() - from);
    long place = from;
    int at = 0;
    int newline = all.indexOf('\n');
    while (newline >= 0) {
      String line = all.substring(at, newline);
      boolean good =
          line.length() > CHECKSUM + ID + 1
              && line.substring(0, CHECKSUM).equals(checksum(line.substring(CHECKSUM + 1)));
      boolean last = all.indexOf('\n', newline + 1) < 0;
      if (!good && last) {
        return place;
      }
      if (!good) {
        throw new InputException(
            "%s:%d: damaged: the checksum of the line is another; take the file from a copy, or give"
                    .formatted(path, number(place))
                + " another --run");
      }
      String of = line.substring(CHECKSUM + 1, CHECKSUM + 1 + ID);
      if (!of.equals(id)) {
        throw new InputException(
            "%s:%d: a record of another study, %s, in the journal of %s; remove it"
                .formatted(path, number(place), of, id));
      }
      long next = place + line.getBytes(UTF_8).length + 1;
      reader.record(line.substring(CHECKSUM + ID + 2), place, next);
      place = next;
      at = newline + 1;
      newline = all.indexOf('\n', at);
    }
    return place;
  }

  /** The number of the line at a place. */
  int number(long place) throws IOException {
    return 1 + (int) read(0, place).chars().filter(c -> c == '\n').count();
  }

  private static String checksum(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(UTF_8));
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }

  private String read(long from, long length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(Math.max(0, length)));
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, from + bytes.position()) < 0) {
        break;
      }
    }
    return new String(bytes.array(), 0, bytes.position(), UTF_8);
  }

  private void write(byte[] bytes, long at) throws IOException {
    ByteBuffer left = ByteBuffer.wrap(bytes);
    while (left.hasRemaining()) {
      channel.write(left, at + left.position());
    }
  }
}
