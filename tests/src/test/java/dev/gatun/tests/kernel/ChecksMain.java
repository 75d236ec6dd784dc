package dev.gatun.tests.kernel;

import dev.gatun.kernels.Species;

/** Runs all checks in a JVM of its own and prints the vector width it ran at. */
final class ChecksMain {
  private ChecksMain() {}

  public static void main(String[] args) {
    int done = 0;
    for (Check check : Check.all()) {
      try {
        check.run();
      } catch (AssertionError e) {
        throw new AssertionError(
            check.name() + " at " + Species.bits() + " bits: " + e.getMessage(), e);
      }
      done++;
    }
    System.out.println("passed " + done + " checks at " + Species.bits() + " bits");
  }
}
