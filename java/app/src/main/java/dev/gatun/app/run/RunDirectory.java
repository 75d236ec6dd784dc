package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder of a run: {@code config.yaml}, {@code metrics.csv}, {@code log.txt}, charts and {@code
 * checkpoints}.
 *
 * @param path the folder
 */
public record RunDirectory(Path path) {
  /**
   * The folder of a run that exists.
   *
   * @throws InputException if it is none
   */
  public static RunDirectory open(Path path) {
    RunDirectory run = new RunDirectory(path);
    if (path.toString().isEmpty()) {
      throw new InputException("RUN: empty; give a run's folder, as gatun train prints it");
    }
    if (!Files.isDirectory(path)) {
      throw new InputException(
          path + ": no such run; give a run's folder, as gatun train prints it");
    }
    if (!Files.isRegularFile(run.config())) {
      throw new InputException(path + ": has no config.yaml, so it is not the folder of a run");
    }
    return run;
  }

  /**
   * Checks that a run can go on. One that was killed before its first checkpoint has none, and
   * begins again.
   *
   * @throws InputException if other checkpoints are there but not the last: it alone has the state
   *     of optimizer and data
   */
  void checkResumable() throws IOException {
    if (Files.isRegularFile(last()) || !Files.isDirectory(checkpoints())) {
      return;
    }
    try (Stream<Path> files = Files.list(checkpoints())) {
      Path other = files.filter(f -> f.toString().endsWith(".safetensors")).findAny().orElse(null);
      if (other != null) {
        throw new InputException(
            ("--resume: %s: no such file, and a run goes on from it alone%n"
                    + "put it back, or give a new --run, with --init %s to begin from its weights")
                .formatted(last(), Files.isRegularFile(best()) ? best() : other));
      }
    }
  }

  /** The configuration it was made with, defaults included. */
  public Config readConfig() {
    return Config.read(config(), List.of());
  }

  /**
   * A checkpoint.
   *
   * @param which best, last or a file
   * @throws InputException if there is none
   */
  public Path checkpoint(String which) {
    Path file =
        switch (which) {
          case "best" -> best();
          case "last" -> last();
          default -> Path.of(which);
        };
    if (!Files.isRegularFile(file)) {
      throw new InputException(file + ": no such checkpoint; give best, last or a file");
    }
    return file;
  }

  /**
   * The best checkpoint, else the last.
   *
   * @throws InputException if there is none yet
   */
  public Path checkpoint() {
    Path file = Files.isRegularFile(best()) ? best() : last();
    if (!Files.isRegularFile(file)) {
      throw new InputException(
          path
              + ": has no checkpoint yet; continue it with gatun train CONFIG --run "
              + path
              + " --resume");
    }
    return file;
  }

  /** {@code config.yaml}. */
  public Path config() {
    return path.resolve("config.yaml");
  }

  /** {@code metrics.csv}. */
  public Path metrics() {
    return path.resolve("metrics.csv");
  }

  /** {@code log.txt}. */
  public Path log() {
    return path.resolve("log.txt");
  }

  /** {@code curves.svg}. */
  public Path curves() {
    return path.resolve("curves.svg");
  }

  /** {@code curves.png}. */
  public Path curvesPng() {
    return path.resolve("curves.png");
  }

  /** {@code forecast.svg}. */
  public Path forecast() {
    return path.resolve("forecast.svg");
  }

  /** {@code mlflow.txt}: the id of the run on the tracking server. */
  public Path mlflow() {
    return path.resolve("mlflow.txt");
  }

  /** {@code confusion.svg}. */
  public Path confusion() {
    return path.resolve("confusion.svg");
  }

  /** {@code checkpoints}. */
  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /** {@code checkpoints/last.safetensors}. */
  public Path last() {
    return checkpoints().resolve("last.safetensors");
  }

  /** {@code checkpoints/best.safetensors}. */
  public Path best() {
    return checkpoints().resolve("best.safetensors");
  }
}
