package dev.gatun.tests.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.tests.support.ChildJvm;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The checks of {@link KernelTest} at every vector width, a JVM each. */
class WidthTest {
  private static final int SECONDS = 300;

  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void agreesWithScalarCodeAt(int bits) {
    assumeTrue(bits < 512 || ChildJvm.hasFlag("avx512f"), "this processor has no AVX-512");
    assumeTrue(bits < 256 || ChildJvm.hasFlag("avx2"), "this processor has no AVX2");
    passes("-Dgatun.vector.bits=" + bits, bits);
  }

  /**
   * Other instructions than 256 bits on a processor with AVX-512: 16 registers, no mask registers.
   */
  @Test
  void agreesWithScalarCodeOnAvx2() {
    assumeTrue(ChildJvm.hasFlag("avx2"), "this processor has no AVX2");
    passes("-XX:UseAVX=2", 256);
  }

  @Test
  void widerThanTheMachineIsRefused() {
    assumeTrue(ChildJvm.hasFlag("avx2"), "this processor has no AVX2");
    refuses(List.of("-XX:UseAVX=2", "-Dgatun.vector.bits=512"), "vectors have 256 bits");
    refuses(List.of("-Dgatun.vector.bits=1024"), "expected 128, 256 or 512");
  }

  private static void passes(String flag, int bits) {
    ChildJvm.Result result = ChildJvm.run(List.of(flag), ChecksMain.class, List.of(), SECONDS);
    assertEquals(0, result.exit(), result.output());
    String line = "passed " + Check.all().size() + " checks at " + bits + " bits";
    assertTrue(result.output().contains(line), result.output());
  }

  private static void refuses(List<String> flags, String message) {
    ChildJvm.Result result = ChildJvm.run(flags, ChecksMain.class, List.of(), SECONDS);
    assertNotEquals(0, result.exit());
    assertTrue(result.output().contains(message), result.output());
  }
}
