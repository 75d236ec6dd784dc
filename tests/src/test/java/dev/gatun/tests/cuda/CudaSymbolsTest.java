package dev.gatun.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.bindings.Cuda;
import dev.gatun.bindings.LibraryStatus;
import dev.gatun.bindings.generated.cublas.cublas_h;
import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.bindings.generated.nvrtc.nvrtc_h;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every function of the bindings is in the libraries themselves, and its call can be linked; no
 * device is needed. Skipped for each library that is not installed.
 */
class CudaSymbolsTest {
  private static final String ENDING = "$address";

  static Stream<Arguments> bindings() {
    return Stream.of(
        Arguments.of("CUDA runtime", cudart_h.class, 30),
        Arguments.of("cuDNN", cudnn_h.class, 30),
        Arguments.of("cuBLAS", cublas_h.class, 5),
        Arguments.of("NVRTC", nvrtc_h.class, 10));
  }

  @ParameterizedTest
  @MethodSource("bindings")
  void everyFunctionIsThere(String library, Class<?> functions, int least) throws Exception {
    List<LibraryStatus> libraries = Cuda.probe().libraries();
    LibraryStatus status =
        libraries.stream().filter(each -> each.name().equals(library)).findFirst().orElseThrow();
    assumeTrue(status.available(), () -> library + ": " + status.reason());
    List<String> missing = new ArrayList<>();
    int found = 0;
    for (Method method : functions.getMethods()) {
      if (method.getName().endsWith(ENDING)) {
        String name = method.getName().replace(ENDING, "");
        try {
          MemorySegment address = (MemorySegment) method.invoke(null);
          assertTrue(address.address() != 0, name);
          found++;
        } catch (InvocationTargetException e) {
          missing.add(name + ": " + e.getCause());
        }
      }
    }
    assertEquals(List.of(), missing, status.path() + " " + status.version());
    assertTrue(found >= least, found + " functions of " + library);
  }
}
