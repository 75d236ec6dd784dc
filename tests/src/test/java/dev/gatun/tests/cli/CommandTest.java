package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Exit statuses, messages and what goes to which stream. */
class CommandTest {
  @WorkingFolder Path folder;

  @Test
  void helpAndVersionSucceed() throws Exception {
    Cli cli = new Cli(folder);
    Outcome help = cli.run("--help");
    assertEquals(0, help.status());
    for (String command : new String[] {"doctor", "train", "check", "eval", "rnn"}) {
      assertTrue(help.out().contains("  " + command + " "), help.out());
    }
    Outcome version = cli.run("--version");
    assertEquals(0, version.status());
    assertTrue(version.out().startsWith("gatun 0"), version.out());
  }

  @Test
  void aWrongCommandIsStatusTwo() throws Exception {
    Outcome outcome = new Cli(folder).run("trian");
    assertEquals(2, outcome.status());
    assertEquals("", outcome.out());
    assertTrue(outcome.err().startsWith("gatun: Unmatched argument"), outcome.err());
  }

  @Test
  void aWrongConfigurationIsOneErrorAndLeavesNothing() throws Exception {
    Cli cli = new Cli(folder);
    cli.write("a.yaml", "data:\n  type: text\n  path: none.txt\nmodel:\n  hidden: 3\n");
    Outcome missing = cli.run("train", "a.yaml");
    assertEquals(2, missing.status());
    assertTrue(
        missing.err().startsWith("gatun: a.yaml:3: data.path: no such file: "), missing.err());
    assertEquals(1, missing.err().lines().count(), missing.err());
    assertFalse(Files.exists(folder.resolve("runs")));
    Outcome override = cli.run("train", "a.yaml", "--set", "model.hidden=no", "--debug");
    assertEquals(2, override.status());
    assertTrue(override.err().startsWith("gatun: --set: model.hidden: \"no\""), override.err());
    assertTrue(override.err().contains("\tat "), "--debug shows the stack trace");
  }

  @Test
  void dataErrorsNameLineAndColumn() throws Exception {
    Cli cli = new Cli(folder);
    cli.write("s.yaml", Samples.SERIES);
    cli.write("wave.csv", Samples.wave(100).replaceFirst("\n110,[0-9.]*,", "\n110,,"));
    Outcome missing = cli.run("train", "s.yaml");
    assertEquals(2, missing.status());
    String wave = folder.resolve("wave.csv").toString();
    assertEquals(
        "gatun: " + wave + ":12: column level: missing; give a number, or data.missing",
        missing.err());
    Outcome column = cli.run("train", "s.yaml", "--set", "data.targets=lever");
    assertEquals(2, column.status());
    assertTrue(column.err().contains("no column \"lever\""), column.err());
    assertTrue(column.err().contains("day, level, other"), column.err());
    assertFalse(Files.exists(folder.resolve("runs")));
  }

  @Test
  void doctorTellsWhatItRunsOn() throws Exception {
    Outcome doctor = new Cli(folder, "-Dgatun.cache=" + folder).run("doctor", "--json");
    assertEquals(0, doctor.status(), doctor.err());
    assertEquals(1, doctor.out().lines().count(), doctor.out());
    Json.Members facts = Json.parse(doctor.out().strip()).asObject();
    assertTrue(facts.get("vector_bits").asLong() >= 128);
    assertTrue(facts.get("peak_gflops").asDouble() > 0.1);
    assertTrue(facts.get("openblas").asObject().get("path").asText().contains("openblas"));
  }
}
