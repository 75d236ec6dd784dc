package dev.gatun.tests.house;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/techniques/library.md shows compiles and runs, in as few lines as it should take. */
class LibraryPageTest {
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern NAME =
      Pattern.compile("^(?:class|record) (\\w+)", Pattern.MULTILINE);

  @TempDir Path folder;

  private static List<String> blocks() throws IOException {
    Path page = Checkout.ROOT.resolve("docs/techniques/library.md");
    List<String> blocks = new ArrayList<>();
    Matcher block = BLOCK.matcher(Files.readString(page));
    while (block.find()) {
      blocks.add(block.group(1));
    }
    return blocks;
  }

  private static String name(String block) {
    Matcher name = NAME.matcher(block);
    assertTrue(name.find(), block);
    return name.group(1);
  }

  private String execute(String tool, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>(arguments);
    command.addFirst(Path.of(System.getProperty("java.home"), "bin", tool).toString());
    Process process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), output);
    assertEquals(0, process.exitValue(), output);
    return output;
  }

  @Test
  void everyBlockCompilesAndRuns() throws Exception {
    List<String> path =
        List.of(
            "--module-path", System.getProperty("jdk.module.path"), "--add-modules", "dev.gatun");
    List<String> compile = new ArrayList<>(path);
    for (String block : blocks()) {
      String file = name(block) + ".java";
      Files.writeString(folder.resolve(file), block);
      compile.add(file);
    }
    execute("javac", compile);
    List<String> run = new ArrayList<>(path);
    run.addAll(
        List.of(
            "--enable-native-access=dev.gatun.bindings",
            "--illegal-native-access=deny",
            "-cp",
            ".",
            "Library"));
    String output = execute("java", run);
    assertTrue(output.contains("INTERRUPTED after"), output);
    assertTrue(output.contains("frozen true, loss "), output);
    assertTrue(output.contains("gain"), output);
    assertTrue(Files.exists(folder.resolve("checkpoints/best.safetensors")), output);
  }

  @Test
  void aLayerAndALossTakeThirtyLines() throws IOException {
    for (String block : blocks()) {
      if (name(block).equals("Gain") || name(block).equals("Quartic")) {
        long lines =
            block
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("import "))
                .filter(line -> !line.strip().matches("@Override|/\\*\\*.*|}"))
                .count();
        assertTrue(lines <= 30, name(block) + " takes " + lines);
      }
    }
    assertEquals(4, blocks().size());
  }
}
