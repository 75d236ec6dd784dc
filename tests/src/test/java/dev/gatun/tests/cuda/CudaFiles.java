package dev.gatun.tests.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Where the CUDA sources are. */
final class CudaFiles {
  private static final Path ROOT = Path.of(System.getProperty("gatun.root"));

  static final Path SOURCES = ROOT.resolve("kernels/src/main/cuda");
  static final Path HOST = ROOT.resolve("tests/src/test/cuda");

  private CudaFiles() {}

  /** The names of the sources with kernels. */
  static List<String> sources() throws IOException {
    try (Stream<Path> files = Files.list(SOURCES)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".cu"))
          .sorted()
          .toList();
    }
  }
}
