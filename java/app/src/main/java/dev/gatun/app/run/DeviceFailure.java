package dev.gatun.app.run;

import dev.gatun.app.report.Log;
import dev.gatun.app.report.Progress;
import dev.gatun.backend.DeviceException;
import dev.gatun.train.Outcome;
import dev.gatun.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;

/** A device that fails in the middle of a run ends the process' work with it, but not the run. */
final class DeviceFailure {
  private DeviceFailure() {}

  /**
   * Trains.
   *
   * @throws RunException if the device fails: with the step, the last checkpoint and how to go on
   */
  static Outcome named(Trainer trainer, RunDirectory run, Progress progress, Log log)
      throws IOException {
    try {
      return trainer.run();
    } catch (DeviceException e) {
      progress.close();
      String goOn =
          Files.isRegularFile(run.last())
              ? "the last checkpoint is %s; continue with --run %s --resume"
                  .formatted(run.last(), run.path())
              : "there is no checkpoint yet; begin again with --run %s --resume"
                  .formatted(run.path());
      String failure = "step %d: %s".formatted(trainer.steps() + 1, e.getMessage());
      log.note(failure + "; " + goOn);
      throw new RunException(failure + System.lineSeparator() + goOn, e);
    }
  }
}
