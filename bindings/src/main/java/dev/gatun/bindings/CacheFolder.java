package dev.gatun.bindings;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * Where unpacked libraries are kept. A library that another user can replace is code that another
 * user can run in this process, so nothing is used that someone else could have put there.
 */
final class CacheFolder {
  private static final String SETTING = "gatun.cache";

  /** Write permission for the group or for everyone. */
  private static final int OTHERS_WRITE = 0022;

  /** In such a folder only a file's owner may rename or remove it. */
  private static final int STICKY = 01000;

  private static final int PERMISSIONS = 0777;

  /** Root's number: who is root can do as they like in any case. */
  private static final int ROOT = 0;

  private final Path path;
  private final boolean closed;

  private CacheFolder(Path path, boolean closed) {
    this.path = path;
    this.closed = closed;
  }

  /**
   * Opens, and creates where missing, a folder of the cache, readable by its owner alone.
   *
   * @throws UnusableException when it cannot be created or others can write to it
   */
  static CacheFolder open(String name) throws UnusableException {
    Path root = root();
    try {
      Path real = create(root).toRealPath();
      if (!unix(real)) {
        return new CacheFolder(create(real.resolve(name)), true);
      }
      checkRoot(real);
      Path folder = create(real.resolve(name));
      check(folder, Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS), "is a link");
      check(folder, isOurs(folder), "belongs to another user");
      boolean closed = (mode(folder) & OTHERS_WRITE) == 0;
      if ((mode(folder) & PERMISSIONS) != 0700) {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
      return new CacheFolder(folder, closed);
    } catch (UnusableException e) {
      throw e;
    } catch (IOException e) {
      throw new UnusableException("the cache folder " + root, e);
    }
  }

  /** Whether a folder of the cache has been made. */
  static boolean exists(String name) {
    try {
      return Files.isDirectory(root().resolve(name));
    } catch (UnusableException e) {
      return false;
    }
  }

  /** {@code gatun.cache}, else {@code gatun} in the user's cache folder. */
  private static Path root() throws UnusableException {
    @Nullable String set = Settings.get(SETTING);
    Path root = set == null ? Platform.CURRENT.userCache().resolve("gatun") : Path.of(set);
    // The JVM calls the home of a user whom the system does not know "?".
    check(root, set != null || root.isAbsolute(), "is in no home folder: this user has none");
    return root.toAbsolutePath().normalize();
  }

  private static Path create(Path folder) throws IOException {
    FileAttribute<?>[] ownerOnly =
        folder.getFileSystem().supportedFileAttributeViews().contains("posix")
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
            }
            : new FileAttribute<?>[0];
    return Files.createDirectories(folder, ownerOnly);
  }

  /** Who can write to the outermost folder can put another in the place of the inner one. */
  private static void checkRoot(Path root) throws IOException {
    boolean ours = isOurs(root);
    check(root, ours || owner(root) == ROOT, "belongs to another user");
    if ((mode(root) & OTHERS_WRITE) == 0 || (mode(root) & STICKY) != 0) {
      return;
    }
    check(root, ours, "can be written to by others");
    Files.setAttribute(root, "unix:mode", mode(root) & ~OTHERS_WRITE);
  }

  private static void check(Path folder, boolean right, String wrong) throws UnusableException {
    if (!right) {
      throw new UnusableException("the cache folder " + folder + " " + wrong);
    }
  }

  /** A file in this folder. */
  Path resolve(String name) {
    return path.resolve(name);
  }

  Path path() {
    return path;
  }

  /** Whether nobody else could have written here before {@link #open}. */
  boolean wasClosed() {
    return closed;
  }

  /** Whether a file is there, no link, and only this user can have written it. */
  static boolean holds(Path file) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && (!unix(file) || (isOurs(file) && (mode(file) & OTHERS_WRITE) == 0));
  }

  private static boolean unix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("unix");
  }

  private static boolean isOurs(Path path) throws IOException {
    return owner(path) == user();
  }

  private static int owner(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
  }

  private static int mode(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
  }

  /** This process's user: Java does not tell it, but a file that it makes does. */
  private static int user() throws IOException {
    Path process = Path.of("/proc/self");
    if (Files.isDirectory(process)) {
      return (int) Files.getAttribute(process, "unix:uid"); // follows the link: no need to write
    }
    Path file = Files.createTempFile("gatun", ".user");
    try {
      return owner(file);
    } finally {
      Files.delete(file);
    }
  }

  /** A cache that cannot be used, in a sentence with the remedy. */
  static final class UnusableException extends IOException {
    private static final long serialVersionUID = 1;

    UnusableException(String problem) {
      super(problem + remedy());
    }

    UnusableException(String what, IOException cause) {
      super(what + " cannot be used: " + reason(cause) + remedy(), cause);
    }

    private static String remedy() {
      @Nullable String set = Settings.get(SETTING);
      return "; give a folder of yours that can be written to with -D"
          + SETTING
          + "=DIR or GATUN_CACHE=DIR"
          + (set == null ? "" : " in place of " + Settings.source(SETTING) + "=" + set);
    }

    /** An exception's class often says what its message does not. */
    private static String reason(IOException e) {
      if (!(e instanceof FileSystemException f)) {
        return String.valueOf(e.getMessage());
      }
      String reason =
          switch (f) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "cannot be made";
            case FileAlreadyExistsException _ -> "it is not a folder";
            default -> f.getReason() == null ? f.getClass().getSimpleName() : f.getReason();
          };
      return f.getFile() == null ? reason : f.getFile() + ": " + reason;
    }
  }
}
