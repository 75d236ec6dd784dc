package dev.gatun.tests.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.bindings.OpenBlas;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A JVM that runs {@link LoadMain}. */
final class Child {
  /** Set to what a user would set; everything that steers OpenBLAS or the loader is unset first. */
  final Map<String, String> environment = new TreeMap<>();

  /** JVM options, such as {@code -Dgatun.openblas.path=x}. */
  final List<String> options = new ArrayList<>();

  private final List<Path> classPath = new ArrayList<>();
  private boolean onModulePath;
  private String mode = "openblas";

  /** Without a carrier jar. */
  Child(Path cache) {
    options.add("-Dgatun.cache=" + cache);
  }

  Child with(Path carrier) {
    classPath.add(carrier);
    return this;
  }

  Child option(String name, Object value) {
    options.add("-D" + name + "=" + value);
    return this;
  }

  Child variable(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** Bindings and carriers as modules, this test on the class path. */
  Child onModulePath() {
    onModulePath = true;
    return this;
  }

  Child cuda() {
    mode = "cuda";
    return this;
  }

  /** Starts without waiting. */
  Running start() throws IOException {
    Path bindings = location(OpenBlas.class);
    Path tests = location(LoadMain.class);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:-CreateCoredumpOnCrash"));
    command.addAll(options);
    if (onModulePath) {
      command.addAll(List.of("-p", join(bindings, classPath)));
      command.addAll(List.of("--add-modules", "dev.gatun.bindings"));
      command.add("--enable-native-access=dev.gatun.bindings");
      for (String name : List.of("", ".generated.openblas", ".generated.libc")) {
        String module = "dev.gatun.bindings";
        command.addAll(List.of("--add-exports", module + "/" + module + name + "=ALL-UNNAMED"));
      }
      command.addAll(List.of("-cp", tests.toString()));
    } else {
      command.add("--enable-native-access=ALL-UNNAMED");
      List<Path> all = new ArrayList<>(List.of(tests));
      all.addAll(classPath);
      command.addAll(List.of("-cp", join(bindings, all)));
    }
    command.addAll(List.of(LoadMain.class.getName(), mode));
    Path out = Files.createTempFile("loader", ".out");
    Path err = Files.createTempFile("loader", ".err");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder
        .environment()
        .keySet()
        .removeIf(
            name ->
                name.matches("(GATUN|OPENBLAS|OMP|GOTO|MKL|CUDA|CONDA|VIRTUAL)_.*|.*LIBRARY_PATH"));
    builder.environment().putAll(environment);
    return new Running(builder.start(), out, err);
  }

  /** Runs to the end; fails unless the JVM ends well. */
  Result run() throws IOException, InterruptedException {
    return start().result();
  }

  /** What a child printed, by key. */
  record Result(Map<String, String> values) {
    /** The value; fails when the child did not print this key. */
    String get(String key) {
      return Objects.requireNonNull(values.get(key), () -> key + " is not in " + values);
    }
  }

  /** A started child. */
  record Running(Process process, Path out, Path err) {
    /** Its output by key, once it has ended well. */
    Result result() throws IOException, InterruptedException {
      try {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
        String errors = Files.readString(err, StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), errors);
        Map<String, String> result = new TreeMap<>();
        for (String line : Files.readAllLines(out, StandardCharsets.UTF_8)) {
          int equals = line.indexOf('=');
          assertTrue(equals > 0, line);
          result.put(line.substring(0, equals), line.substring(equals + 1));
        }
        return new Result(result);
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    }
  }

  /** The carrier jar of this build. */
  static Path carrier() {
    List<Path> found = new ArrayList<>();
    for (String property : List.of("java.class.path", "jdk.module.path")) {
      for (String element : System.getProperty(property, "").split(File.pathSeparator, -1)) {
        if (Path.of(element).getFileName().toString().matches("openblas-.*-\\w+-\\w+\\.jar")) {
          found.add(Path.of(element));
        }
      }
    }
    assertTrue(!found.isEmpty(), "the build has no carrier jar");
    return found.getFirst();
  }

  private static String join(Path first, List<Path> more) {
    return Stream.concat(Stream.of(first), more.stream())
        .map(Path::toString)
        .reduce((a, b) -> a + File.pathSeparator + b)
        .orElseThrow();
  }

  private static Path location(Class<?> type) {
    URL url = type.getProtectionDomain().getCodeSource().getLocation();
    try {
      return Path.of(Objects.requireNonNull(url).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
