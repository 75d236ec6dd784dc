package dev.gatun.tests.support;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Programs of bench/peers, run by {@code gatun.python}, default {@code python3}. */
public final class Python {
  /** The interpreter. */
  public static final String PROGRAM = System.getProperty("gatun.python", "python3");

  private static final String KNOWN = "a Python is there";

  /**
   * What a program left.
   *
   * @param said on both its outputs
   */
  public record Outcome(int status, String said) {}

  private Python() {}

  /** Why these arguments cannot be run: empty if they can. */
  public static String missing(Path folder, String imports) throws Exception {
    Outcome outcome =
        run(folder, 60, Map.of(), List.of("-c", imports + "; print('" + KNOWN + "')"));
    return outcome.said().contains(KNOWN) ? "" : outcome.said();
  }

  /** Runs to the end, or fails after so many seconds. */
  public static Outcome run(
      Path folder, int seconds, Map<String, String> environment, List<String> arguments)
      throws Exception {
    List<String> command = new ArrayList<>(List.of(PROGRAM));
    command.addAll(arguments);
    File output = Files.createTempFile(folder, "python", ".txt").toFile();
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output);
    builder.environment().putAll(environment);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      return new Outcome(-1, "no " + PROGRAM + ": " + e.getMessage());
    }
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      throw new AssertionError(
          "still running: " + command + ": " + Files.readString(output.toPath()));
    }
    return new Outcome(process.exitValue(), Files.readString(output.toPath()));
  }
}
