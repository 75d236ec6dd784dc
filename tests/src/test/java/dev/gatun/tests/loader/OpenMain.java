package dev.gatun.tests.loader;

import dev.gatun.BackendUnavailableException;
import dev.gatun.Backends;
import dev.gatun.backend.Backend;

/** Opens a backend as a user's program does, in a JVM started with other flags. */
final class OpenMain {
  private OpenMain() {}

  public static void main(String[] arguments) {
    try (Backend backend = Backends.open(arguments[0])) {
      System.out.println("opened " + backend.name());
    } catch (BackendUnavailableException e) {
      System.out.println(e.getMessage());
      System.exit(3);
    }
  }
}
