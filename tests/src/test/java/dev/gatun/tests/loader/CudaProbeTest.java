package dev.gatun.tests.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Looking for CUDA never ends the process: what is missing or broken is a reason. */
@EnabledOnOs(OS.LINUX)
class CudaProbeTest {
  private static final List<String> NAMES = List.of("CUDA runtime", "cuDNN", "cuBLAS", "NVRTC");

  @TempDir Path folder;

  private Child child() {
    Child child = new Child(folder).cuda();
    for (String key : List.of("cudart", "cudnn", "cublas", "nvrtc")) {
      child.option("gatun." + key + ".path", folder);
    }
    return child;
  }

  @Test
  void nothingThere() throws Exception {
    Child.Result result = child().run();
    for (String name : NAMES) {
      assertEquals("false", result.get(name + " available"));
      String reason = result.get(name + " reason");
      assertTrue(reason.matches("no lib\\S+ in the folders searched; set -Dgatun\\.\\w+\\.path"));
      String searched = result.get(name + " searched");
      assertTrue(searched.contains(folder + ": none"), searched);
    }
    assertEquals("0", result.get("devices"));
    assertEquals("there is no CUDA runtime", result.get("no device"));
  }

  @Test
  void brokenFiles() throws Exception {
    for (String file :
        List.of("libcudart.so.13", "libcudnn_adv.so.9", "libcublas.so.13", "libnvrtc.so.13")) {
      Files.writeString(folder.resolve(file), "not a library".repeat(20));
    }
    Child.Result result = child().run();
    for (String name : NAMES) {
      String reason = result.get(name + " reason");
      assertTrue(reason.endsWith("is not a shared library (no ELF header)"), reason);
    }
  }

  @Test
  void whatTheSystemHas() throws Exception {
    Child.Result result = new Child(folder).cuda().run();
    for (String name : NAMES) {
      boolean found = result.get(name + " available").equals("true");
      assertEquals(found, !result.get(name + " version").equals("null"), result.toString());
      assertEquals(found, result.get(name + " reason").equals("null"), result.toString());
    }
    assumeTrue(result.get("CUDA runtime available").equals("true"), "no CUDA runtime here");
    String version = result.get("CUDA runtime version");
    assertTrue(version.matches("1\\d\\.\\d+"), version);
    assertTrue(Files.exists(Path.of(result.get("CUDA runtime path"))));
  }
}
