package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.Backend;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose what computes, for commands on a run. */
final class Compute {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "auto, cpu, reference. Default: what the run was trained with.")
  private @Nullable String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Default: one for each core.")
  private int threads;

  /** Opens it for a run. */
  Backend open(Config config) {
    return device == null
        ? Devices.open(config.get(TrainKeys.DEVICE), "train.device", threads)
        : Devices.open(device, "--device", threads);
  }
}
