package dev.gatun.tests.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tests.house.Checkout.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** ./gatun: when it builds, what it runs, what it says. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "gatun is a POSIX shell script")
class LauncherTest {
  @TempDir Path folder;
  private Checkout checkout;

  @BeforeEach
  void checkout() throws Exception {
    checkout = new Checkout(folder);
  }

  @Test
  void buildsOnFirstUseSaysSoInOneLineAndRunsTheMainModule() throws Exception {
    Outcome first = checkout.run(Map.of(), "train", "a b.yaml");
    assertEquals(0, first.status(), first.err());
    assertEquals("gatun: building (once, and after a source has changed)\n", first.err());
    assertEquals(1, checkout.builds());
    List<String> lines = first.out().lines().toList();
    assertEquals("jdk-25", lines.getFirst());
    assertEquals(
        List.of("[-m]", "[dev.gatun.app/dev.gatun.app.Main]", "[train]", "[a b.yaml]"),
        lines.subList(lines.size() - 4, lines.size()));
    assertTrue(lines.contains("[--enable-native-access=dev.gatun.bindings]"), first.out());
    assertTrue(lines.contains("[--illegal-native-access=deny]"), first.out());
  }

  @Test
  void anUnchangedCheckoutIsNotBuiltAgain() throws Exception {
    checkout.run(Map.of());
    Outcome second = checkout.run(Map.of());
    assertEquals("", second.err());
    assertEquals(1, checkout.builds());
  }

  @Test
  void anEditADeletionAndARenameEachBuildAgain() throws Exception {
    checkout.run(Map.of());
    Path sources = checkout.root.resolve("java/app/src/main");
    Checkout.write(sources.resolve("Main.java"), "edited");
    checkout.run(Map.of());
    assertEquals(2, checkout.builds(), "after an edit");
    Files.delete(sources.resolve("Other.java"));
    checkout.run(Map.of());
    assertEquals(3, checkout.builds(), "after a deletion");
    Files.move(sources.resolve("Main.java"), sources.resolve("Start.java"));
    checkout.run(Map.of());
    assertEquals(4, checkout.builds(), "after a rename");
  }

  @Test
  void aRebuildLeavesTheJarsOfARunningProcessAlone() throws Exception {
    Path before = modulePath(checkout.run(Map.of()));
    Checkout.write(checkout.root.resolve("java/app/src/main/Main.java"), "edited");
    Path after = modulePath(checkout.run(Map.of()));
    assertTrue(Files.exists(before.resolve("app.jar")), before + " is gone");
    assertTrue(Files.exists(after.resolve("app.jar")));
    assertTrue(!before.equals(after), "both runs use " + before);
  }

