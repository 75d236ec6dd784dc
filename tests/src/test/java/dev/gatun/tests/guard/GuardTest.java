package dev.gatun.tests.guard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.tests.support.ChildJvm;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Kernels touch nothing outside their operands, allocate nothing once compiled, and give the same
 * bits interpreted and compiled. In child JVMs, because an over-read ends the process.
 */
@EnabledOnOs(OS.LINUX)
class GuardTest {
  private static final int SECONDS = 300;

  /** On AVX2 a masked load is another instruction than on AVX-512. */
  @Test
  void kernelsStayInsideOnAvx2() {
    assumeTrue(ChildJvm.hasFlag("avx2"), "this processor has no AVX2");
    run(List.of("-XX:UseAVX=2"), "compiled");
  }

  /** The compiled run is also the guard's run at this machine's own width. */
  @Test
  void interpretedAndCompiledKernelsGiveTheSameBits() {
    List<String> interpreted = hashes(run(List.of("-Xint"), "once"));
    List<String> compiled = hashes(run(List.of(), "compiled"));
    assertFalse(interpreted.isEmpty());
    assertEquals(interpreted, compiled.stream().filter(interpreted::contains).toList());
  }

  @Test
  void theGuardGuards() {
    ChildJvm.Result result = ChildJvm.run(List.of(), GuardMain.class, List.of("overrun"), SECONDS);
    assertNotEquals(0, result.exit());
    assertTrue(result.output().contains("inside 0"), result.output());
    assertFalse(result.output().contains("outside"), result.output());
    assertTrue(result.output().contains("SIGSEGV"), result.output());
  }

  private static String run(List<String> flags, String mode) {
    ChildJvm.Result result = ChildJvm.run(flags, GuardMain.class, List.of(mode), SECONDS);
    assertEquals(0, result.exit(), () -> tail(result.output()));
    return result.output();
  }

  private static List<String> hashes(String output) {
    return output.lines().filter(line -> line.startsWith("hash ")).toList();
  }

  private static String tail(String output) {
    return output.substring(Math.max(0, output.length() - 4000));
  }
}
