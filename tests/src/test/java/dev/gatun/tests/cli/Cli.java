package dev.gatun.tests.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.gatun.tests.support.DeviceRun;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs {@code gatun} in a folder: in a JVM of its own, or in this one where that has no flag or
 * variable to be given and the folder is a {@link WorkingFolder}.
 */
public final class Cli {
  /** Far beyond what a test takes on a busy machine: it only ends what hangs. */
  private static final long LIMIT_SECONDS = 300;

  /**
   * What a command left.
   *
   * @param err without the JVM's own line about incubator modules
   */
  public record Outcome(int status, String out, String err) {}

  private final Path folder;
  private final List<String> flags;
  private final Map<String, String> environment = new TreeMap<>();

  /**
   * A command line.
   *
   * @param flags of the JVM, besides those that Gatun needs
   */
  Cli(Path folder, String... flags) {
    this.folder = folder;
    this.flags = List.of(flags);
  }

  /** The same with a variable of the environment. */
  Cli with(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** A command line that finds the GPU, or its double, that this JVM was given to find. */
  public static Cli onGpu(Path folder, String... flags) {
    return new Cli(
        folder, Stream.concat(DeviceRun.flags().stream(), Stream.of(flags)).toArray(String[]::new));
  }

  /** Runs a command to its end. */
  public Outcome run(String... arguments) throws IOException, InterruptedException {
    boolean here =
        WorkingFolder.Emptied.is(folder)
            && environment.isEmpty()
            && DeviceRun.flags().containsAll(flags);
    if (!here) {
      return finish(start(arguments));
    }
    Outcome outcome = InProcess.run(arguments);
    return new Outcome(outcome.status(), outcome.out(), outcome.err().stripTrailing());
  }

  /** A command that goes on while the test does something. */
  record Running(Process process, Path out, Path err) {}

  Running start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    if (ignoresInterrupts()) {
      command.addAll(List.of("env", "--default-signal=INT"));
    }
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=dev.gatun.bindings");
    command.add("--illegal-native-access=deny");
    command.addAll(flags);
    command.add("-p");
    command.add(modulePath());
    command.add("-m");
    command.add("dev.gatun.app/dev.gatun.app.Main");
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile(folder, "out", ".txt");
    Path err = Files.createTempFile(folder, "err", ".txt");
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().putAll(environment);
    builder.redirectOutput(out.toFile()).redirectError(err.toFile());
    return new Running(builder.start(), out, err);
  }

  /**
   * Whether this process ignores SIGINT, as those do that a shell has started in the background:
   * its children would inherit that.
   */
  private static boolean ignoresInterrupts() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("SigIgn:"))
          .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
    }
  }

  Outcome finish(Running running) throws IOException, InterruptedException {
    if (!running.process().waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      running.process().destroyForcibly();
      throw new AssertionError("still running: " + Files.readString(running.err()));
    }
    String err =
        Files.readString(running.err(), UTF_8)
            .lines()
            .filter(line -> !line.startsWith("WARNING: Using incubator modules"))
            .collect(Collectors.joining("\n"));
    return new Outcome(running.process().exitValue(), Files.readString(running.out(), UTF_8), err);
  }

  /** The jars and folders of this test, wherever Surefire has put them. */
  private static String modulePath() {
    return System.getProperty("jdk.module.path", "")
        + File.pathSeparator
        + System.getProperty("java.class.path", "");
  }

  Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }
}
