package dev.gatun.tests.house;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tests.house.Checkout.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** ./mvnw against a mirror in a folder that holds a stand-in for Maven. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "mvnw is a POSIX shell script")
class WrapperTest {
  private static final String PATH_IN_MIRROR = "org/apache/maven/apache-maven/9.9.9/";
  private static final String MAVEN = "#!/bin/sh\necho \"fetched $JAVA_HOME $*\"\n";

  @TempDir Path folder;
  private Checkout checkout;
  private Path mirror;

  @BeforeEach
  void mirror() throws Exception {
    checkout = new Checkout(folder);
    Files.copy(
        Checkout.ROOT.resolve("mvnw"),
        checkout.root.resolve("mvnw"),
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.COPY_ATTRIBUTES);
    mirror = Files.createDirectories(folder.resolve("mirror").resolve(PATH_IN_MIRROR));
    Path zip = mirror.resolve("apache-maven-9.9.9-bin.zip");
    writeZip(zip, Map.of("apache-maven-9.9.9/bin/mvn", MAVEN));
    pin(zip);
  }

  private void pin(Path zip) throws Exception {
    byte[] sum = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(zip));
    Files.createDirectories(checkout.root.resolve(".mvn/wrapper"));
    Checkout.write(
        checkout.root.resolve(".mvn/wrapper/maven-wrapper.properties"),
        "distributionUrl=https://repository.invalid/maven2/%s%s\ndistributionSha256Sum=%s\n"
            .formatted(PATH_IN_MIRROR, zip.getFileName(), HexFormat.of().formatHex(sum)));
  }

  private static void writeZip(Path file, Map<String, String> entries) throws IOException {
    try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
      for (var entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(UTF_8));
      }
    }
  }

  private Outcome wrapper(Map<String, String> environment) throws Exception {
    Map<String, String> all = new HashMap<>();
    all.put("MVNW_REPOURL", folder.resolve("mirror").toUri().toString());
    all.put("PATH", tools().toString());
    all.putAll(environment);
    return checkout.run("mvnw", all, "-q", "verify");
  }

  /** What the wrapper may use, and so no mvn. */
  private Path tools() throws IOException {
    Path tools = folder.resolve("tools");
    if (!Files.exists(tools)) {
      Files.createDirectories(tools);
      for (String tool : List.of("sh", "sed", "dirname", "readlink", "cut", "tr")) {
        Path found = Files.exists(Path.of("/bin", tool)) ? Path.of("/bin") : Path.of("/usr/bin");
        Files.createSymbolicLink(tools.resolve(tool), found.resolve(tool));
      }
    }
    return tools;
  }

  @Test
  void fetchesMavenOnceAndRunsItOnTheJdkItFound() throws Exception {
    Outcome first = wrapper(Map.of());
    assertEquals(0, first.status(), first.err());
    assertEquals("mvnw: fetching Maven 9.9.9 (once)\n", first.err());
    assertEquals("fetched " + checkout.jdks + "/jdk-25 -q verify\n", first.out());
    Outcome second = wrapper(Map.of("MVNW_REPOURL", "file:/nowhere"));
    assertEquals("", second.err());
    assertEquals(first.out(), second.out());
    assertEquals(1, filesIn("home/.m2/wrapper/dists/apache-maven-9.9.9-bin"));
  }

  private int filesIn(String name) {
    return Objects.requireNonNull(folder.resolve(name).toFile().list()).length;
  }

  @Test
  void refusesAnotherArchiveAndTakesTheMavenOnPath() throws Exception {
    writeZip(mirror.resolve("apache-maven-9.9.9-bin.zip"), Map.of("a/bin/mvn", "#!/bin/sh\n"));
    Checkout.script(
        tools().resolve("mvn"), "[ \"$1\" != -v ] || echo 'Apache Maven 3.8.7'\necho \"own $*\"\n");
    Outcome run = wrapper(Map.of());
    assertEquals(0, run.status(), run.err());
    assertTrue(run.err().contains("SHA-256 is "), run.err());
    assertTrue(run.err().endsWith("mvnw: using the mvn on PATH instead\n"), run.err());
    assertEquals("own -q verify\n", run.out());
    assertEquals(0, filesIn("home/.m2/wrapper/dists/apache-maven-9.9.9-bin"), "left behind");
  }

  @Test
  void withoutAnyMavenSaysWhatToDo() throws Exception {
    Checkout.script(tools().resolve("mvn"), "echo 'Apache Maven 3.6.3'\n");
    Outcome run = wrapper(Map.of("MVNW_REPOURL", "file:/nowhere"));
    assertEquals(1, run.status());
    assertEquals("", run.out());
    String last = run.err().lines().reduce("", (before, line) -> line);
    assertTrue(last.contains("install Maven 3.8 or newer"), run.err());
  }

  @Test
  void anEntryOutsideTheArchiveIsRefused() throws Exception {
    Path zip = mirror.resolve("apache-maven-9.9.9-bin.zip");
    writeZip(zip, Map.of("../../../escaped", "text"));
    pin(zip);
    Outcome run = wrapper(Map.of());
    assertEquals(1, run.status());
    assertTrue(run.err().contains("entry outside the archive"), run.err());
  }
}