  @Test
  void severalProcessesStartingAtOnceBuildOnce() throws Exception {
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Callable<Outcome>> runs = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        runs.add(() -> checkout.run(Map.of("BUILD_SECONDS", "1")));
      }
      for (var run : threads.invokeAll(runs)) {
        assertEquals(0, run.get().status(), run.get().err());
        assertTrue(Files.exists(modulePath(run.get()).resolve("app.jar")));
      }
    }
    assertEquals(1, checkout.builds());
  }

  @Test
  void buildsWithoutFlock() throws Exception {
    Path tools = Files.createDirectories(folder.resolve("tools"));
    for (String tool :
        "sh sed dirname readlink find head date mkdir cp mv ls sort tail rm tr cat"
            .split(" ", -1)) {
      Path found = Files.exists(Path.of("/bin", tool)) ? Path.of("/bin") : Path.of("/usr/bin");
      Files.createSymbolicLink(tools.resolve(tool), found.resolve(tool));
    }
    Outcome run = checkout.run(Map.of("PATH", tools.toString()));
    assertEquals(0, run.status(), run.err());
    assertEquals(1, checkout.builds());
  }

  @Test
  void aFailedBuildShowsItsLogAndIsTriedAgain() throws Exception {
    Path fail = Files.createFile(checkout.root.resolve("fail"));
    Outcome failed = checkout.run(Map.of());
    assertEquals(1, failed.status());
    assertTrue(failed.err().contains("COMPILATION ERROR"), failed.err());
    assertTrue(failed.err().contains("gatun: the build failed"), failed.err());
    assertEquals("", failed.out());
    Files.delete(fail);
    assertEquals(0, checkout.run(Map.of()).status());
  }

  @Test
  void usesTheBuildsArchiveOfClassesAndDoesWithoutOne() throws Exception {
    Outcome first = checkout.run(Map.of("GATUN_JAVA_OPTS", "-Xlog:gc"));
    Path archive = modulePath(first).resolve("gatun.jsa");
    assertTrue(Files.exists(archive), first.out());
    List<String> lines = first.out().lines().toList();
    assertTrue(lines.contains("[-XX:SharedArchiveFile=" + archive + "]"), first.out());
    assertTrue(lines.indexOf("[-Xlog:disable]") < lines.indexOf("[-Xlog:gc]"), first.out());
    Files.delete(archive);
    Outcome second = checkout.run(Map.of());
    assertEquals(0, second.status(), second.err());
    assertTrue(!second.out().contains("Archive"), second.out());
  }

  @Test
  void runsFromAnyFolderAndThroughLinks() throws Exception {
    Path elsewhere = Files.createDirectories(folder.resolve("bin"));
    Files.createSymbolicLink(elsewhere.resolve("one"), checkout.root.resolve("gatun"));
    Files.createSymbolicLink(elsewhere.resolve("two"), Path.of("one"));
    Outcome linked = checkout.run(Map.of(), elsewhere, List.of("./two", "doctor"));
    assertEquals(0, linked.status(), linked.err());
    assertTrue(linked.out().endsWith("[doctor]\n"), linked.out());
    assertTrue(modulePath(linked).startsWith(checkout.root.toRealPath()), linked.out());
  }

  @Test
  void passesTheExitStatusAndTheOptionsOfTheEnvironment() throws Exception {
    Outcome run = checkout.run(Map.of("JAVA_STATUS", "130", "GATUN_JAVA_OPTS", "-Xmx1g -ea"));
    assertEquals(130, run.status());
    assertTrue(run.out().contains("[-Xmx1g]\n[-ea]\n"), run.out());
  }

  @Test
  void skipsAnOldDefaultJavaAndTakesTheLowestThatWillDo() throws Exception {
    checkout.jdk("jdk-21", "21.0.1");
    checkout.jdk("jdk-26", "26-ea");
    Map<String, String> environment =
        Map.of(
            "JAVA_HOME", checkout.jdks + "/jdk-21",
            "PATH", checkout.jdks + "/jdk-21/bin:/usr/bin:/bin",
            "GATUN_JDK_DIRS", places("jdk-26", "jdk-25", "jdk-21"));
    assertEquals("jdk-25", checkout.run(environment).out().lines().findFirst().orElse(""));
  }

  @Test
  void prefersTheUsersOwnChoiceWhenItWillDo() throws Exception {
    checkout.jdk("jdk-26", "26-ea");
    Outcome run = checkout.run(Map.of("JAVA_HOME", checkout.jdks + "/jdk-26"));
    assertEquals("jdk-26", run.out().lines().findFirst().orElse(""));
  }

  @Test
  void withoutAJdkSaysInOneLineWhatToInstall() throws Exception {
    checkout.jdk("jdk-21", "21.0.1");
    Map<String, String> environment =
        Map.of(
            "PATH",
            checkout.jdks + "/jdk-21/bin:/usr/bin:/bin",
            "GATUN_JDK_DIRS",
            places("jdk-21", "absent"));
    Outcome run = checkout.run(environment);
    assertEquals(2, run.status());
    assertEquals(1, run.err().lines().count(), run.err());
    assertTrue(run.err().contains("install one (Eclipse Temurin 25"), run.err());
    assertEquals(0, checkout.builds());
  }

  private String places(String... names) {
    List<String> places = new ArrayList<>();
    for (String name : names) {
      places.add(checkout.jdks.resolve(name).toString());
    }
    return String.join(":", places);
  }

  private static Path modulePath(Outcome run) {
    List<String> lines = run.out().lines().toList();
    String path = lines.get(lines.indexOf("[-p]") + 1);
    return Path.of(path.substring(1, path.length() - 1));
  }
}
