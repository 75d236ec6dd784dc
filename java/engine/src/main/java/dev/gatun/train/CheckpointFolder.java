package dev.gatun.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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
   * Keeps what was last written under a name of its own, and the newest of those alone.
   *
   * @param step of it
   * @param most how many to keep, at least 1
   */
  void keep(long step, int most) throws IOException {
    Path kept = path.resolve(String.format(Locale.ROOT, "%s%09d%s", STEP, step, END));
    Path copy = path.resolve(kept.getFileName() + ".tmp");
    Files.copy(last(), copy, StandardCopyOption.REPLACE_EXISTING);
    Files.move(copy, kept, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    List<Path> all = kept();
    for (Path old : all.subList(0, Math.max(0, all.size() - most))) {
      Files.deleteIfExists(old);
    }
  }

  /** From the oldest. */
  private List<Path> kept() throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      return files
          .filter(file -> String.valueOf(file.getFileName()).matches(STEP + "\\d+\\" + END))
          .sorted()
          .toList();
    }
  }
}
