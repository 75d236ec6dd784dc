package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.tests.cli.Cli.Outcome;
import dev.gatun.tests.cli.Cli.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that is killed or interrupted goes on as if nothing had happened. */
class InterruptTest {
  private static final String SIGKILL = "-KILL";
  private static final String SIGINT = "-INT";
  private static final String SIGTERM = "-TERM";

  @TempDir static Path folder;

  private static Cli cli;

  /** One run that nothing disturbs. */
  @BeforeAll
  static void train() throws Exception {
    cli = new Cli(folder);
    cli.write("t.yaml", Samples.TEXT + "  checkpoint_every: 3\n  report_every: 10\n");
    cli.write("prose.txt", Samples.prose(150));
    Outcome whole = cli.run(train("whole"));
    assertEquals(0, whole.status(), whole.err());
  }

  private static String[] train(String run, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("train", "t.yaml", "--set", "train.epochs=16", "--run", run));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  private static Outcome signalInTheMiddle(String run, String signal)
      throws IOException, InterruptedException {
    Running running = cli.start(train(run, "--json"));
    Path metrics = folder.resolve(run).resolve("metrics.csv");
    while (!Files.exists(metrics) || Files.readAllLines(metrics).size() < 3) {
      assertTrue(running.process().isAlive(), () -> read(running.err()));
      Thread.sleep(5);
    }
    String pid = Long.toString(running.process().pid());
    assertEquals(0, new ProcessBuilder("kill", signal, pid).start().waitFor());
    return cli.finish(running);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static void resumeAndCompare(String run) throws Exception {
    Outcome rest = cli.run(train(run, "--resume"));
    assertEquals(0, rest.status(), rest.err());
    assertTrue(rest.err().contains("continues after step"), rest.err());
    Runs.assertSameTensors(folder.resolve("whole"), folder.resolve(run));
    assertEquals(losses("whole"), losses(run));
  }

  /** The columns of metrics.csv without the clock's. */
  private static List<String> losses(String run) throws IOException {
    return Files.readAllLines(folder.resolve(run).resolve("metrics.csv")).stream()
        .map(line -> line.replaceFirst("^([^,]*,[^,]*),[^,]*", "$1"))
        .toList();
  }

  @Test
  void killedInTheMiddleItResumesToTheSameBits() throws Exception {
    assertEquals(128 + 9, signalInTheMiddle("killed", SIGKILL).status());
    resumeAndCompare("killed");
  }

  @Test
  void interruptedItSavesExits130AndResumesToTheSameBits() throws Exception {
    Outcome interrupted = signalInTheMiddle("interrupted", SIGINT);
    assertEquals(130, interrupted.status(), interrupted.err());
    assertTrue(interrupted.err().contains("saved; continue with"), interrupted.err());
    assertTrue(interrupted.out().contains("\"outcome\":\"interrupted\""), interrupted.out());
    resumeAndCompare("interrupted");
  }

  @Test
  void terminatedItSavesToo() throws Exception {
    Outcome terminated = signalInTheMiddle("terminated", SIGTERM);
    assertEquals(128 + 15, terminated.status(), terminated.err());
    assertTrue(terminated.err().contains("saved; continue with"), terminated.err());
    assertTrue(terminated.out().contains("\"outcome\":\"interrupted\""), terminated.out());
  }
}
