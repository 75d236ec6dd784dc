package dev.gatun.app.tune;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What a study leaves for people: its report, and the best configuration so far. */
final class StudyFiles {
  /** How many times as long as the last writing took the next one waits: it costs at most 5 %. */
  private static final long REST = 20;

  private final Setup setup;
  private final Path folder;
  private final Study study;
  private final TuneSpace space;
  private final int total;
  private long next = System.nanoTime();

  /**
   * Those of a study.
   *
   * @param total trials of the whole study
   */
  StudyFiles(Setup setup, Path folder, Study study, TuneSpace space, int total) {
    this.setup = setup;
    this.folder = folder;
    this.study = study;
    this.space = space;
    this.total = total;
  }

  Path report() {
    return folder.resolve("study.html");
  }

  Path best() {
    return folder.resolve("best.yaml");
  }

  /** The values of a trial as for {@code --set}. */
  Map<String, String> settings(TrialRecord trial) {
    return space.settings(trial);
  }

  /** What a trial was given of the space. */
  Map<String, String> searched(TrialRecord trial) {
    return TuneSpace.searched(study.values(trial));
  }

  /** Writes them as of now, unless they have just been written. */
  synchronized void refresh() throws IOException {
    long start = System.nanoTime();
    if (start - next >= 0) {
      write("");
      long now = System.nanoTime();
      next = now + REST * (now - start);
    }
  }

  /**
   * Writes them.
   *
   * @param test what the best trial is worth on the test part; empty: not measured yet
   */
  synchronized void write(String test) throws IOException {
    TuneSection section = setup.section();
    StudyReport report =
        new StudyReport(section.title(), List.copyOf(section.goals().keySet()), study, total);
    TrialRecord best = report.best();
    String yaml = "";
    if (best != null) {
      Config config = setup.config(0, settings(best));
      yaml =
          "# trial %d of %s%n%stune: # the study's seed%n  seed: %d%n"
              .formatted(best.number(), folder, config.toYaml(), study.seed());
      AtomicFiles.write(best(), yaml);
    }
    AtomicFiles.write(report(), report.html(yaml, test));
  }
}
