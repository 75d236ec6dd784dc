package dev.gatun.app.cli;

import com.sun.management.OperatingSystemMXBean;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.Names;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.TuneSection;
import dev.gatun.app.run.StartingPoints;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.Updates;
import dev.gatun.app.tune.Tuner;
import dev.gatun.data.BatchSource;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.Summary;
import dev.gatun.tensor.DType;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun check}. */
@Command(
    name = "check",
    description =
        "Check a configuration and show its layers, shapes, parameters and memory, before any of"
            + " it is allocated.")
final class CheckCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CONFIG", description = "YAML file.")
  private Path file = Path.of("");

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Replaces a value.")
  private List<String> overrides = new ArrayList<>();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Config config = Config.read(file, overrides);
    Task task = Task.of(config);
    try (BatchSource training = task.training()) {
      long steps = Math.ceilDiv(training.batches(0), config.get(TrainKeys.ACCUMULATE));
      Updates.schedule(config, steps);
      PlanSpec plan = PlanSpec.training(training.maxTime(), training.maxBatch());
      PrintWriter out = spec.commandLine().getOut();
      Summary summary = task.model().summary(plan, DType.F32, Updates.moments(config));
      out.print(summary);
      out.printf(
          "T %d, N %d; %d steps an epoch, %d in all; data %s%n",
          training.maxTime(),
          training.maxBatch(),
          steps,
          Updates.steps(config, steps),
          config.get(DataKeys.PATH));
      if (TuneSection.isIn(file)) {
        TuneSection tune = TuneSection.read(file);
        new Tuner(tune, overrides, List.of(), Path.of("")).check();
        List<String> keys = tune.ranges().stream().map(TuneSection.Range::key).toList();
        out.printf("tune: %s over %s%n", Names.of(tune.strategy().name()), String.join(", ", keys));
      }
      out.flush();
      warn(summary.totalBytes());
      for (String warning : StartingPoints.warnings(config)) {
        spec.commandLine().getErr().println("gatun: warning: " + warning);
      }
    }
    return 0;
  }

  private void warn(long bytes) {
    if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        && bytes > system.getTotalMemorySize()) {
      spec.commandLine()
          .getErr()
          .printf(
              "gatun: warning: about %,d MiB, and the machine has %,d MiB of memory; lower"
                  + " model.hidden, model.layers, train.batch or train.time_steps%n",
              bytes >> 20, system.getTotalMemorySize() >> 20);
    }
  }
}
