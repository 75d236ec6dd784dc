import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * {@code java Locked.java FILE COMMAND...} runs the command while holding an exclusive lock on the
 * file, and exits with its status: flock(1) for systems without it. The lock goes with the process,
 * however it ends, which a folder or a link used as a lock cannot offer.
 */
final class Locked {
  private Locked() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    try (FileChannel channel =
            FileChannel.open(
                Path.of(args[0]), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        var lock = channel.lock()) {
      var command = Arrays.asList(args).subList(1, args.length);
      System.exit(new ProcessBuilder(command).inheritIO().start().waitFor());
    }
  }
}
