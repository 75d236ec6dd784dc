package dev.gatun.tests.tune;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.report.Progress;
import dev.gatun.app.search.Space;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.Trial;
import dev.gatun.app.tune.StudyStatus;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What is told of a study while it runs. */
class StudyStatusTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final AtomicLong clock = new AtomicLong();
  private final Study study = Study.of(Space.empty().uniform("x", 0, 1)).open();

  private StudyStatus status(boolean terminal, int total) {
    Progress progress = new Progress(new PrintStream(out, true, UTF_8), terminal);
    return new StudyStatus(progress, study, List.of("loss"), total, clock::get);
  }

  private void pass(long seconds) {
    clock.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
  }

  private Trial begin(StudyStatus status) {
    Trial trial = study.ask();
    status.begins(trial.number());
    return trial;
  }

  /** Two at a time, of 60 seconds each: 2 that wait and 30 seconds of one that runs are left. */
  @Test
  void aLineForEachTrialSaysWhatIsLeft() {
    try (StudyStatus status = status(false, 5)) {
      Trial first = begin(status);
      pass(30);
      Trial second = begin(status);
      pass(30);
      study.tell(first, 0.25);
      status.leaves(first.number());
      begin(status);
      status.tell(first.number(), Map.of("loss", 0.03));
      pass(30);
      study.prune(second);
      status.leaves(second.number());
      begin(status);
      status.tell(second.number(), Map.of());
      Trial lost = begin(status);
      study.fail(lost.number(), "no memory");
      status.leaves(lost.number());
      status.tell(lost.number(), Map.of());
    }
    assertEquals(
        List.of(
            // The other one has 30 s to go, and three of 60 s have not begun or have just begun.
            "1/5  trial 0 loss 0.2500 (sd 0.0300); best 0.2500 of trial 0; running 1, 2; 1:45 left",
            "2/5  trial 1 stopped early; best 0.2500 of trial 0; running 2, 3; 1:15 left",
            // 40 s on average now: of one 10 s are left, of the other all.
            "3/5  trial 4 failed: no memory; best 0.2500 of trial 0; running 2, 3; 0:25 left"),
        out.toString(UTF_8).lines().toList());
  }

  @Test
  void whatWouldTakeYearsIsNotForeseen() {
    try (StudyStatus status = status(false, Integer.MAX_VALUE)) {
      Trial first = begin(status);
      pass(30);
      study.tell(first, 0.25);
      status.leaves(first.number());
      status.tell(first.number(), Map.of());
    }
    assertEquals(
        "1/2147483647  trial 0 loss 0.2500; best 0.2500 of trial 0", out.toString(UTF_8).strip());
  }

  @Test
  void beforeATrialHasEndedNothingIsGuessed() throws Exception {
    StudyStatus status = status(true, 7);
    for (int i = 0; i < 5; i++) {
      begin(status);
    }
    String bar = "\r  0% [" + " ".repeat(20) + "] 0/7; 5 running\u001b[K";
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!out.toString(UTF_8).contains(bar) && System.nanoTime() < limit) {
      Thread.sleep(5);
    }
    assertTrue(out.toString(UTF_8).contains(bar), out.toString(UTF_8));
    status.line("a line");
    assertTrue(out.toString(UTF_8).contains("\r\u001b[Ka line\n"), "above the bar");
    status.close();
    status.close();
    String all = out.toString(UTF_8);
    assertTrue(all.endsWith("\r\u001b[K") || all.endsWith("a line\n"), "the bar is gone");
  }
}
