package dev.gatun.tests.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A library chosen by the user: used when it is right, one clear reason and no crash otherwise. */
@EnabledOnOs(OS.LINUX)
class OpenBlasChoiceTest {
  @TempDir static Path shared;
  @TempDir Path folder;
  private static Path library = Path.of("");

  @BeforeAll
  static void unpack() throws IOException, InterruptedException {
    Child.Result result = new Child(shared).with(Child.carrier()).run();
    library = Path.of(result.get("OpenBLAS path"));
  }

  private String reason(Object path) throws IOException, InterruptedException {
    Child.Result result =
        new Child(folder).with(Child.carrier()).option("gatun.openblas.path", path).run();
    assertEquals("false", result.get("OpenBLAS available"));
    String reason = result.get("OpenBLAS reason");
    assertTrue(reason.contains("correct -Dgatun.openblas.path or remove it"), reason);
    return reason;
  }

  @Test
  void aFile() throws Exception {
    Child.Result result =
        new Child(folder).variable("GATUN_OPENBLAS_PATH", library.toString()).run();
    assertEquals("[7.0, 10.0, 15.0, 22.0]", result.get("product"));
    assertEquals(library.toString(), result.get("OpenBLAS path"));
    assertEquals("[GATUN_OPENBLAS_PATH: " + library + "]", result.get("OpenBLAS searched"));
  }

  @Test
  void theSystems() throws Exception {
    String folders = String.valueOf(library.getParent());
    Child.Result result =
        new Child(folder)
            .option("gatun.openblas", "system")
            .variable("LD_LIBRARY_PATH", folders)
            .run();
    assertEquals("[7.0, 10.0, 15.0, 22.0]", result.get("product"));
    assertEquals(library.toString(), result.get("OpenBLAS path"));
  }

  @Test
  void anUnknownKind() throws Exception {
    Child.Result result = new Child(folder).variable("GATUN_OPENBLAS", "mkl").run();
    assertEquals(
        "GATUN_OPENBLAS=mkl is not known; use system or bundled", result.get("OpenBLAS reason"));
  }

  @Test
  void aMissingFile() throws Exception {
    Path missing = folder.resolve("libopenblas.so.0");
    assertTrue(reason(missing).startsWith(missing + " does not exist"));
    assertTrue(reason(folder).startsWith(folder + " is not a regular file"));
  }

  @ParameterizedTest
  @CsvSource({"18, 183, is built for arm64", "4, 1, is built for a 32-bit processor"})
  void anotherProcessors(int offset, int value, String expected) throws Exception {
    byte[] bytes = Files.readAllBytes(library);
    assumeTrue(bytes[18] == 62, "this test edits an x86-64 library");
    bytes[offset] = (byte) value;
    Path file = Files.write(folder.resolve("libopenblas.so.0"), bytes);
    assertTrue(reason(file).contains(expected), reason(file));
  }

  @ParameterizedTest
  @CsvSource({
    "0, no ELF header",
    "10, no ELF header",
    "100, truncated",
    "0.5, truncated",
    "0.99, truncated"
  })
  void aTruncatedFile(double length, String expected) throws Exception {
    byte[] bytes = Files.readAllBytes(library);
    int kept = (int) (length > 0 && length < 1 ? length * bytes.length : length);
    Path file =
        Files.write(folder.resolve("libopenblas.so.0"), java.util.Arrays.copyOf(bytes, kept));
    assertTrue(reason(file).contains(expected), () -> "kept " + kept);
  }

  @Test
  void aFileThatIsNoLibrary() throws Exception {
    Path file = Files.writeString(folder.resolve("notes.txt"), "gates ".repeat(100));
    assertTrue(reason(file).contains("is not a shared library"));
  }

  @Test
  void anotherLibrary() throws Exception {
    String reason = reason(library.resolveSibling("libgcc_s.so.1"));
    assertTrue(reason.contains("is not OpenBLAS: it lacks openblas_get_config"), reason);
  }

  private Path compile(String name, String source, Path... with) throws Exception {
    Path c = Files.writeString(folder.resolve(name + ".c"), source);
    Path out = folder.resolve("lib" + name + ".so");
    var command =
        new java.util.ArrayList<>(
            List.of(
                "gcc",
                "-shared",
                "-fPIC",
                "-Wl,--no-as-needed",
                "-o",
                out.toString(),
                c.toString()));
    Stream.of(with).map(Path::toString).forEach(command::add);
    Process gcc;
    try {
      gcc = new ProcessBuilder(command).inheritIO().start();
    } catch (IOException e) {
      assumeTrue(false, "no C compiler to build a stand-in library with: " + e.getMessage());
      throw e;
    }
    assertEquals(0, gcc.waitFor(), command::toString);
    return out;
  }

  private static String standIn(String version) {
    return "const char *openblas_get_config(void) { return \"OpenBLAS " + version + " X\"; }\n";
  }

  @Test
  void theVersionWithARace() throws Exception {
    Path file = compile("old", standIn("0.3.30") + "void cblas_sgemm(void) {}\n");
    Child.Result result = new Child(folder).option("gatun.openblas.path", file).run();
    assertEquals("false", result.get("OpenBLAS available"));
    assertEquals("0.3.30", result.get("OpenBLAS version"));
    String reason = result.get("OpenBLAS reason");
    assertTrue(reason.startsWith("version 0.3.30 is refused"), reason);
  }

  @Test
  void aSymbolFromAnotherFile() throws Exception {
    Path other = compile("other", "void cblas_sgemm(void) {}\n");
    Path file = compile("front", standIn("0.3.29"), other);
    Child.Result result =
        new Child(folder)
            .option("gatun.openblas.path", file)
            .variable("LD_LIBRARY_PATH", folder.toString())
            .run();
    assertEquals("false", result.get("OpenBLAS available"));
    String reason = result.get("OpenBLAS reason");
    assertTrue(
        reason.startsWith("cblas_sgemm was bound from " + other + ", not from " + file), reason);
  }

  @Test
  void theUsersEnvironmentIsKeptAndReported() throws Exception {
    boolean wide = Files.readString(Path.of("/proc/cpuinfo")).contains("avx512vl");
    Child.Result free = new Child(shared).with(Child.carrier()).run();
    assertEquals("{}", free.get("variables"));
    assertEquals("", free.get("warnings"));
    assertEquals(
        wide,
        List.of("SkylakeX", "Cooperlake", "SapphireRapids").contains(free.get("core")),
        free::toString);
    Child.Result forced =
        new Child(shared)
            .with(Child.carrier())
            .variable("OPENBLAS_CORETYPE", "Nehalem")
            .variable("OPENBLAS_NUM_THREADS", "4")
            .run();
    assertEquals("{OPENBLAS_CORETYPE=Nehalem, OPENBLAS_NUM_THREADS=4}", forced.get("variables"));
    assertEquals("1", forced.get("threads"));
    String warnings = forced.get("warnings");
    assertTrue(warnings.contains("OPENBLAS_NUM_THREADS=4 is overridden by 1"), warnings);
    if (forced.get("core").equals("Nehalem")) { // x86-64
      assertEquals(wide, warnings.contains("unset it (env -u OPENBLAS_CORETYPE)"), warnings);
    }
    assertFalse(warnings.isEmpty());
  }
}
