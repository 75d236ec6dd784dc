package dev.gatun.bench.peers;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How an engine's JVM is started: with its own class path and in a clean environment. */
final class ForkedJvm {
  /** The class paths and jars that Maven lays out under {@code -Ppeers}. */
  private static final Path FOLDER =
      Path.of(System.getProperty("gatun.peers", "target/peers")).toAbsolutePath();

  private static final List<String> SETTINGS =
      List.of("OPENBLAS_", "GOTO_", "MKL_", "OMP_", "GOMP_", "KMP_", "ONEDNN_", "DNNL_");

  private ForkedJvm() {}

  /** Whether a variable chooses kernels or threads of an engine. */
  private static boolean sets(String variable) {
    return SETTINGS.stream().anyMatch(variable::startsWith);
  }

  /** Removes the variables that choose kernels or threads. */
  static void clean(Map<String, String> environment) {
    environment.keySet().removeIf(ForkedJvm::sets);
  }

  /** The variables of this process that choose kernels or threads. */
  static List<String> settings() {
    return System.getenv().keySet().stream().filter(ForkedJvm::sets).sorted().toList();
  }

  /**
   * The class path of an engine's JVM: these classes, and either our own libraries or without our
   * OpenBLAS's carrier the peer's.
   */
  static String classPath(Peer peer) {
    String name = peer.ours() ? "gatun" : "base";
    String libraries;
    try {
      libraries = Files.readString(FOLDER.resolve(name + ".classpath"), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("no class paths in " + FOLDER + ": build with -Ppeers", e);
    }
    List<String> entries = new ArrayList<>();
    entries.add(FOLDER.resolveSibling("classes").toString());
    entries.add(libraries.strip());
    if (!peer.ours()) {
      entries.add(FOLDER.resolve(peer.name().toLowerCase(Locale.ROOT)) + "/*");
    }
    if (peer == Peer.DL4J) {
      // Built for one set of instructions: with others it does not start.
      String built = Processor.has("avx512vl") ? "dl4j-avx512" : "dl4j-avx2";
      entries.add(FOLDER.resolve(built) + "/*");
    }
    return String.join(File.pathSeparator, entries);
  }

  /** A file beside the class paths. */
  static Path file(String name) {
    return FOLDER.resolve(name);
  }

  /** The options of every engine's JVM. */
  static List<String> flags() {
    return List.of(
        "--enable-native-access=ALL-UNNAMED",
        "--add-modules=jdk.incubator.vector",
        // Peers of another age: without it each warns.
        "--sun-misc-unsafe-memory-access=allow",
        // Where JavaCPP unpacks a peer's libraries, hundreds of megabytes.
        "-Dorg.bytedeco.javacpp.cachedir=" + FOLDER.resolve("natives"),
        "-Dgatun.peers=" + FOLDER);
  }

  /**
   * Runs a program to its end.
   *
   * @throws IllegalStateException with what it printed, if it fails
   */
  static String run(Peer peer, Class<?> program, List<String> arguments) throws IOException {
    Path log = Files.createTempFile("gatun-peer", ".log");
    try {
      Process process =
          builder(classPath(peer), program, arguments)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      int status = process.waitFor();
      String printed = Files.readString(log, StandardCharsets.UTF_8);
      if (status != 0) {
        throw new IllegalStateException(
            "%s, %s: exit status %d%n%s"
                .formatted(peer.title(), program.getSimpleName(), status, printed));
      }
      return printed;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while " + peer.title() + " runs", e);
    } finally {
      Files.delete(log);
    }
  }

  /** A JVM in a clean environment. */
  static ProcessBuilder builder(String classPath, Class<?> program, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags());
    command.addAll(List.of("-cp", classPath, program.getName()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command);
    clean(builder.environment());
    return builder;
  }
}
