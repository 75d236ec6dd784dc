package dev.gatun.app.tune;

import dev.gatun.app.search.TrialRecord;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A process at work on a study. It holds the lock of a file of its own, which the operating system
 * releases however the process ends: so others know whose trials nobody runs any more.
 */
final class Owner implements AutoCloseable {
  private static final String FOLDER = "processes";

  /**
   * Those of this JVM: closing a second channel to a file would release the lock of the first on
   * POSIX systems, so their files are not even opened.
   */
  private static final Set<String> HERE = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;

  /** Trials of dead processes that this one has taken. */
  private final Set<Integer> taken = new HashSet<>();

  private Owner(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Registers this process.
   *
   * @param study its folder
   */
  static Owner register(Path study) throws IOException {
    Path folder = Files.createDirectories(study.resolve(FOLDER));
    Path file =
        folder.resolve(
            ProcessHandle.current().pid() + "-" + UUID.randomUUID().toString().substring(0, 8));
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    FileLock lock = channel.tryLock();
    if (lock == null) {
      channel.close();
      throw new IOException(file + ": cannot be locked");
    }
    Owner owner = new Owner(file, channel);
    HERE.add(owner.name());
    return owner;
  }

  /** As the journal has it. */
  String name() {
    return String.valueOf(file.getFileName());
  }

  /** Whether nobody runs a trial, so that this process may: once, and with the journal's lock. */
  synchronized boolean takes(TrialRecord trial) {
    if (HERE.contains(trial.owner()) || taken.contains(trial.number())) {
      return false;
    }
    Path other = file.resolveSibling(trial.owner());
    if (Files.exists(other)) {
      try (FileChannel theirs = FileChannel.open(other, StandardOpenOption.WRITE);
          FileLock lock = theirs.tryLock()) {
        if (lock == null) {
          return false;
        }
      } catch (IOException e) {
        return false; // not to be told, so it may live
      }
    }
    taken.add(trial.number());
    return true;
  }

  @Override
  public void close() throws IOException {
    HERE.remove(name());
    channel.close();
    Files.deleteIfExists(file);
  }
}
