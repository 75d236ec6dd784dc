package dev.gatun.tests.cudadouble;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Builds the CUDA double before the first test of a run that has {@code gatun.cuda.double}, the
 * folder for it; without g++ that run's tests are skipped. JUnit finds it by its service.
 */
public final class CudaDouble implements ExecutionCondition {
  /** What holds everything; the libraries that Gatun looks for only lead to it. */
  static final String IMPLEMENTATION = "libgatun-double.so";

  private static final List<String> LIBRARIES =
      List.of(
          "libcudart.so.13",
          "libcudnn_graph.so.9",
          "libcudnn_ops.so.9",
          "libcudnn_adv.so.9",
          "libcublasLt.so.13",
          "libcublas.so.13",
          "libnvrtc-builtins.so.13.0",
          "libnvrtc.so.13");

  private static final String BUILT = "built";

  private static final Path ROOT = Path.of(System.getProperty("gatun.root")).normalize();
  private static final Path SOURCES = ROOT.resolve("tests/src/test/cuda-double");
  private static final Path HEADERS = ROOT.resolve("native-headers");

  private static @Nullable ConditionEvaluationResult result;

  /** Where the double lies; null in a run without it. */
  public static @Nullable Path folder() {
    String set = System.getProperty("gatun.cuda.double");
    return set == null ? null : Path.of(set);
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    Path folder = folder();
    return folder == null
        ? ConditionEvaluationResult.enabled("without the CUDA double")
        : prepare(folder);
  }

  private static synchronized ConditionEvaluationResult prepare(Path folder) {
    if (result == null) {
      try {
        result =
            hasCompiler()
                ? build(folder)
                : ConditionEvaluationResult.disabled(
                    "the CUDA double needs g++ (apt-get install g++)");
      } catch (IOException | NoSuchAlgorithmException | RefusedException e) {
        throw new IllegalStateException(e.getMessage(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while the CUDA double was built", e);
      }
    }
    return result;
  }

  private static boolean hasCompiler() {
    String path = System.getenv("PATH");
    return path != null
        && Stream.of(path.split(File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "g++")));
  }

  private static ConditionEvaluationResult build(Path folder)
      throws IOException, NoSuchAlgorithmException, InterruptedException, RefusedException {
    List<Path> sources = sources();
    String hash = hash(sources);
    Path built = folder.resolve(BUILT);
    Files.createDirectories(folder);
    // Surefire's other fork waits for it.
    try (FileChannel channel = FileChannel.open(folder.resolve("lock"), CREATE, WRITE)) {
      FileLock lock = channel.lock();
      if (!Files.exists(built) || !Files.readString(built).equals(hash)) {
        Files.deleteIfExists(built);
        link(folder, compile(folder, sources));
        Files.writeString(built, hash);
      }
      lock.release();
    }
    return ConditionEvaluationResult.enabled("the CUDA double has been built");
  }

  /** Compiles what has changed, all at once; returns the objects. */
  private static List<Path> compile(Path folder, List<Path> sources)
      throws IOException, NoSuchAlgorithmException, InterruptedException, RefusedException {
    List<Path> headers =
        sources.stream().filter(source -> source.toString().endsWith(".h")).toList();
    List<Path> objects = new ArrayList<>();
    Map<Path, Process> running = new LinkedHashMap<>();
    for (Path source : sources) {
      if (source.toString().endsWith(".cpp")) {
        List<Path> parts = new ArrayList<>(headers);
        parts.add(source);
        String hash = hash(parts);
        Path object = folder.resolve(source.getFileName() + "-" + hash.substring(0, 12) + ".o");
        objects.add(object);
        if (!Files.exists(object)) {
          running.put(object, start(compile(source, beside(object, ".part"), hash), log(object)));
        }
      }
    }
    for (Map.Entry<Path, Process> each : running.entrySet()) {
      Path object = each.getKey();
      finish(each.getValue(), log(object));
      Files.move(beside(object, ".part"), object, StandardCopyOption.REPLACE_EXISTING);
    }
    return objects;
  }

  private static Path beside(Path file, String ending) {
    return file.resolveSibling(file.getFileName() + ending);
  }

  /** Where no search for libraries takes it for one. */
  private static Path log(Path file) {
    return file.resolveSibling("log-" + file.getFileName());
  }

  private static List<Path> sources() throws IOException {
    List<Path> all = new ArrayList<>();
    for (Path folder : List.of(SOURCES, HEADERS)) {
      try (Stream<Path> files = Files.list(folder)) {
        files.filter(Files::isRegularFile).sorted().forEach(all::add);
      }
    }
    return all;
  }

  private static String hash(List<Path> sources) throws IOException, NoSuchAlgorithmException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    for (Path source : sources) {
      digest.update(source.toString().getBytes(StandardCharsets.UTF_8));
      digest.update(Files.readAllBytes(source));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static List<String> compile(Path source, Path object, String hash) {
    return List.of(
        "g++",
        "-std=c++17",
        "-O1",
        "-fno-strict-aliasing", // memory of the device has no types
        "-ffp-contract=off",
        "-U_FORTIFY_SOURCE", // its longjmp refuses to change stacks
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fPIC",
        "-I" + HEADERS,
        "-DDOUBLE_FOLDER=\"" + SOURCES + "\"",
        "-DDOUBLE_BUILD=" + (Integer.parseUnsignedInt(hash.substring(0, 7), 16) + 1),
        "-c",
        source.toString(),
        "-o",
        object.toString());
  }

  private static void link(Path folder, List<Path> objects)
      throws IOException, InterruptedException, RefusedException {
    Path implementation = folder.resolve(IMPLEMENTATION);
    List<String> whole = new ArrayList<>(List.of("g++", "-shared", "-o"));
    whole.add(implementation.toString());
    whole.add("-Wl,-z,defs,-soname," + IMPLEMENTATION);
    objects.forEach(object -> whole.add(object.toString()));
    whole.add("-ldl");
    finish(start(whole, log(implementation)), log(implementation));
    for (String name : LIBRARIES) {
      Path library = folder.resolve(name);
      List<String> command =
          List.of(
              "g++",
              "-shared",
              "-o",
              library.toString(),
              "-Wl,--no-as-needed,-rpath,$ORIGIN,-soname," + name,
              implementation.toString());
      finish(start(command, log(library)), log(library));
    }
  }

  private static Process start(List<String> command, Path log) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  private static void finish(Process process, Path log)
      throws IOException, InterruptedException, RefusedException {
    if (process.waitFor() != 0) {
      throw new RefusedException(Files.readString(log));
    }
  }

  private static final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    RefusedException(String log) {
      super("g++ refuses a part of the CUDA double:\n" + log);
    }
  }
}
