package dev.gatun.app.run;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.report.Log;
import dev.gatun.backend.Backend;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.SafetensorsReader;
import java.io.IOException;
import java.nio.file.Files;
import org.jspecify.annotations.Nullable;

/**
 * What a run that goes on was trained on before. Only the same machine gives the bits that it would
 * have given without the break, so another kind of device is taken only by who asks for it.
 */
final class ResumedDevice {
  private static final String BACKEND = "training.backend";
  private static final String CHOICES = "training.choices";

  private ResumedDevice() {}

  /**
   * Checks, before anything is written, what a run is about to go on with.
   *
   * @param run with its last checkpoint, or none yet
   * @param config of this process: a device given on the command line is taken
   * @param note what else is known, as why there is no GPU
   * @throws InputException if it is another kind of device, and nobody asked for it
   */
  static void check(RunDirectory run, Backend backend, Config config, String note)
      throws IOException {
    String before = trainedOn(run);
    boolean chosen = config.isOption(TrainKeys.DEVICE);
    if (before != null && !chosen && !kind(before).equals(kind(backend.description()))) {
      throw new InputException(
          "--resume: %s was trained on %s so far, and %s would give other results%s%ngive --device %s to go on with it all the same"
              .formatted(
                  run.path(), kind(before), backend.name(), note, kind(backend.description())));
    }
  }

  /** What a run was begun with, but for a device that the command line gives now. */
  static Config expected(RunDirectory run, Config config) {
    Config written = run.readConfig();
    return config.isOption(TrainKeys.DEVICE)
        ? written.with(TrainKeys.DEVICE, config.get(TrainKeys.DEVICE))
        : written;
  }

  /** Tells when results will not be those of an unbroken run. */
  static void warn(RunDirectory run, Backend backend, Log log) throws IOException {
    String before = trainedOn(run);
    if (before != null && !comparable(before).equals(comparable(backend.description()))) {
      log.line(
          "warning: goes on with another device or other libraries, and not to the bits of an"
              + " unbroken run; so far: "
              + before);
    }
  }

  /** Has what was chosen by speed chosen before anything is planned, and nothing measured again. */
  static void reproduce(RunDirectory run, Backend backend) throws IOException {
    String choices = recorded(run, CHOICES);
    if (choices != null) {
      backend.reproduce(choices);
    }
  }

  private static @Nullable String trainedOn(RunDirectory run) throws IOException {
    return recorded(run, BACKEND);
  }

  private static @Nullable String recorded(RunDirectory run, String what) throws IOException {
    if (!Files.isRegularFile(run.last())) {
      return null;
    }
    try (SafetensorsReader reader = new SafetensorsReader(run.last())) {
      return reader.metadata().get(what);
    } catch (FormatException e) {
      return null; // resuming says what is wrong with it
    }
  }

  /** A description begins with the backend's name. */
  private static String kind(String description) {
    return description.replaceFirst(":.*", "");
  }

  /** Without what changes no bit: the GPU's number, threads, and choices that are taken over. */
  private static String comparable(String description) {
    return description
        .replaceFirst("^cuda:\\d+:", "cuda:")
        .replaceFirst("\\d+ threads?, ", "")
        .replaceFirst(", products by .*", "");
  }
}
