package dev.gatun.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.tests.support.ChildJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the CUDA kernels compute: built for the host by g++, each block's threads as coroutines, and
 * held against the reference backend. In a child JVM, which alone may call foreign code. Skipped
 * where there is no g++.
 */
@EnabledOnOs(OS.LINUX)
class CudaOpsTest {
  private static final int SECONDS = 120;
  private static final Pattern KERNEL = Pattern.compile("extern \"C\" __global__ void (\\w+)\\(");

  @TempDir Path folder;

  @BeforeAll
  static void compiler() throws Exception {
    assumeTrue(isThere(), "there is no g++ to build the CUDA kernels for the host");
  }

  private static boolean isThere() throws InterruptedException {
    try {
      return run(Path.of("."), List.of("g++", "--version")).isEmpty();
    } catch (IOException e) {
      return false; // no such program
    }
  }

  @Test
  void computesWhatTheReferenceDoes() throws Exception {
    ChildJvm.Result result = check(Files.readString(ops()));
    assertEquals(0, result.exit(), result.output());
    assertTrue(result.output().contains("every kernel was checked"), result.output());
  }

  @Test
  void aForgottenBarrierShows() throws Exception {
    String header = Files.readString(CudaFiles.SOURCES.resolve("gatun.cuh"));
    String broken = header.replace("__syncthreads();", "").replace("#pragma once", "");
    String source = Files.readString(ops()).replace("#include \"gatun.cuh\"", broken);
    ChildJvm.Result result = check(source);
    assertNotEquals(0, result.exit(), result.output());
    assertTrue(result.output().contains("depends on the order of threads"), result.output());
  }

  private static Path ops() {
    return CudaFiles.SOURCES.resolve("ops.cu");
  }

  /** Builds the source and checks all its kernels. */
  private ChildJvm.Result check(String source) throws Exception {
    List<String> kernels = KERNEL.matcher(source).results().map(found -> found.group(1)).toList();
    List<String> arguments = new ArrayList<>(List.of(build(source, kernels).toString()));
    arguments.addAll(kernels);
    List<String> flags = List.of("--enable-native-access=dev.gatun.tests");
    return ChildJvm.run(flags, CudaOpsMain.class, arguments, SECONDS);
  }

  private Path build(String source, List<String> names) throws Exception {
    String kernels = names.stream().map("KERNEL(%s)\n"::formatted).collect(Collectors.joining());
    Path file = folder.resolve("ops.cpp");
    Files.writeString(file, "#include \"host.h\"\n" + source + kernels);
    Path library = folder.resolve("libops.so");
    List<String> command =
        List.of(
            "g++",
            "-std=c++17",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fPIC",
            "-shared",
            "-I" + CudaFiles.HOST,
            "-I" + CudaFiles.SOURCES,
            file.toString(),
            "-o",
            library.toString());
    assertEquals("", run(folder, command));
    return library;
  }

  /** Empty if all is well, else what the program printed. */
  private static String run(Path folder, List<String> command)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(SECONDS, TimeUnit.SECONDS), "g++ hangs");
    return process.exitValue() == 0 ? "" : output + process.exitValue();
  }
}
