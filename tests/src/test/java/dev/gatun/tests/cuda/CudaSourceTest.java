package dev.gatun.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.kernels.CudaSource;
import org.junit.jupiter.api.Test;

/** The list of sources that opening a GPU compiles. */
class CudaSourceTest {
  @Test
  void namesEveryFileWithKernels() throws Exception {
    assertEquals(CudaFiles.sources(), CudaSource.KERNELS);
  }
}
