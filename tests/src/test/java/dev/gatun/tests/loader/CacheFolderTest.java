package dev.gatun.tests.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Libraries are loaded from where nobody else can put one; what cannot be used says so. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class CacheFolderTest {
  private static final String REMEDY =
      "; give a folder of yours that can be written to with -Dgatun.cache=DIR or GATUN_CACHE=DIR";

  /** Any user but root and this one. */
  private static final int STRANGER = 65534;

  @TempDir Path folder;

  private Path cache() {
    return folder.resolve("cache");
  }

  private Child child() throws IOException {
    return new Child(cache()).with(Child.carrier());
  }

  private void works() throws Exception {
    Child.Result result = child().run();
    assertEquals("null", result.get("OpenBLAS reason"));
    assertEquals("[7.0, 10.0, 15.0, 22.0]", result.get("product"));
  }

  private void refused(String problem) throws Exception {
    assertEquals(
        "the cache folder " + problem + REMEDY + " in place of -Dgatun.cache=" + cache(),
        child().run().get("OpenBLAS reason"));
  }

  /** The folder of one version of the library. */
  private Path inner() throws IOException {
    try (Stream<Path> folders = Files.list(cache())) {
      return folders.findFirst().orElseThrow();
    }
  }

  private Path cached(String start, String end) throws IOException {
    try (Stream<Path> files = Files.list(inner())) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(start))
          .filter(file -> file.toString().endsWith(end))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static void giveAway(Path path) throws IOException {
    assumeTrue(
        Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid")),
        "only root can give files away");
    Files.setAttribute(path, "unix:uid", STRANGER);
  }

  /** Puts a damaged library into the cache, with the checksum that vouches for it. */
  private byte[] forge() throws Exception {
    works();
    Path library = cached("libopenblas", ".so.0");
    byte[] intact = Files.readAllBytes(library);
    byte[] forged = intact.clone();
    forged[forged.length - 100] ^= 1;
    Files.write(library, forged);
    CRC32C crc = new CRC32C();
    crc.update(forged);
    Files.writeString(
        cached("libopenblas", ".crc32c"), Long.toHexString(crc.getValue()) + " " + forged.length);
    return intact;
  }

  private void assertReplaced(byte[] intact) throws Exception {
    works();
    byte[] now = Files.readAllBytes(cached("libopenblas", ".so.0"));
    assertEquals(-1, java.util.Arrays.mismatch(intact, now));
  }

  @Test
  void aFileInPlaceOfTheFolder() throws Exception {
    Files.writeString(cache(), "");
    refused(cache() + " cannot be used: " + cache() + ": it is not a folder");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aFolderThatCannotBeMade() throws Exception {
    Child child = child();
    child.options.clear();
    child.variable("GATUN_CACHE", "/proc/none/gatun");
    assertEquals(
        "the cache folder /proc/none/gatun cannot be used: /proc/none: cannot be made"
            + REMEDY
            + " in place of GATUN_CACHE=/proc/none/gatun",
        child.run().get("OpenBLAS reason"));
  }

  @Test
  void aUserWithoutAHome() throws Exception {
    Child child = child().option("user.home", "?");
    child.options.removeIf(option -> option.startsWith("-Dgatun.cache="));
    assertEquals(
        "the cache folder ?/.cache/gatun is in no home folder: this user has none" + REMEDY,
        child.run().get("OpenBLAS reason"));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aRelativeFolderOfTheEnvironmentIsIgnored() throws Exception {
    Child child = child().option("user.home", folder).variable("XDG_CACHE_HOME", "some/where");
    child.options.removeIf(option -> option.startsWith("-Dgatun.cache="));
    Path found = Path.of(child.run().get("OpenBLAS path"));
    assertTrue(found.startsWith(folder.resolve(".cache").resolve("gatun")), found.toString());
    child.variable("XDG_CACHE_HOME", folder.resolve("xdg").toString());
    found = Path.of(child.run().get("OpenBLAS path"));
    assertTrue(found.startsWith(folder.resolve("xdg").resolve("gatun")), found.toString());
    assertFalse(Files.exists(Path.of("some")));
  }

  @Test
  void aLinkInPlaceOfTheInnerFolder() throws Exception {
    works();
    Path inner = inner();
    Path elsewhere = folder.resolve("elsewhere");
    Files.move(inner, elsewhere);
    Files.createSymbolicLink(inner, elsewhere);
    refused(inner + " is a link");
  }

  @Test
  void aLinkToTheCacheOnAnotherDisk() throws Exception {
    Files.createSymbolicLink(cache(), Files.createDirectory(folder.resolve("disk")));
    works();
  }

  @Test
  void aFolderOfAnotherUser() throws Exception {
    works();
    Path inner = inner();
    giveAway(inner);
    refused(inner + " belongs to another user");
    Files.setAttribute(inner, "unix:uid", 0);
    giveAway(cache());
    refused(cache() + " belongs to another user");
  }

  @Test
  void foldersThatOthersCanWriteToAreClosed() throws Exception {
    works();
    permit(cache(), "rwxrwxr-x");
    permit(inner(), "rwxrwxrwx");
    works();
    assertEquals("rwxr-xr-x", permissions(cache()));
    assertEquals("rwx------", permissions(inner()));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aForgedLibraryFromWhenTheFolderWasOpen() throws Exception {
    byte[] intact = forge();
    permit(inner(), "rwxrwxrwx");
    assertReplaced(intact);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aForgedLibraryOfAnotherUser() throws Exception {
    byte[] intact = forge();
    giveAway(cached("libopenblas", ".so.0"));
    assertReplaced(intact);
    assertEquals(0, Files.getAttribute(cached("libopenblas", ".so.0"), "unix:uid"));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aLinkInPlaceOfTheLibrary() throws Exception {
    works();
    Path library = cached("libopenblas", ".so.0");
    Path elsewhere = folder.resolve("elsewhere");
    Files.move(library, elsewhere);
    Files.createSymbolicLink(library, elsewhere);
    works();
    assertFalse(Files.isSymbolicLink(library));
  }
}
