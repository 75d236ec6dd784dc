package dev.gatun.tests.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Where the libraries of a GPU are looked for, in which order, and what stands above that. */
@EnabledOnOs(OS.LINUX)
class CudaSearchTest {
  private static final String RUNTIME = "libcudart.so.13";
  private static final String CUDNN = "libcudnn_adv.so.9";
  private static final String CUBLAS = "libcublas.so.13";
  private static final String NVRTC = "libnvrtc.so.13";

  @TempDir private Path folder;

  private Path linker;
  private Path home;
  private Path path;
  private Path conda;
  private Path environment;
  private Path packages;
  private Path user;

  @BeforeEach
  void folders() throws IOException {
    linker = made("linker");
    home = Objects.requireNonNull(made("home/lib64").getParent());
    path = Objects.requireNonNull(made("path/lib64").getParent());
    conda = Objects.requireNonNull(made("conda/lib").getParent());
    environment = made("environment");
    packages = made("packages");
    user = made("user");
    made("conda/lib/python3.13/site-packages/nvidia/cu13/lib");
    made("environment/lib/python3.12/site-packages/nvidia/cudnn/lib");
    made("packages/nvidia/cublas/lib");
    made("user/.local/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib");
  }

  private Path made(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  /** With all that says where to look. */
  private Child child() {
    return new Child(folder.resolve("cache"))
        .cuda()
        .variable("LD_LIBRARY_PATH", linker.toString())
        .variable("CUDA_HOME", home.toString())
        .variable("CUDA_PATH", path.toString())
        .variable("CONDA_PREFIX", conda.toString())
        .variable("VIRTUAL_ENV", environment.toString())
        .option("gatun.python.packages", packages)
        .option("user.home", user);
  }

  /** What is found first and cannot be loaded is reported, not passed over: its path tells it. */
  private static void put(Path where, String... names) throws IOException {
    for (String name : names) {
      Files.writeString(where.resolve(name), "no library".repeat(20));
    }
  }

  @Test
  void everyPlaceIsLookedAtInOrder() throws Exception {
    Child.Result result = child().run();
    assumeFalse(path(result, "cuDNN").startsWith("/usr"), "the system has a cuDNN");
    String searched = result.get("cuDNN searched");
    List<String> places =
        Stream.of(
                linker,
                home.resolve("lib64"),
                home.resolve("lib"),
                path.resolve("lib64"),
                Path.of("/usr/lib/x86_64-linux-gnu"),
                conda.resolve("lib"),
                packages.resolve("nvidia/cublas/lib"),
                environment.resolve("lib/python3.12/site-packages/nvidia/cudnn/lib"),
                conda.resolve("lib/python3.13/site-packages/nvidia/cu13/lib"),
                user.resolve(".local/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib"))
            .map(Path::toString)
            .filter(place -> !place.startsWith("/usr") || Files.isDirectory(Path.of(place)))
            .toList();
    int before = -1;
    for (String place : places) {
      int at = searched.indexOf(place + ": ");
      assertTrue(at > before, () -> place + " is not in its order in " + searched);
      before = at;
    }
  }

  @Test
  void eachLibraryIsTakenWhereItIsFoundFirst() throws Exception {
    put(path.resolve("lib64"), RUNTIME, CUBLAS, NVRTC);
    put(home.resolve("lib64"), CUBLAS, NVRTC);
    put(linker, NVRTC);
    put(environment.resolve("lib/python3.12/site-packages/nvidia/cudnn/lib"), CUDNN);
    put(packages.resolve("nvidia/cublas/lib"), CUDNN);
    Child.Result result = child().run();
    assertEquals(path.resolve("lib64").resolve(RUNTIME).toString(), path(result, "CUDA runtime"));
    assertEquals(home.resolve("lib64").resolve(CUBLAS).toString(), path(result, "cuBLAS"));
    assertEquals(linker.resolve(NVRTC).toString(), path(result, "NVRTC"));
    assumeFalse(path(result, "cuDNN").startsWith("/usr"), "the system has a cuDNN");
    assertEquals(
        packages.resolve("nvidia/cublas/lib").resolve(CUDNN).toString(), path(result, "cuDNN"));
    put(conda.resolve("lib"), CUDNN);
    assertEquals(conda.resolve("lib").resolve(CUDNN).toString(), path(child().run(), "cuDNN"));
  }

  private static String path(Child.Result result, String name) {
    return result.get(name + " path");
  }

  /** A property stands above a variable, and both above everything that is found. */
  @Test
  void aSettingIsTakenAlone() throws Exception {
    Path mine = made("mine");
    Path other = made("other");
    put(linker, RUNTIME, CUDNN, CUBLAS, NVRTC);
    put(mine, CUDNN, CUBLAS);
    put(other, CUDNN);
    Child.Result result =
        child()
            .variable("GATUN_CUDNN_PATH", other.toString())
            .option("gatun.cudnn.path", mine)
            .variable("GATUN_CUBLAS_PATH", mine.resolve(CUBLAS).toString())
            .option("gatun.nvrtc.path", other)
            .run();
    assertEquals(linker.resolve(RUNTIME).toString(), path(result, "CUDA runtime"));
    assertEquals(mine.resolve(CUDNN).toString(), path(result, "cuDNN"));
    assertEquals(mine.resolve(CUBLAS).toString(), path(result, "cuBLAS"));
    assertEquals("null", path(result, "NVRTC"), "none in the folder that was given");
    String searched = result.get("cuBLAS searched");
    assertTrue(searched.contains("GATUN_CUBLAS_PATH: " + mine), searched);
    searched = result.get("NVRTC searched");
    assertTrue(searched.contains("-Dgatun.nvrtc.path: " + other), searched);
  }

  /** What has to be loaded before a library is taken from beside it, and first. */
  @Test
  void companionsComeFirst() throws Exception {
    put(linker, CUDNN, "libcudnn_ops.so.9", "libcudnn_graph.so.9");
    put(linker, CUBLAS, "libcublasLt.so.13", NVRTC, "libnvrtc-builtins.so.13.0");
    Child.Result result = child().run();
    String reason = " is not a shared library (no ELF header)";
    assertEquals(linker.resolve("libcudnn_graph.so.9") + reason, result.get("cuDNN reason"));
    assertEquals(linker.resolve("libcublasLt.so.13") + reason, result.get("cuBLAS reason"));
    assertEquals(linker.resolve("libnvrtc-builtins.so.13.0") + reason, result.get("NVRTC reason"));
    assertEquals(linker.resolve(NVRTC).toString(), path(result, "NVRTC"));
  }
}
