package dev.gatun.tests.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tests.support.ChildJvm;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * A plan has its kernels compiled before its first step, on a thread that ends with the backend.
 */
class WarmUpTest {
  private static final String KERNELS = "dev.gatun.kernels.*::*";

  private static String run(List<String> flags) {
    ChildJvm.Result result = ChildJvm.run(flags, WarmUpMain.class, List.of(), 120);
    assertEquals(0, result.exit(), result.output());
    return result.output();
  }

  @Test
  void aPlanHasItsKernelsCompiled() {
    String output =
        run(
            List.of(
                "-XX:+PrintCompilation",
                "-XX:CompileCommand=quiet",
                "-XX:CompileCommand=CompileThresholdScaling," + KERNELS + ",0.02",
                "-XX:CompileCommand=BackgroundCompilation," + KERNELS + ",false"));
    assertTrue(output.contains("ended by close"), output);
    for (String kernel :
        List.of(
            "PackedGemm::multiply",
            "Activations::sigmoid",
            "Activations::tanh",
            "Lstm::forward",
            "Lstm::backward",
            "SoftmaxCrossEntropy::rows?", // row may be compiled within rows
            "Elementwise::columnSum",
            "Reductions::sumOfSquares",
            "Optimizers::adam")) {
      // The column before the name is the compiler's level: 4 is C2.
      assertTrue(
          Pattern.compile("\\s4\\s+dev\\.gatun\\.kernels\\." + kernel + " ").matcher(output).find(),
          () -> kernel + " is not compiled:\n" + output);
    }
  }

  @Test
  void withoutACompilerThereIsNothingToWarm() {
    String output = run(List.of("-Xint"));
    assertTrue(output.contains("1 plans"), output);
  }
}
