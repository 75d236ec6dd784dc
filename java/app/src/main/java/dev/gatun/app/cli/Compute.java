package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
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
      description =
          "auto, cpu, cuda, cuda:N, reference. Default: what the run was trained with; a GPU"
              + " computes in train.precision where it can, all else in fp32.")
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
    if (type != WeightType.FLOAT32 && wanted.equals("auto")) {
      return Devices.open("cpu", "auto", threads);
    }
    String from = device == null ? "train.device" : "--device";
    if (type != WeightType.FLOAT32 && wanted.startsWith("cuda")) {
      throw new InputException(
          "--precision %s: a GPU keeps weights in fp32 only, not in %s, and %s is %s; give --device cpu"
              .formatted(type.label(), type.label(), from, wanted));
    }
    return Devices.forRun(wanted, from, threads, config.get(TrainKeys.PRECISION));
  }
}
