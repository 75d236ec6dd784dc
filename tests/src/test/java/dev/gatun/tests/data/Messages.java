package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.function.Executable;

/** Checks what a refusal says. */
final class Messages {
  private Messages() {}

  static void refuses(String expected, Executable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action);
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(expected), message);
  }
}
