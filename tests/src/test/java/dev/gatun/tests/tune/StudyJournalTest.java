package dev.gatun.tests.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.InputException;
import dev.gatun.app.search.Goal;
import dev.gatun.app.search.Space;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.StudyEvent;
import dev.gatun.app.tune.StudyJournal;
import dev.gatun.tests.support.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A study's journal: shared, killed, torn, damaged. */
class StudyJournalTest {
  private static final int KILLS = 100;
  private static final int AT_ONCE = 10;

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("study.journal");
  }

  private static List<StudyEvent> events() {
    SequencedMap<String, Double> codes = new LinkedHashMap<>();
    codes.put("train.rate", 0.1 + 0.2);
    codes.put("größe", Math.nextUp(3.0));
    return List.of(
        new StudyEvent.Created("x: uniform 0.0 to 1.0\ny: \"a\"", List.of(Goal.MAXIMIZE), -5),
        new StudyEvent.Suggested(0, codes, "a process"),
        new StudyEvent.Reported(0, 1L << 40, Double.NaN),
        new StudyEvent.Reported(0, 3, Double.NEGATIVE_INFINITY),
        new StudyEvent.Finished(0, List.of(1 / 3.0, -0.0)),
        new StudyEvent.Suggested(1, new LinkedHashMap<>(), ""),
        new StudyEvent.Pruned(1),
        new StudyEvent.Failed(2, "two\nlines"));
  }

  private static List<StudyEvent> read(Path path) throws IOException {
    List<StudyEvent> all = new ArrayList<>();
    try (StudyJournal journal = new StudyJournal(path)) {
      journal.replay(all::add);
    }
    return all;
  }

  private void write(List<StudyEvent> events) throws IOException {
    try (StudyJournal journal = new StudyJournal(file())) {
      events.forEach(journal::append);
    }
  }

  @Test
  void everyEventReadsBackToTheBit() throws IOException {
    write(events());
    assertEquals(events(), read(file()));
  }

  @Test
  void twoOfOneProcessSeeEachOthersEventsOnce() throws IOException {
    try (StudyJournal one = new StudyJournal(file());
        StudyJournal other = new StudyJournal(file())) {
      List<StudyEvent> seen = new ArrayList<>();
      one.append(events().get(0));
      other.replay(seen::add);
      other.append(events().get(1));
      one.append(events().get(2));
      other.replay(seen::add);
      other.replay(seen::add);
      assertEquals(events().subList(0, 3), seen);
    }
  }

  @Test
  void whereverTheLastRecordIsTornNothingElseIsLost() throws IOException {
    write(events());
    byte[] whole = Files.readAllBytes(file());
    write(List.of(new StudyEvent.Pruned(7)));
    byte[] longer = Files.readAllBytes(file());
    for (int cut = whole.length; cut < longer.length; cut++) {
      Files.write(file(), Arrays.copyOf(longer, cut));
      assertEquals(events(), read(file()), "cut at " + cut);
      write(List.of(new StudyEvent.Pruned(8)));
      List<StudyEvent> all = read(file());
      assertEquals(events(), all.subList(0, events().size()));
      assertEquals(List.of(new StudyEvent.Pruned(8)), all.subList(events().size(), all.size()));
    }
    // As after a loss of power: the length is there, the bytes are not.
    byte[] zeroed = longer.clone();
    Arrays.fill(zeroed, whole.length, zeroed.length, (byte) 0);
    Files.write(file(), zeroed);
    assertEquals(events(), read(file()));
  }

  @Test
  void aTornHeaderIsWrittenAgain() throws IOException {
    write(List.of());
    byte[] header = Files.readAllBytes(file());
    for (int cut = 0; cut < header.length; cut++) {
      Files.write(file(), Arrays.copyOf(header, cut));
      write(events());
      assertEquals(events(), read(file()), "cut at " + cut);
      Files.delete(file());
    }
  }

  @Test
  void damageInTheMiddleIsAnErrorThatSaysWhere() throws IOException {
    write(events());
    List<String> lines = new ArrayList<>(Files.readAllLines(file()));
    lines.set(3, lines.get(3).replace("reported", "rePorted"));
    Files.write(file(), lines);
    assertError("study.journal:4: damaged");
  }

  @Test
  void otherFilesAndOtherVersionsAreRefused() throws IOException {
    Files.writeString(file(), "step,epoch\n1,2\n");
    assertError("is no journal of a study");
    Files.writeString(file(), "no line end");
    assertError("is no journal of a study");
    assertEquals("no line end", Files.readString(file()), "a file of others is left alone");
    Files.write(file(), new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0, 0});
    assertError("is no journal of a study");
    Files.writeString(file(), "gatun-study 2 0123abcd\n");
    assertError("a journal of version 2; this Gatun has version 1");
    Files.writeString(file(), "gatun-study 1\n");
    assertError("a damaged header");
  }

  @Test
  void aRecordOfAnotherStudyIsRefused() throws IOException {
    write(events());
    Path second = folder.resolve("second");
    try (StudyJournal journal = new StudyJournal(second)) {
      events().forEach(journal::append);
    }
    List<String> lines = new ArrayList<>(Files.readAllLines(file()));
    lines.addAll(Files.readAllLines(second).subList(1, 3));
    Files.write(file(), lines);
    assertError("a record of another study");
  }

  private void assertError(String part) {
    InputException e = assertThrows(InputException.class, () -> read(file()));
    assertTrue(String.valueOf(e.getMessage()).contains(part), e.getMessage());
  }

  @Test
  void aStudyGoesOnFromIt() throws IOException {
    Space space = Space.empty().uniform("x", 0, 1);
    try (StudyJournal journal = new StudyJournal(file())) {
      Study study = Study.of(space).seed(3).log(journal).open();
      study.optimize(trial -> trial.real("x"), 4);
    }
    try (StudyJournal journal = new StudyJournal(file())) {
      Study study = Study.of(space).seed(99).log(journal).open();
      assertEquals(4, study.trials().size());
      assertEquals(3, study.seed());
      study.optimize(trial -> trial.real("x"), 4, 3);
      assertEquals(8, study.trials().size());
      Study whole = Study.of(space).seed(3).open();
      whole.optimize(trial -> trial.real("x"), 8);
      assertEquals(
          whole.trials().stream().map(t -> t.codes()).toList(),
          study.trials().stream().map(t -> t.codes()).toList());
    }
  }

  /** Ten writers at a time, each killed at a moment of its own, until a hundred have been. */
  @Test
  void nothingAcknowledgedIsLostInAHundredKills() throws Exception {
    Random random = new Random(11);
    int[] delays = random.ints(KILLS, 0, 40).toArray();
    try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
      for (int k = 0; k < KILLS; k++) {
        int writer = k;
        var _ =
            threads.submit(
                () -> {
                  kill(writer, delays[writer]);
                  return null;
                });
      }
    }
    Map<Integer, Long> steps = new LinkedHashMap<>();
    for (StudyEvent event : read(file())) {
      StudyEvent.Reported report = (StudyEvent.Reported) event;
      // A writer's own events, each once, in its order.
      assertEquals(report.step(), steps.merge(report.trial(), 1L, Long::sum) - 1);
      assertEquals(report.step() / 7.0, report.value());
    }
    long acknowledged = 0;
    for (int k = 0; k < KILLS; k++) {
      long known = Files.size(acknowledged(k));
      long there = steps.getOrDefault(k, 0L);
      assertTrue(known <= there && there <= known + 1, k + ": " + known + " of " + there);
      acknowledged += known;
    }
    assertTrue(acknowledged >= KILLS, "only " + acknowledged + " events in all");
  }

  private Path acknowledged(int writer) {
    return folder.resolve("acknowledged-" + writer);
  }

  /** Lets a writer get going, and kills it. */
  private void kill(int writer, int millis) throws IOException, InterruptedException {
    Path output = folder.resolve("output-" + writer);
    Process process =
        ChildJvm.start(
            JournalMain.class,
            List.of("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx64m"),
            List.of(file().toString(), acknowledged(writer).toString(), Integer.toString(writer)),
            output);
    Path started = acknowledged(writer);
    while (!Files.exists(started) || Files.size(started) == 0) {
      assertTrue(process.isAlive(), () -> text(output));
      Thread.sleep(2);
    }
    Thread.sleep(millis);
    process.destroyForcibly().waitFor();
    assertEquals(128 + 9, process.exitValue());
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
