package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.run.RunException;
import dev.gatun.app.search.TrialRecord;
import dev.gatun.app.tune.Tuner;
import dev.gatun.backend.Backend;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code gatun tune}. */
@Command(
    name = "tune",
    description =
        "Search the values of a configuration that its section tune: lists, for the best validation"
            + " loss or other objectives; or test its rate or its batch alone. A study is kept in"
            + " DIR/study.journal: the same command goes on with it after Ctrl-C or a kill, and joins"
            + " it while another runs. Leaves best.yaml, study.html and a run for each trial.")
final class TuneCommand implements Callable<Integer> {
  /** The status of a process that SIGINT ended. */
  private static final int INTERRUPTED = 130;

  @Mixin private ConfigOptions given = new ConfigOptions();

  @Option(
      names = "--trials",
      paramLabel = "N",
      description = "Trials of the whole study. Default: tune.trials.")
  private @Nullable Integer trials;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "Trials at a time, which share the threads. Default: tune.jobs.")
  private @Nullable Integer jobs;

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

  @Option(names = "--json", description = "The result as one JSON object on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    if (run != null && run.toString().isEmpty()) {
      throw new InputException("--run: empty; give a folder, or leave it out for runs/NAME-tune");
    }
    if (rangeTest && batchProbe) {
      throw new InputException(
          "gatun tune: give one of --range-test and --batch-probe, or none for a search");
    }
    Config config = Config.read(given.file(), given.overrides(), given.options());
    Path folder = run == null ? Path.of("runs", given.name() + "-tune") : run;
    if (!rangeTest && !batchProbe) {
      return search(config, folder);
    }
    TuneProbes probes = new TuneProbes(config, folder, json, spec);
    try (Backend backend = given.open(config, config.get(TrainKeys.THREADS)).backend()) {
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

  private int search(Config config, Path folder) throws IOException {
    TuneSection section = TuneSection.read(given.file());
    int count = within("--trials", trials, Integer.MAX_VALUE, section.trials());
    int parallel = Math.min(count, within("--jobs", jobs, TuneSection.MOST_JOBS, section.jobs()));
    int all = config.get(TrainKeys.THREADS);
    int cores = all == 0 ? Runtime.getRuntime().availableProcessors() : all;
    int share = Math.max(1, cores / parallel);
    Tuner tuner = new Tuner(section, given.overrides(), given.options(), folder);
    Tuner.Result result = tuner.run(count, parallel, () -> given.open(config, share).backend());
    if (json) {
      print(section, folder, result);
    }
    if (result.interrupted()) {
      return INTERRUPTED;
    }
    if (result.best() == null) {
      spec.commandLine()
          .getErr()
          .printf(
              "gatun: none of %d trials has finished; the lines above and each log.txt in %s say why%n",
              result.trials().size(), folder.resolve("trials"));
      return Gatun.FAILED;
    }
    return 0;
  }

  private static int within(String option, @Nullable Integer given, int most, int fallback) {
    if (given != null && (given < 1 || given > most)) {
      throw new InputException(
          "%s %d: give %s"
              .formatted(option, given, most == Integer.MAX_VALUE ? "at least 1" : "1 to " + most));
    }
    return given == null ? fallback : given;
  }

  private void print(TuneSection section, Path folder, Tuner.Result result) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("run", Json.of(folder.toString()));
    members.put("trials", Json.of(result.trials().size()));
    for (TrialRecord.State state : TrialRecord.State.values()) {
      long count = result.trials().stream().filter(t -> t.state() == state).count();
      members.put(Names.of(state), Json.of(count));
    }
    TrialRecord best = result.best();
    if (best != null) {
      members.put("best_trial", Json.of(best.number()));
      Map<String, Double> values = new LinkedHashMap<>();
      for (String name : section.goals().keySet()) {
        values.put(name, best.values().get(values.size()));
      }
      members.put("best_values", Output.numbers(values));
      if (!result.deviations().isEmpty()) {
        members.put("best_deviations", Output.numbers(result.deviations()));
      }
      Map<String, Json> settings = new LinkedHashMap<>();
      result.settings().forEach((key, value) -> settings.put(key, Json.of(value)));
      members.put("best_settings", Json.of(settings));
      members.put("best_config", Json.of(folder.resolve("best.yaml").toString()));
      members.put("test", Output.numbers(result.test()));
      members.put("test_part", Json.of(result.testPart()));
    }
    members.put("report", Json.of(folder.resolve("study.html").toString()));
    members.put("seconds", Output.number(result.seconds()));
    spec.commandLine().getOut().println(Json.of(members).print());
    spec.commandLine().getOut().flush();
  }
}
