package dev.gatun.app.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Whether standard error is a terminal: only there a line may be redrawn. */
final class Terminal {
  private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

  private Terminal() {}

  static boolean onStandardError() {
    if (Files.isSymbolicLink(STANDARD_ERROR)) {
      try {
        String target = Files.readSymbolicLink(STANDARD_ERROR).toString();
        return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
      } catch (IOException e) {
        return false; // without the permission to look, plain lines are always right
      }
    }
    // Elsewhere the JDK knows of standard input and output only; they usually go together.
    return Objects.requireNonNull(System.console()).isTerminal();
  }
}
