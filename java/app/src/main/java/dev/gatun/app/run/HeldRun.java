package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a run that nobody else writes to until this is closed or the process ends, however
 * it ends: the operating system keeps the lock.
 */
public final class HeldRun implements AutoCloseable {
  /** Stays behind: whoever locks a file that another has deleted keeps nobody out. */
  private static final String LOCK = ".lock";

  /**
   * The folders held in this JVM. A second channel to a lock file is not even opened here, because
   * on POSIX systems closing it would release the lock of the first.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final RunDirectory run;
  private final Path real;
  private final FileChannel channel;
  private final @Nullable String problem;

  private HeldRun(RunDirectory run, Path real, FileChannel channel, @Nullable String problem) {
    this.run = run;
    this.real = real;
    this.channel = channel;
    this.problem = problem;
  }

  /**
   * Makes the folder of a new run and writes its configuration.
   *
   * @param path a folder that does not exist or is empty
   * @throws InputException if it exists with something in it, or another has it
   * @throws IOException if it cannot be made
   */
  public static HeldRun create(Path path, Config config) throws IOException {
    RunDirectory run = new RunDirectory(path);
    try {
      Files.createDirectories(path);
      checkEmpty(path);
    } catch (FileAlreadyExistsException e) {
      throw new InputException(path + ": is a file; give a folder for the run", e);
    } catch (IOException e) {
      throw notMade(path, e);
    }
    HeldRun held = hold(run);
    try {
      checkEmpty(path); // nobody else can have begun here from now on
      Files.createDirectories(run.checkpoints());
      AtomicFiles.write(run.config(), config.toYaml());
      return held;
    } catch (IOException | RuntimeException e) {
      held.close();
      throw e instanceof IOException io ? notMade(path, io) : (RuntimeException) e;
    }
  }

  private static void checkEmpty(Path path) throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      if (files.anyMatch(file -> !file.endsWith(LOCK))) {
        throw new InputException(
            path + ": exists and is not empty; add --resume to continue it or give another --run");
      }
    }
  }

  private static InputException notMade(Path path, IOException e) {
    return new InputException(
        "--run %s: no folder can be made there (%s); give one where you may write"
            .formatted(path, e.getClass().getSimpleName().replace("Exception", "")),
        e);
  }

  /**
   * Makes the next free folder {@code runs/NAME-1}, {@code runs/NAME-2}, ...
   *
   * @param name of the configuration
   */
  public static HeldRun createNext(String name, Config config) throws IOException {
    Path runs = Files.createDirectories(Path.of("runs"));
    int number = 1;
    while (!claim(runs.resolve(name + "-" + number))) {
      number++;
    }
    return create(runs.resolve(name + "-" + number), config);
  }

  /** Whoever creates a folder has it: several runs may start at once. */
  private static boolean claim(Path path) throws IOException {
    try {
      Files.createDirectory(path);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  /**
   * Holds a run that exists.
   *
   * @throws InputException if another process, or another training in this one, has it
   * @throws IOException if nothing can be written there
   */
  public static HeldRun hold(RunDirectory run) throws IOException {
    Path real = run.path().toRealPath();
    if (!HELD.add(real)) {
      throw inUse(run, null);
    }
    try {
      FileChannel channel =
          FileChannel.open(real.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        return new HeldRun(run, real, channel, lock(run, channel));
      } catch (RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      HELD.remove(real);
      throw e;
    }
  }

  /** Locks it, or tells why the file system cannot: some network file systems have no locks. */
  private static @Nullable String lock(RunDirectory run, FileChannel channel) {
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw inUse(run, null);
      }
      return null;
    } catch (OverlappingFileLockException e) {
      throw inUse(run, e);
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  private static InputException inUse(RunDirectory run, @Nullable Throwable cause) {
    String message =
        run.path() + ": in use by another gatun process; wait for it or choose another --run";
    return cause == null ? new InputException(message) : new InputException(message, cause);
  }

  /** The folder. */
  public RunDirectory run() {
    return run;
  }

  /** Why others are not kept out, or null if they are. */
  public @Nullable String problem() {
    return problem;
  }

  /** Lets others have it. */
  @Override
  public void close() throws IOException {
    try {
      channel.close();
    } finally {
      HELD.remove(real);
    }
  }
}
