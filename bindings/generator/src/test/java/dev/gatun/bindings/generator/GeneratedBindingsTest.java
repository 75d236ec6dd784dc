package dev.gatun.bindings.generator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The committed bindings are what the committed headers give. */
@Linux
class GeneratedBindingsTest {
  private static final Path GENERATED =
      Path.of("bindings/src/main/java/dev/gatun/bindings/generated");
  private static final String REMEDY =
      "; run ./mvnw -Pbindings -pl bindings/generator process-classes";

  static List<Path> argumentFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("bindings/jextract"))) {
      return files.sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("argumentFiles")
  void areUpToDate(Path arguments) throws IOException {
    Options options = Options.parse(List.of("@" + arguments));
    Path folder = options.output().resolve(options.targetPackage().replace('.', '/'));
    Map<String, String> generated = new TreeMap<>(Generator.sources(options));
    Map<String, String> committed = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        committed.put(String.valueOf(file.getFileName()), Files.readString(file));
      }
    }
    assertEquals(generated.keySet(), committed.keySet(), folder + " has other files" + REMEDY);
    generated.forEach(
        (name, text) -> assertEquals(text, committed.get(name), folder.resolve(name) + REMEDY));
  }

  @Test
  void everyFolderHasItsArgumentFile() throws IOException {
    List<Path> folders;
    try (Stream<Path> entries = Files.list(GENERATED)) {
      folders = entries.toList();
    }
    assertFalse(folders.isEmpty());
    for (Path folder : folders) {
      Path arguments = Path.of("bindings/jextract", folder.getFileName() + ".args");
      assertTrue(Files.exists(arguments), folder + " has no argument file");
    }
  }
}
