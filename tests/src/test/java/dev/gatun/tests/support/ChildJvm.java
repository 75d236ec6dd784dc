package dev.gatun.tests.support;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A JVM on the same modules as this one, for what needs other flags or may crash. */
public final class ChildJvm {
  private ChildJvm() {}

  /**
   * What a child left behind.
   *
   * @param exit its exit code
   * @param output standard output and error together
   */
  public record Result(int exit, String output) {}

  /**
   * Runs a main class of the tests.
   *
   * @param flags JVM flags; those for native access are added
   * @param seconds after which it is killed, which is an error
   */
  public static Result run(List<String> flags, Class<?> main, List<String> arguments, int seconds) {
    List<String> all = new ArrayList<>(flags);
    all.add("--enable-native-access=dev.gatun.bindings");
    all.add("--illegal-native-access=deny");
    return runBare(all, main, arguments, seconds);
  }

  /** As {@link #run}, with no flags but those given. */
  public static Result runBare(
      List<String> flags, Class<?> main, List<String> arguments, int seconds) {
    String name = main.getModule().getName() + "/" + main.getName();
    return start(flags, List.of("-p", modulePath(), "-m", name), arguments, seconds);
  }

  /** As {@link #runBare}, with everything on the class path. */
  public static Result runOnClassPath(
      List<String> flags, Class<?> main, List<String> arguments, int seconds) {
    return start(flags, List.of("-cp", modulePath(), main.getName()), arguments, seconds);
  }

  /**
   * Starts a main class of the tests on the modules of this JVM; the caller ends it.
   *
   * @param output gets its standard output and error
   */
  public static Process start(
      Class<?> main, List<String> flags, List<String> arguments, Path output) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.addAll(
        List.of("-p", modulePath(), "-m", main.getModule().getName() + "/" + main.getName()));
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }

  private static Result start(
      List<String> flags, List<String> what, List<String> arguments, int seconds) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.add("-XX:-CreateCoredumpOnCrash");
    command.addAll(what);
    command.addAll(arguments);
    try {
      Path folder = Files.createTempDirectory("gatun-child");
      Path output = folder.resolve("output");
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
      process.destroyForcibly().waitFor();
      String text = Files.readString(output, StandardCharsets.UTF_8);
      for (File file : folder.toFile().listFiles()) {
        Files.delete(file.toPath());
      }
      Files.delete(folder);
      if (!ended) {
        throw new AssertionError(what + " was killed after " + seconds + " s:\n" + text);
      }
      return new Result(process.exitValue(), text);
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Where the modules of this JVM are, less those of the JDK and of the test runner. */
  private static String modulePath() {
    return ModuleLayer.boot().configuration().modules().stream()
        .filter(module -> !module.name().startsWith("org.apache.maven"))
        .flatMap(module -> module.reference().location().stream())
        .filter(location -> "file".equals(location.getScheme()))
        .map(ChildJvm::path)
        .distinct()
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static String path(URI location) {
    return Path.of(location).toString();
  }

  /** Whether the processor has a feature, such as {@code avx2}, by Linux's name for it. */
  public static boolean hasFlag(String flag) {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("flags"))
          .anyMatch(line -> Arrays.asList(line.split("[ \t:]+")).contains(flag));
    } catch (IOException e) {
      return false;
    }
  }
}
