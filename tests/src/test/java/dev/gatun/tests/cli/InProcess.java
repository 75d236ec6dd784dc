package dev.gatun.tests.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.app.cli.Gatun;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;

/** Runs {@code gatun} in this JVM: for many commands, and with this JVM's properties. */
final class InProcess {
  private InProcess() {}

  /** Runs a command; paths are to be absolute. */
  static Cli.Outcome run(String... arguments) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    ByteArrayOutputStream complained = new ByteArrayOutputStream();
    int status;
    try (PrintStream newOut = new PrintStream(said, true, UTF_8);
        PrintStream newErr = new PrintStream(complained, true, UTF_8)) {
      System.setOut(newOut);
      System.setErr(newErr);
      status = Gatun.run(arguments);
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
    return new Cli.Outcome(status, said.toString(UTF_8), complained.toString(UTF_8));
  }
}
