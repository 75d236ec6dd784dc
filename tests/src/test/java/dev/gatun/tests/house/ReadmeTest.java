package dev.gatun.tests.house;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows is true. */
class ReadmeTest {
  @TempDir Path folder;

  @Test
  void theExampleCompilesRunsAndForecastsOnTheModulePath() throws Exception {
    List<String> path = List.of("--module-path", modules(), "--add-modules", "dev.gatun");
    compile(path);
    List<String> command = new ArrayList<>(path);
    command.add("--enable-native-access=dev.gatun.bindings");
    command.addAll(List.of("-cp", "."));
    run(command);
  }

  @Test
  void theExampleCompilesRunsAndForecastsOnTheClassPath() throws Exception {
    compile(List.of("-cp", modules()));
    run(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            modules() + File.pathSeparator + "."));
  }

  private static String modules() {
    return System.getProperty("jdk.module.path");
  }

  private void compile(List<String> options) throws Exception {
    Files.writeString(folder.resolve("Example.java"), example());
    List<String> command = new ArrayList<>(options);
    command.add("Example.java");
    execute("javac", command);
  }

  private void run(List<String> options) throws Exception {
    List<String> command = new ArrayList<>(options);
    command.addAll(List.of("--illegal-native-access=deny", "Example"));
    String output = execute("java", command);
    Matcher numbers = Pattern.compile("forecast (\\S+), truth (\\S+)").matcher(output);
    assertTrue(numbers.find(), output);
    double error = Double.parseDouble(numbers.group(1)) - Double.parseDouble(numbers.group(2));
    assertTrue(Math.abs(error) < 0.1, output);
    assertTrue(Files.size(folder.resolve("sine.safetensors")) > 0, "nothing was saved");
  }

  /** Runs a tool of this JDK in the folder; gives what it printed. */
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
  void theExampleIsTwentyLines() throws IOException {
    long lines =
        example().lines().filter(line -> !line.isBlank() && !line.startsWith("import ")).count();
    assertTrue(lines <= 20, lines + " lines");
  }

  @Test
  void theFlagsAreThoseOfTheBuildAndTheLauncher() throws IOException {
    String flag = "--enable-native-access=dev.gatun.bindings";
    for (String file : List.of("README.md", "pom.xml", "gatun", "tests/consumer/pom.xml")) {
      assertTrue(Files.readString(Checkout.ROOT.resolve(file)).contains(flag), file);
    }
  }

  @Test
  void everyRelativeLinkOfTheDocumentsLeadsSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    int links = 0;
    try (Stream<Path> files = Files.walk(Checkout.ROOT)) {
      List<Path> documents =
          files
              .filter(file -> file.toString().endsWith(".md"))
              .filter(file -> !file.toString().contains("/target/"))
              .toList();
      for (Path document : documents) {
        Matcher link = Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(Files.readString(document));
        while (link.find()) {
          links++;
          if (!Files.exists(document.resolveSibling(link.group(1)))) {
            broken.add(document + ": " + link.group(1));
          }
        }
      }
    }
    assertEquals(List.of(), broken);
    assertTrue(links > 3, "found only " + links + " links");
  }

  private static String example() throws IOException {
    String readme = Files.readString(Checkout.ROOT.resolve("README.md"));
    Matcher block = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(readme);
    assertTrue(block.find(), "the README has no java block");
    return block.group(1);
  }
}
