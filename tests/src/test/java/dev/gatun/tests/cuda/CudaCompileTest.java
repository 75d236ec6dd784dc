package dev.gatun.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.backend.DeviceException;
import dev.gatun.backend.cuda.Compiler;
import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.LibraryStatus;
import dev.gatun.kernels.CudaSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** NVRTC itself takes every source; it needs no device. Skipped where it is not installed. */
class CudaCompileTest {
  @BeforeAll
  static void nvrtc() {
    List<LibraryStatus> libraries = Cuda.probe().libraries();
    LibraryStatus nvrtc =
        libraries.stream().filter(library -> library.name().equals("NVRTC")).findFirst().get();
    assumeTrue(nvrtc.available(), () -> "NVRTC: " + nvrtc.reason());
  }

  /** Turing, Ampere, Hopper, Blackwell, and what a driver translates. */
  @ParameterizedTest
  @ValueSource(strings = {"sm_75", "sm_80", "sm_90", "sm_100", "compute_75"})
  void everySourceCompilesWithoutAWarning(String target) throws Exception {
    List<String> whole = new ArrayList<>(CudaFiles.sources());
    whole.removeAll(CudaSource.SHAPED); // below: they take longer than all others
    for (String file : whole) {
      Compiler.Compiled compiled = Compiler.compile(file, target);
      assertEquals("", compiled.log(), file);
      assertTrue(compiled.image().length > 1000, file + ": " + compiled.image().length + " bytes");
    }
  }

  /** Persistent cells of 128 units, R in registers and in shared memory, four sequences a block. */
  @ParameterizedTest
  @ValueSource(strings = {"sm_75", "sm_90"})
  void sourcesForAShapeCompile(String target) {
    String shape =
        """
        #define TILE 4
        #define UNITS 2
        #define FORWARD Product<4, 2, 8>
        #define BACKWARD Product<4, 8, 8>
        #define CANDIDATE Product<1, 2, 10>
        """;
    for (String file : CudaSource.SHAPED) {
      String source = shape + CudaSource.read(file);
      assertEquals("", Compiler.compile(file, source, target).log(), file);
    }
  }

  @Test
  void machineCodeIsForTheDevice() {
    assertEquals("sm_90", Compiler.target(90));
    assertEquals("compute_90", Compiler.target(99));
    String message = assertThrows(DeviceException.class, () -> Compiler.target(30)).getMessage();
    assertTrue(message.contains("compute capability 3.0 is older"), message);
  }

  @Test
  void whatIsWrongIsNamed() {
    String source = "extern \"C\" __global__ void broken(float* y) { *y = missing; }";
    String message =
        assertThrows(DeviceException.class, () -> Compiler.compile("broken.cu", source, "sm_90"))
            .getMessage();
    assertTrue(message.contains("compiling broken.cu for sm_90"), message);
    assertTrue(message.contains("\"missing\" is undefined"), message);
  }

  @Test
  void warningsAreKept() {
    String source = "extern \"C\" __global__ void loose() { int unused; }";
    String log = Compiler.compile("loose.cu", source, "sm_90").log();
    assertTrue(log.contains("\"unused\" was declared but never referenced"), log);
  }
}
