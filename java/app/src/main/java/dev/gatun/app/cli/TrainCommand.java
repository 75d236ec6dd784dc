package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.StabilityKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.run.RunException;
import dev.gatun.app.run.Training;
import dev.gatun.backend.Backend;
import dev.gatun.persist.Json;
import dev.gatun.train.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun train}. */
@Command(
    name = "train",
    description = {
      "Train what a configuration describes.",
      "Leaves a run's folder with config.yaml, metrics.csv, log.txt, charts and checkpoints."
          + " Ctrl-C finishes the step, saves and exits with 130; --resume goes on, bit for bit as"
          + " if nothing had happened."
    })
final class TrainCommand implements Callable<Integer> {
  /** The status of a process that SIGINT ended. */
  private static final int INTERRUPTED = 130;

  @Mixin private ConfigOptions given = new ConfigOptions();

  @Option(
      names = "--run",
      paramLabel = "DIR",
      description = "The run's folder. Default: runs/NAME-1, -2, ...")
  private @Nullable Path run;

  @Option(
      names = "--resume",
      description =
          "Continue the run in --run from its last checkpoint, on the kind of device that it was"
              + " trained on; on another with --device, to other last bits.")
  private boolean resume;

  @Option(
      names = "--init",
      paramLabel = "FILE",
      description = "Initial parameters, as --set train.init=FILE.")
  private @Nullable Path init;

  @Option(
      names = "--overfit",
      paramLabel = "N",
      description = "Learn N examples by heart, as --set train.overfit=N.")
  private @Nullable String overfit;

  @Option(names = "--json", description = "The result as one JSON object on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    if (resume && run == null) {
      throw new InputException("--resume: needs --run DIR, the folder of the run to continue");
    }
    if (run != null && run.toString().isEmpty()) {
      throw new InputException(
          "--run: empty; give a folder, or leave it out for the next free one");
    }
    Config config = Config.read(given.file(), given.overrides(), options());
    Training.Result result;
    Devices.Opened opened = given.open(config, config.get(TrainKeys.THREADS));
    try (Backend backend = opened.backend()) {
      result =
          new Training(config, backend, opened.note()).run(run, given.name(), resume, this::print);
    } catch (OutOfMemoryError e) {
      throw new RunException(MemoryAdvice.of(e, config), e);
    }
    if (result.outcome().failed()) {
      String cause =
          result.outcome() == Outcome.DIVERGED
              ? "the loss diverged; log.txt names step, rate"
              : "%d steps in a row were not finite; log.txt names batch and layer"
                  .formatted(config.get(StabilityKeys.LIMIT));
      spec.commandLine()
          .getErr()
          .println(
              "gatun: %s, and what was kept; lower train.rate or set train.clip".formatted(cause));
      return Gatun.FAILED;
    }
    return result.interrupted() ? INTERRUPTED : 0;
  }

  private void print(Training.Result result) {
    if (json) {
      spec.commandLine().getOut().println(toJson(result).print());
      spec.commandLine().getOut().flush();
    }
  }

  private List<Config.Option> options() {
    if (init != null && init.toString().isEmpty()) {
      throw new InputException("--init: empty; give a safetensors file");
    }
    List<Config.Option> all = given.options();
    ConfigOptions.add(all, "--init", TrainKeys.INIT, init == null ? null : init.toString());
    ConfigOptions.add(all, "--overfit", TrainKeys.OVERFIT, overfit);
    return all;
  }

  private static Json toJson(Training.Result result) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("run", Json.of(result.run().path().toString()));
    members.put("outcome", Json.of(result.outcome().name().toLowerCase(Locale.ROOT)));
    members.put("epochs", Json.of(result.epochs()));
    members.put("steps", Json.of(result.steps()));
    members.put("train_loss", Output.number(result.trainLoss()));
    members.put("validation_loss", Output.number(result.validationLoss()));
    members.put("best_validation_loss", Output.number(result.bestLoss()));
    members.put("test", Output.numbers(result.test()));
    members.put("test_part", Json.of(result.testPart()));
    members.put("seconds", Output.number(result.seconds()));
    members.put("tokens_per_s", Output.number(result.tokensPerSecond()));
    return Json.of(members);
  }
}
