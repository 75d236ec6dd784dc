package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.HeldRun;
import dev.gatun.app.run.RunDirectory;
import dev.gatun.tests.cli.Cli.Outcome;
import dev.gatun.tests.cli.Cli.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One process at a time writes to a run. */
class HeldRunTest {
  private static final String IN_USE =
      ": in use by another gatun process; wait for it or choose another --run";

  @TempDir Path folder;
  private Cli cli;

  @BeforeEach
  void files() throws Exception {
    cli = new Cli(folder);
    cli.write("t.yaml", Samples.TEXT + "  checkpoint_every: 3\n  report_every: 10\n");
    cli.write("prose.txt", Samples.prose(150));
  }

  private static void signal(Running running, String signal) throws Exception {
    String pid = Long.toString(running.process().pid());
    assertEquals(0, new ProcessBuilder("kill", signal, pid).start().waitFor());
  }

  @Test
  void aSecondProcessIsRefusedUntilTheFirstEnds() throws Exception {
    String[] train = {"train", "t.yaml", "--set", "train.epochs=16", "--run", "r"};
    String[] resume = {"train", "t.yaml", "--set", "train.epochs=16", "--run", "r", "--resume"};
    Running first = cli.start(train);
    Path metrics = folder.resolve("r/metrics.csv");
    while (!Files.exists(metrics) || Files.readAllLines(metrics).size() < 3) {
      assertTrue(first.process().isAlive(), () -> "ended before it could be stopped");
      Thread.sleep(5);
    }
    signal(first, "-STOP"); // still running, and sure to be while the second is tried
    try {
      String before = Files.readString(metrics);
      Outcome second = cli.run(resume);
      assertEquals(2, second.status(), second.err());
      assertEquals("gatun: r" + IN_USE, second.err());
      assertEquals(before, Files.readString(metrics));
    } finally {
      signal(first, "-KILL");
    }
    assertEquals(128 + 9, cli.finish(first).status());
    Outcome resumed = cli.run(resume);
    assertEquals(0, resumed.status(), resumed.err());
    assertTrue(resumed.err().contains("continues after step"), resumed.err());
  }

  @Test
  void twoTrainingsInOneJvmAreKeptApartToo() throws IOException {
    Config config = Config.read(folder.resolve("t.yaml"), List.of());
    Path path = folder.resolve("r");
    RunDirectory run = new RunDirectory(path);
    try (HeldRun held = HeldRun.create(path, config)) {
      assertEquals(run, held.run());
      for (Path other : List.of(path, path.resolve("checkpoints/.."))) {
        InputException e =
            assertThrows(InputException.class, () -> HeldRun.hold(new RunDirectory(other)));
        assertEquals(other + IN_USE, e.getMessage());
      }
    }
    HeldRun.hold(run).close();
    HeldRun.hold(run).close();
  }

  @Test
  void whatOnlyALockIsInCountsAsEmpty() throws IOException {
    Config config = Config.read(folder.resolve("t.yaml"), List.of());
    Path path = Files.createDirectory(folder.resolve("r"));
    HeldRun.hold(new RunDirectory(path)).close();
    try (HeldRun held = HeldRun.create(path, config)) {
      assertTrue(Files.exists(held.run().config()));
    }
    InputException e =
        assertThrows(InputException.class, () -> HeldRun.create(path, config).close());
    assertTrue(e.getMessage().contains("exists and is not empty"), e.getMessage());
    Path other = Files.createDirectory(folder.resolve("other"));
    Files.createFile(other.resolve("file"));
    assertThrows(InputException.class, () -> HeldRun.create(other, config).close());
    assertFalse(Files.exists(other.resolve(".lock")), "left in a folder that is no run's");
  }

  @Test
  void anEmptyNameIsNoFolder() throws Exception {
    Outcome train = cli.run("train", "t.yaml", "--run", "");
    assertEquals(2, train.status());
    assertTrue(train.err().startsWith("gatun: --run: empty; give a folder"), train.err());
    Outcome eval = cli.run("eval", "");
    assertEquals(2, eval.status());
    assertTrue(eval.err().startsWith("gatun: RUN: empty; give a run's folder"), eval.err());
  }
}
