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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows is true. */
class ReadmeTest {
  @TempDir Path folder;

  @Test
  void theExampleCompilesRunsAndForecasts() throws Exception {
    Files.writeString(folder.resolve("Example.java"), example());
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--module-path",
                System.getProperty("jdk.module.path"),
                "--add-modules",
                "dev.gatun",
                "--enable-native-access=dev.gatun.bindings",
                "--illegal-native-access=deny",
                "Example.java")
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), output);
    assertEquals(0, process.exitValue(), output);
    Matcher numbers = Pattern.compile("forecast (\\S+), truth (\\S+)").matcher(output);
    assertTrue(numbers.find(), output);
    double error = Double.parseDouble(numbers.group(1)) - Double.parseDouble(numbers.group(2));
    assertTrue(Math.abs(error) < 0.1, output);
    assertTrue(Files.size(folder.resolve("sine.safetensors")) > 0, "nothing was saved");
  }

  @Test
  void theExampleFitsInAScreenful() throws IOException {
    long lines = example().lines().count();
    assertTrue(lines <= 22, lines + " lines");
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
