package dev.gatun.app;

import dev.gatun.app.cli.Gatun;

/** The entry point of {@code gatun}. */
public final class Main {
  private Main() {}

  /**
   * Runs one command and exits with its status.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    System.exit(Gatun.run(args));
  }
}
