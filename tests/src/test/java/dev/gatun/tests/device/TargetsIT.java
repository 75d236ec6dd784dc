package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.Python;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * bench/peers/targets.py sized down: every row is measured by each variant that this build has, and
 * the files are written. Gatun's side alone where the Python has no PyTorch. What comes of it says
 * nothing of speed; the part {@code targets} of bin/gatun-device-tests is the measurement.
 */
@OnDevice
class TargetsIT {
  private static final int SECONDS = 280;

  /** A row or two of each: all take twice as long. */
  private static final String KINDS = "^step|vanilla|plain|layer-norm|reset-before|stream lstm";

  @TempDir private Path folder;

  /** This JVM's Gatun as a program. */
  private Path launcher() throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(DeviceRun.flags());
    command.add("--enable-native-access=dev.gatun.bindings");
    command.add("-p");
    command.add(
        System.getProperty("jdk.module.path", "")
            + File.pathSeparator
            + System.getProperty("java.class.path", ""));
    command.add("-m");
    command.add("dev.gatun.app/dev.gatun.app.Main");
    Path program = folder.resolve("gatun");
    String quoted = command.stream().map(part -> "'" + part + "'").collect(Collectors.joining(" "));
    Files.writeString(program, "#!/bin/sh\nexec " + quoted + " \"$@\"\n");
    assertTrue(program.toFile().setExecutable(true));
    return program;
  }

  private Python.Outcome targets(String... more) throws Exception {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                DeviceRun.root().resolve("bench/peers/targets.py").toString(),
                "--small",
                "--rounds",
                "1",
                "--seconds",
                "0.01",
                "--out",
                folder.resolve("out").toString()));
    arguments.addAll(List.of(more));
    return Python.run(folder, SECONDS, Map.of("GATUN", launcher().toString()), arguments);
  }

  @Test
  void everyKindOfRowIsMeasuredAndDecided() throws Exception {
    String missing = Python.missing(folder, "import json");
    assumeTrue(missing.isEmpty(), missing);
    // PyTorch's compilers would take minutes; DeviceCommandsTest holds the sums against the CPU's.
    Python.Outcome outcome = targets("--no-torch", "--filter", KINDS);
    assertEquals(0, outcome.status(), outcome.said());
    Path out = folder.resolve("out");
    Json.Members all = Json.parse(Files.readString(out.resolve("targets.json"))).asObject();
    List<Json> results = all.get("results").asList();
    assertEquals(8, results.size(), outcome.said());
    for (Json each : results) {
      Json.Members result = each.asObject();
      assertEquals("done", result.get("state").asText(), result.print());
      Json.Members ours = result.get("ours").asObject();
      assertTrue(ours.values().containsKey("default"), ours.print());
      if (!result.get("kind").asText().equals("stream")) {
        assertTrue(
            ours.values().values().stream()
                .noneMatch(variant -> variant.asObject().values().containsKey("note")),
            ours.print());
        assertTrue(
            ours.values().keySet().stream().anyMatch(name -> name.endsWith(" graphs")),
            ours.print());
      }
    }
    assertEquals(List.of(), all.get("failures").asList());
    assertTrue(
        all.get("verdicts").print().contains("\"verdict\":\"open\",\"why\":\"not asked for\""),
        all.get("verdicts").print());
    // One that every build on a GPU reads.
    assertTrue(outcome.said().contains("variant auto: available"), outcome.said());
    assertTrue(Files.readString(out.resolve("targets.md")).contains("## Regularised cells"));
    resumes();
  }

  /** What is done is not measured again. */
  private void resumes() throws Exception {
    Path before = folder.resolve("out/targets.json");
    String seconds = Json.parse(Files.readString(before)).asObject().get("results").print();
    Python.Outcome again = targets("--no-torch", "--filter", KINDS, "--resume", before.toString());
    assertEquals(0, again.status(), again.said());
    assertEquals(seconds, Json.parse(Files.readString(before)).asObject().get("results").print());
  }
}
