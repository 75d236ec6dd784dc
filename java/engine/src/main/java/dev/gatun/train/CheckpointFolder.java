package dev.gatun.train;

import dev.gatun.persist.AtomicFiles;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The files of a run: the last checkpoint, the best, and the newest few of every so many steps. */
record CheckpointFolder(Path path) {
  private static final String STEP = "step-";
  private static final String END = ".safetensors";

  Path last() {
    return path.resolve("last" + END);
  }

  Path best() {
    return path.resolve("best" + END);
  }

  /**
   * Keeps what was last written under a name of its own, and the newest of those alone. A run that
   * went on from an earlier step finds files of later ones, which it will write again: those go
   * first.
   *
   * @param step of it
   * @param most how many to keep, at least 1
   */
  void keep(long step, int most) throws IOException {
    Path kept = path.resolve(String.format(Locale.ROOT, "%s%09d%s", STEP, step, END));
    try (FileChannel from = FileChannel.open(last(), StandardOpenOption.READ)) {
      AtomicFiles.write(
          kept,
          to -> {
            for (long at = 0; at < from.size(); ) {
              at += from.transferTo(at, from.size() - at, to);
            }
          });
    }
    List<Path> all = kept();
    int written = all.indexOf(kept);
    int left = all.size();
    for (; left > most && left > written + 1; left--) {
      Files.deleteIfExists(all.get(left - 1));
    }
    for (Path old : all.subList(0, Math.max(0, left - most))) {
      Files.deleteIfExists(old);
    }
  }

  /** By step. */
  private List<Path> kept() throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).matches(STEP + "\\d+\\" + END))
          .sorted(Comparator.comparingLong(CheckpointFolder::step))
          .toList();
    }
  }

  private static long step(Path kept) {
    return Long.parseLong(String.valueOf(kept.getFileName()).replaceAll("\\D", ""));
  }
}
