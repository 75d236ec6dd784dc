package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.Backend;
import dev.gatun.backend.WeightType;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose what computes, for commands on a run. */
final class Compute {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "auto, cpu, cuda, cuda:N, reference. Default: what the run was trained with.")
  private @Nullable String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "Default: one for each core.")
  private int threads;

  /** Opens it for a run. */
  Backend open(Config config) {
    return open(config, WeightType.FLOAT32);
  }

  /**
   * Opens it for weights kept as this type. Rounded ones are for a CPU, so that is what auto gives.
   */
  Backend open(Config config, WeightType type) {
    String wanted = device == null ? config.get(TrainKeys.DEVICE) : device;
    if (wanted.equals("auto") && type != WeightType.FLOAT32) {
      return Devices.open("cpu", "auto", threads);
    }
    return device == null
        ? Devices.open(config.get(TrainKeys.DEVICE), "train.device", threads)
        : Devices.open(device, "--device", threads);
  }
}
