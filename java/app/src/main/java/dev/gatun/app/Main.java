package dev.gatun.app;

import dev.gatun.Backends;
import dev.gatun.app.cli.Gatun;
import java.util.Set;
import java.util.logging.Logger;

/** The entry point of {@code gatun}. */
public final class Main {
  /** Kept, because the logging system forgets the settings of loggers that nobody holds. */
  private static final Logger TRAINING = Logger.getLogger("dev.gatun.train");

  private static final Set<String> TRAINING_COMMANDS = Set.of("train", "tune", "bench");

  private Main() {}

  /**
   * Runs one command and exits with its status.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    // Runs show what the trainer logs in lines of their own, next to the progress bar.
    TRAINING.setUseParentHandlers(false);
    if (args.length > 0 && TRAINING_COMMANDS.contains(args[0])) {
      // While the command line and the data are read.
      Backends.warmUp();
    }
    System.exit(Gatun.run(args));
  }
}
