package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.run.RunException;
import dev.gatun.backend.Backend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun tune}. */
@Command(
    name = "tune",
    description =
        "Find out which values of a configuration are good before, or instead of, training it once:"
            + " a range test of the learning rate, a probe of the batch.")
final class TuneCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CONFIG", description = "YAML file.")
  private Path file = Path.of("");

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replaces a value of the configuration.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--run",
      paramLabel = "DIR",
      description = "The folder for what is found. Default: runs/NAME-tune.")
  private @Nullable Path run;

  @Option(
      names = "--range-test",
      description =
          "Train a few hundred steps while the rate rises, and suggest one a little below where the"
              + " loss begins to grow. Writes range-test.csv and range-test.svg; keeps no weights.")
  private boolean rangeTest;

  @Option(
      names = "--batch-probe",
      description =
          "Double train.batch until memory is short or a larger one is no faster, and suggest one."
              + " Writes batch-probe.csv.")
  private boolean batchProbe;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "auto, cpu, cuda, cuda:N or reference, as --set train.device=NAME.")
  private @Nullable String device;

  @Option(names = "--threads", paramLabel = "N", description = "As --set train.threads=N.")
  private @Nullable String threads;

  @Option(names = "--json", description = "The result as one JSON object on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    if (run != null && run.toString().isEmpty()) {
      throw new InputException("--run: empty; give a folder, or leave it out for runs/NAME-tune");
    }
    if (rangeTest == batchProbe) {
      throw new InputException("gatun tune: give one of --range-test and --batch-probe");
    }
    Config config = Config.read(file, overrides, options());
    Path folder = run == null ? Path.of("runs", TrainCommand.nameOf(file) + "-tune") : run;
    TuneProbes probes = new TuneProbes(config, folder, json, spec);
    try (Backend backend = open(config)) {
      if (rangeTest) {
        probes.rates(backend);
      } else {
        probes.batches(backend);
      }
    } catch (OutOfMemoryError e) {
      throw new RunException(MemoryAdvice.of(e, config), e);
    }
    return 0;
  }

  private Backend open(Config config) {
    return Devices.announced(
            config.get(TrainKeys.DEVICE),
            device == null ? "train.device" : "--device",
            config.get(TrainKeys.THREADS),
            config.get(TrainKeys.PRECISION),
            config.get(TrainKeys.DROPOUT_MASKS))
        .backend();
  }

  private List<Config.Option> options() {
    List<Config.Option> all = new ArrayList<>();
    add(all, "--device", TrainKeys.DEVICE, device);
    add(all, "--threads", TrainKeys.THREADS, threads);
    return all;
  }

  private static void add(
      List<Config.Option> all, String name, Key<?> key, @Nullable String value) {
    if (value != null) {
      all.add(new Config.Option(name, key, value));
    }
  }
}
