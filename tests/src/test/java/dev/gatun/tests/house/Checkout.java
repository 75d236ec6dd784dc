package dev.gatun.tests.house;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A checkout of the launcher alone, with a stand-in for the Maven wrapper that counts its calls and
 * makes an empty jar, and a stand-in for a JDK that prints the arguments it was given.
 */
final class Checkout {
  record Outcome(int status, String out, String err) {}

  static final Path ROOT = Path.of(System.getProperty("gatun.root")).toAbsolutePath().normalize();

  final Path root;
  final Path jdks;

  Checkout(Path folder) throws IOException {
    root = Files.createDirectories(folder.resolve("check out"));
    jdks = Files.createDirectories(folder.resolve("jdks"));
    Files.createDirectories(root.resolve(".mvn"));
    Files.copy(ROOT.resolve("gatun"), root.resolve("gatun"));
    for (String name : List.of("find-jdk.sh", "build-app.sh", "Locked.java", "FetchMaven.java")) {
      Files.copy(ROOT.resolve(".mvn").resolve(name), root.resolve(".mvn").resolve(name));
    }
    script(
        root.resolve("mvnw"),
        """
        echo call >> "$(dirname "$0")/calls"
        [ ! -f "$(dirname "$0")/fail" ] || { echo "COMPILATION ERROR"; exit 1; }
        [ -z "${BUILD_SECONDS:-}" ] || sleep "$BUILD_SECONDS"
        mkdir -p "$(dirname "$0")/java/app/target/lib"
        date > "$(dirname "$0")/java/app/target/lib/app.jar"
        """);
    Files.createDirectories(root.resolve("java/app/src/main"));
    write(root.resolve("java/app/src/main/Main.java"), "first");
    write(root.resolve("java/app/src/main/Other.java"), "second");
    // Written in the past, so that the build stamp is newer even on a coarse clock.
    for (String name : List.of("Main.java", "Other.java", "")) {
      age(root.resolve("java/app/src/main").resolve(name));
    }
    jdk("jdk-25", "25.0.3");
  }

  static void age(Path file) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(3600)));
  }

  /** Adds a stand-in JDK that prints its name and arguments, but runs source files for real. */
  Path jdk(String name, String version) throws IOException {
    Path home = jdks.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Path real = Path.of(System.getProperty("java.home"), "bin", "java");
    script(
        home.resolve("bin/java"),
        """
        case $1 in *.java) exec '%s' "$@" ;; esac
        echo "%s"
        for argument; do
          echo "[$argument]"
          case $argument in -XX:ArchiveClassesAtExit=*) date > "${argument#*=}" ;; esac
        done
        exit "${JAVA_STATUS:-0}"
        """
            .formatted(real, name));
    script(home.resolve("bin/javac"), "echo javac " + version + "\n");
    write(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  static void script(Path file, String body) throws IOException {
    write(file, "#!/bin/sh\n" + body);
    if (!file.toFile().setExecutable(true)) {
      throw new IOException("cannot make executable: " + file);
    }
  }

  static void write(Path file, String text) throws IOException {
    Files.writeString(file, text);
  }

  int builds() throws IOException {
    Path calls = root.resolve("calls");
    return Files.exists(calls) ? Files.readAllLines(calls).size() : 0;
  }

  /** Runs the launcher in the checkout; the environment is added to PATH, HOME and the JDKs. */
  Outcome run(Map<String, String> environment, String... arguments) throws Exception {
    return run("gatun", environment, arguments);
  }

  Outcome run(String script, Map<String, String> environment, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>(List.of(root.resolve(script).toString()));
    command.addAll(List.of(arguments));
    return run(environment, root, command);
  }

  Outcome run(Map<String, String> environment, Path workingFolder, List<String> command)
      throws Exception {
    Path err = Files.createTempFile(jdks, "stderr", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(workingFolder.toFile()).redirectError(err.toFile());
    builder.environment().keySet().retainAll(List.of("PATH"));
    builder.environment().put("HOME", jdks.resolveSibling("home").toString());
    builder.environment().put("GATUN_JDK_DIRS", jdks + "/jdk-25");
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("the launcher hangs: " + Files.readString(err));
    }
    return new Outcome(process.exitValue(), out, Files.readString(err));
  }
}
