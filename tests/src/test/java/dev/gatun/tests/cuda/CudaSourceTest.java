package dev.gatun.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.kernels.CudaSource;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The lists of sources: what opening a GPU compiles, and what a stack's shape does. */
class CudaSourceTest {
  @Test
  void namesEveryFileWithKernels() throws Exception {
    List<String> named =
        Stream.concat(CudaSource.KERNELS.stream(), CudaSource.SHAPED.stream()).sorted().toList();
    assertEquals(CudaFiles.sources(), named);
  }
}
