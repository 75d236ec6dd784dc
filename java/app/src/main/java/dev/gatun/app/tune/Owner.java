package dev.gatun.app.tune;

import dev.gatun.app.search.TrialRecord;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
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

  /** Files of trials that this JVM has taken, which for the same reason are opened once. */
  private static final Set<Path> TAKEN = ConcurrentHashMap.newKeySet();

  /** Trials of dead processes that this one has taken, each with the lock that tells others so. */
  private final Map<Integer, FileChannel> taken = new HashMap<>();

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
    return !HERE.contains(trial.owner())
        && !taken.containsKey(trial.number())
        && isDead(file.resolveSibling(trial.owner()))
        && take(trial.number());
  }

  private static boolean isDead(Path other) {
    if (!Files.exists(other)) {
      return true;
    }
    try (FileChannel theirs = FileChannel.open(other, StandardOpenOption.WRITE);
        FileLock lock = theirs.tryLock()) {
      return lock != null;
    } catch (IOException e) {
      return false; // not to be told, so it may live
    }
  }

  /** The journal names who began a trial; who goes on with it holds a lock of the trial's own. */
  private boolean take(int trial) {
    Path mark = file.resolveSibling("trial-" + trial).toAbsolutePath().normalize();
    if (!TAKEN.add(mark)) {
      return false;
    }
    try {
      FileChannel channel =
          FileChannel.open(mark, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (channel.tryLock() != null) {
        taken.put(trial, channel);
        return true;
      }
      channel.close();
    } catch (IOException e) {
      // not to be told either
    }
    TAKEN.remove(mark);
    return false;
  }

  /** Leaves the files of trials: who locks one that another has deleted keeps nobody out. */
  @Override
  public void close() throws IOException {
    for (Map.Entry<Integer, FileChannel> one : taken.entrySet()) {
      one.getValue().close();
      TAKEN.remove(file.resolveSibling("trial-" + one.getKey()).toAbsolutePath().normalize());
    }
    HERE.remove(name());
    channel.close();
    Files.deleteIfExists(file);
  }
}
