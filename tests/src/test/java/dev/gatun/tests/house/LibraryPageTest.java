package dev.gatun.tests.house;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the pages of docs/techniques show in Java compiles, and what library.md and search.md show
 * runs, in as few lines as it should take.
 */
class LibraryPageTest {
  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern NAME =
      Pattern.compile("^(?:final )?(?:class|record) (\\w+)", Pattern.MULTILINE);

  private static final Path PAGES = Checkout.ROOT.resolve("docs/techniques");

  /** What a page's blocks speak of without declaring it. */
  private static final String GIVEN =
      """
      abstract class Given {
        Backend backend;
        Batch batch;
        BatchSource data, training;
        Examples examples;
        Loss loss;
        Model model;
        Optimizer adam, optimizer;
        ParameterSet parameters;
        Schedule schedule;
        String text;
        TrainerBuilder builder;
        double[] forecasts, values;
        float[][] labels;
        float[][][] x;
        int v;
        int[] classes, said, truth;
        long seed;
        abstract Trainer trainerOf(int batch);
      }
      """;

  /** What only one page's speak of, or by another type. */
  private static final Map<String, String> GIVEN_ON =
      Map.of(
          "classification.md",
          "int[] y;",
          "explaining.md",
          "double[][] x;",
          "missing-values.md",
          "WindowData data; List<String> names; double[][] columns; Split split; WindowSpec spec;",
          "sequence-to-sequence.md",
          "int[][] x, y;",
          "windows.md",
          "WindowData data; Split split;");

  private static final List<String> USED =
      List.of("backend", "data", "explain", "metric", "model", "optim", "tensor", "train");

  @TempDir Path folder;

  private static List<String> blocks() throws IOException {
    return blocks(PAGES.resolve("library.md"));
  }

  private static List<String> blocks(Path page) throws IOException {
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

  /** Those of library.md are whole programs, as are those with imports. */
  @Test
  void everyPagesBlocksCompile() throws Exception {
    StringBuilder imports = new StringBuilder("import dev.gatun.*;\n");
    USED.forEach(name -> imports.append("import dev.gatun.").append(name).append(".*;\n"));
    imports.append("import java.nio.file.*;\nimport java.util.*;\n");
    Files.writeString(folder.resolve("Given.java"), imports + GIVEN);
    List<String> compile = new ArrayList<>(List.of("-nowarn", "--add-modules", "dev.gatun.app"));
    compile.addAll(List.of("--module-path", System.getProperty("jdk.module.path")));
    compile.addAll(List.of("-d", "classes", "Given.java"));
    try (Stream<Path> pages = Files.list(PAGES)) {
      for (Path page : pages.sorted().toList()) {
        List<String> blocks = page.endsWith("library.md") ? List.of() : blocks(page);
        String given = GIVEN_ON.getOrDefault(String.valueOf(page.getFileName()), "");
        for (String block : blocks) {
          String name = block.startsWith("import ") ? name(block) : "Block" + compile.size();
          String text =
              block.startsWith("import ")
                  ? block
                  : "%sabstract class %s extends Given { %s\nvoid show() throws Exception {\n%s;\n}}"
                      .formatted(imports, name, given, block);
          Files.writeString(folder.resolve(name + ".java"), text);
          compile.add(name + ".java");
        }
      }
    }
    assertTrue(compile.size() > 30, compile.size() + " arguments");
    execute("javac", compile);
    List<String> bowl =
        List.of(
            "--module-path",
            System.getProperty("jdk.module.path"),
            "--add-modules",
            "dev.gatun.app",
            "--enable-native-access=dev.gatun.bindings",
            "-cp",
            "classes",
            "Bowl");
    String found = execute("java", bowl); // the least value is 32 / 256, at a rate of 0.01
    assertTrue(found.matches("(?s).*hidden=256.* gives \\[0\\.1[23].*"), found);
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
