package dev.gatun.app.tune;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.FoldKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TrialRecord.State;
import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What all trials of a study have in common, in {@code study.yaml} of its folder: results of other
 * data, epochs or folds could not be compared.
 */
final class StudyBase {
  /** The device may differ from process to process; each trial has a fold number of its own. */
  private static final List<String> FREE = List.of("train.device", FoldKeys.NUMBER.path());

  /** In front of what the data was. */
  private static final String DATA = "  data: ";

  private StudyBase() {}

  /** Bytes of a file, and a checksum of them; of anything else nothing. */
  private static String content(@Nullable Path path) throws IOException {
    if (path == null || !Files.isRegularFile(path)) {
      return "no file";
    }
    CRC32C checksum = new CRC32C();
    long bytes = 0;
    try (InputStream in = Files.newInputStream(path)) {
      byte[] block = new byte[1 << 16];
      for (int read = in.read(block); read >= 0; read = in.read(block)) {
        checksum.update(block, 0, read);
        bytes += read;
      }
    }
    return "%d bytes, CRC-32C %08x".formatted(bytes, checksum.getValue());
  }

  /**
   * Writes it for a new study; holds the configuration of one that goes on against it.
   *
   * @param journal of the study; without results what is there is written over
   * @throws InputException naming the keys that differ
   */
  static void hold(Path folder, Setup setup, Study study, StudyJournal journal) throws IOException {
    TuneSection section = setup.section();
    Config config = setup.config(section.folds().name() == FoldKeys.Kind.NONE ? 0 : 1, Map.of());
    Path file = folder.resolve("study.yaml");
    String objectives = "  objectives: " + String.join(", ", section.goals().keySet());
    String data = DATA + content(config.get(DataKeys.PATH));
    try (var _ = journal.lock()) {
      boolean results =
          study.trials().stream()
              .anyMatch(t -> t.state() != State.RUNNING && t.state() != State.FAILED);
      if (!results || !Files.isRegularFile(file)) {
        AtomicFiles.write(
            file,
            "# what all trials have in common%n%stune:%n%s%n%s%n"
                .formatted(config.toYaml(), data, objectives));
        return;
      }
    }
    List<String> free =
        Stream.concat(FREE.stream(), section.ranges().stream().map(TuneSection.Range::key))
            .toList();
    List<String> changes =
        new ArrayList<>(
            config.changesFrom(Config.read(file, List.of())).stream()
                .filter(change -> !free.contains(change.substring(0, change.indexOf(':'))))
                .toList());
    List<String> lines = Files.readAllLines(file);
    String before = lines.getLast();
    if (!before.equals(objectives)) {
      changes.add("tune." + objectives.strip() + ", was " + before.replace("  objectives: ", ""));
    }
    String known = lines.get(Math.max(0, lines.size() - 2));
    if (known.startsWith(DATA) && !known.equals(data)) {
      changes.add("data.path has other content: %s, was %s".formatted(data.strip(), known.strip()));
    }
    if (!changes.isEmpty()) {
      throw new InputException(
          "%s: %s, in %s: results could not be compared%ngive the same values, or another --run"
              .formatted(section.file(), String.join("; ", changes), file));
    }
  }
}
