package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.TrainKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A configuration to train, and the options that stand for some of its keys. */
final class ConfigOptions {
  @Parameters(paramLabel = "CONFIG", description = "YAML file, as examples/sunspots.yaml.")
  private Path file = Path.of("");

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replaces a value of the configuration, as --set model.hidden=64.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "auto, cpu, cuda, cuda:N or reference, as --set train.device=NAME.")
  private @Nullable String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "As --set train.threads=N. Results do not depend on it.")
  private @Nullable String threads;

  Path file() {
    return file;
  }

  List<String> overrides() {
    return overrides;
  }

  /** The name of the file without its folder and ending. */
  String name() {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /** The options that were given. */
  List<Config.Option> options() {
    List<Config.Option> all = new ArrayList<>();
    add(all, "--device", TrainKeys.DEVICE, device);
    add(all, "--threads", TrainKeys.THREADS, threads);
    return all;
  }

  /** Adds an option if it was given. */
  static void add(List<Config.Option> all, String name, Key<?> key, @Nullable String value) {
    if (value != null) {
      all.add(new Config.Option(name, key, value));
    }
  }

  /** Opens the device that a configuration names, and says so. */
  Devices.Opened open(Config config, int count) {
    return Devices.announced(
        config.get(TrainKeys.DEVICE),
        device == null ? "train.device" : "--device",
        count,
        new Devices.Wanted(
            config.get(TrainKeys.PRECISION),
            config.get(TrainKeys.DROPOUT_MASKS),
            config.get(TrainKeys.ALGORITHMS)));
  }
}
