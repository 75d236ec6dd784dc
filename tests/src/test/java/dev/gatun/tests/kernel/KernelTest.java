package dev.gatun.tests.kernel;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kernel against plain scalar code, at this machine's vector width. */
class KernelTest {
  static List<Check> checks() {
    return Check.all();
  }

  @ParameterizedTest
  @MethodSource("checks")
  void agreesWithScalarCode(Check check) {
    assertDoesNotThrow(check::run, "a check throws where a kernel differs");
  }
}
