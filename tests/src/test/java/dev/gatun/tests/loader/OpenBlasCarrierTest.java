package dev.gatun.tests.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** OpenBLAS out of its carrier jar: found on either path, unpacked safely, verified, repaired. */
class OpenBlasCarrierTest {
  @TempDir Path folder;

  private Path cache() {
    return folder.resolve("cache");
  }

  private static void assertWorks(Child.Result result) {
    assertEquals("null", result.get("OpenBLAS reason"));
    assertEquals("[7.0, 10.0, 15.0, 22.0]", result.get("product"), result.toString());
    assertEquals("0.3.31", result.get("OpenBLAS version"));
    assertEquals("1", result.get("threads"));
    assertEquals("true", result.get("same again"));
  }

  private List<Path> cached() throws IOException {
    try (Stream<Path> files = Files.walk(cache())) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private Path cachedLibrary() throws IOException {
    return cached().stream()
        .filter(file -> file.getFileName().toString().startsWith("libopenblas"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void onTheClassPath() throws Exception {
    Child.Result result = new Child(cache()).with(Child.carrier()).run();
    assertWorks(result);
    assertEquals(cachedLibrary().toString(), result.get("OpenBLAS path"));
  }

  @Test
  void onTheModulePath() throws Exception {
    Child.Result result = new Child(cache()).with(Child.carrier()).onModulePath().run();
    assertWorks(result);
    assertEquals(cachedLibrary().toString(), result.get("OpenBLAS path"));
  }

  @Test
  void inAFolderOfTheModulePath() throws Exception {
    Path jar = Child.carrier();
    Path lib = Files.createDirectories(folder.resolve("lib"));
    Files.createSymbolicLink(lib.resolve(jar.getFileName()), jar);
    assertWorks(new Child(cache()).with(lib).onModulePath().run());
  }

  @Test
  void nowhere() throws Exception {
    Child.Result result = new Child(cache()).run();
    String reason = result.get("OpenBLAS reason");
    assertTrue(reason.contains("org.bytedeco:openblas"), reason);
    assertTrue(reason.contains("-Dgatun.openblas.path=FILE"), reason);
    assertEquals("OpenBLAS is not available: " + reason, result.get("thrown"));
    assertTrue(result.get("OpenBLAS searched").contains("class-path resource"));
  }

  @Test
  void whoseContentIsNotWhatWasPinned() throws Exception {
    Path genuine = Child.carrier();
    Path jar = folder.resolve(genuine.getFileName());
    String platform = jar.toString().replaceAll(".*-(\\w+-\\w+)\\.jar", "$1");
    try (var zip = new java.util.zip.ZipFile(genuine.toFile());
        var out = new ZipOutputStream(Files.newOutputStream(jar))) {
      for (ZipEntry entry : zip.stream().toList()) {
        if (entry.getName().matches("org/bytedeco/openblas/" + platform + "/lib(?!jni)[^/]*")) {
          out.putNextEntry(new ZipEntry(entry.getName()));
          out.write(("not " + entry.getName()).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
      }
    }
    Child.Result result = new Child(cache()).with(jar).run();
    String reason = result.get("OpenBLAS reason");
    assertTrue(reason.contains("SHA-256"), reason);
    assertTrue(reason.contains(jar.getFileName().toString()), reason);
    assertEquals(List.of(), cached());
  }

  @Test
  void damagedInTheCacheIsRepaired() throws Exception {
    assertWorks(new Child(cache()).with(Child.carrier()).run());
    Path library = cachedLibrary();
    byte[] intact = Files.readAllBytes(library);
    byte[] damaged = intact.clone();
    damaged[damaged.length / 2] ^= 1;
    Files.write(library, damaged);
    Path other = cached().getFirst();
    try (FileChannel channel = FileChannel.open(other, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
    assertWorks(new Child(cache()).with(Child.carrier()).run());
    assertEquals(-1, java.util.Arrays.mismatch(intact, Files.readAllBytes(library)));
  }

  @Test
  void unpackedByManyProcessesAtOnce() throws Exception {
    List<Child.Running> running = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      running.add(new Child(cache()).with(Child.carrier()).start());
    }
    for (Child.Running child : running) {
      assertWorks(child.result());
    }
    for (Path file : cached()) {
      assertTrue(file.getFileName().toString().startsWith("lib"), file + " was left behind");
      assertTrue(!file.toString().endsWith(".unpacking"), file + " was left behind");
    }
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void readableByItsOwnerAlone() throws Exception {
    assertWorks(new Child(cache()).with(Child.carrier()).run());
    Path home = cachedLibrary().getParent();
    for (Path file : cached()) {
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertWorks(new Child(cache()).with(Child.carrier()).run());
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(home)));
  }
}
