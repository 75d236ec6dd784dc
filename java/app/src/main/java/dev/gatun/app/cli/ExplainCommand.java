package dev.gatun.app.cli;

import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.report.HeatMap;
import dev.gatun.app.run.Explainer;
import dev.gatun.app.run.TrainedRun;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Backend;
import dev.gatun.explain.IntegratedGradients;
import dev.gatun.explain.IntegratedGradients.Attribution;
import dev.gatun.model.Model;
import dev.gatun.persist.AtomicFiles;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun explain}. */
@Command(
    name = "explain",
    description = {
      "Draw what a run's best checkpoint does with one example, as a heat map.",
      "gates: gates, cell state and output of a recurrent layer at each step. attention: where a"
          + " model with attention looked. attributions: what each input adds to an output, by"
          + " integrated gradients from an input of zeros."
    })
final class ExplainCommand implements Callable<Integer> {
  /** What attributions may be off, as a part of what they explain. */
  private static final double MOST_GAP = 0.05;

  /** What can be drawn. */
  enum What {
    GATES,
    ATTENTION,
    ATTRIBUTIONS
  }

  @Parameters(paramLabel = "RUN", description = "A run's folder.")
  private Path run = Path.of("");

  @Option(
      names = "--what",
      required = true,
      paramLabel = "WHAT",
      description = "gates, attention or attributions.")
  private What what = What.GATES;

  @Option(
      names = "--data",
      paramLabel = "FILE",
      description = "Take the example from this file. Default: what eval measures on.")
  private @Nullable Path data;

  @Option(
      names = "--example",
      paramLabel = "N",
      defaultValue = "1",
      description = "Its number, from 1. Default: 1.")
  private int example = 1;

  @Option(
      names = "--layer",
      paramLabel = "N",
      defaultValue = "1",
      description = "The recurrent layer of the gates, from 1. Default: 1.")
  private int layer = 1;

  @Option(
      names = "--units",
      paramLabel = "N",
      defaultValue = "16",
      description = "The first so many units of each gate. Default: 16.")
  private int units = 16;

  @Option(
      names = "--target",
      paramLabel = "K",
      description =
          "The output that is attributed: its number from 0, or a class. Default: the largest of a"
              + " model that tells classes, else 0.")
  private @Nullable String target;

  @Option(
      names = "--parts",
      paramLabel = "N",
      defaultValue = "" + IntegratedGradients.PARTS,
      description = "Parts of the way that gradients are integrated along. Default: 64.")
  private int parts = IntegratedGradients.PARTS;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "SVG, created or replaced. Default: WHAT.svg in the run's folder.")
  private @Nullable Path output;

  @Option(
      names = "--checkpoint",
      paramLabel = "WHICH",
      defaultValue = "",
      description = "best, last or a file. Default: best, else last.")
  private String checkpoint = "";

  @Mixin private Compute compute = new Compute();

  @Option(names = "--json", description = "The values as one JSON object on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    least("--example", example);
    least("--layer", layer);
    least("--units", units);
    least("--parts", parts);
    String name = what.name().toLowerCase(Locale.ROOT);
    Path file = output == null ? run.resolve(name + ".svg") : output;
    TrainedRun trained = TrainedRun.open(run, checkpoint);
    Output.checkDrawing("--output", file);
    // Gradients are of layers as in training: learning by heart has no dropout.
    Config config =
        what == What.ATTRIBUTIONS ? trained.config().with(TrainKeys.OVERFIT, 1) : trained.config();
    Task task =
        EvalCommand.task(new TrainedRun(config, trained.checkpoint(), trained.strings()), data);
    Map<String, Json> members = new LinkedHashMap<>();
    String says;
    HeatMap map;
    // Only the reference keeps what gates were.
    try (Backend backend =
            what == What.GATES ? Backends.open("reference") : compute.open(trained.config());
        Model model = trained.load(task.model(), backend)) {
      Explainer explainer = new Explainer(task, model, example);
      switch (what) {
        case GATES -> {
          map = explainer.gates(layer, units);
          says = "gates of layer " + layer;
        }
        case ATTENTION -> {
          map = explainer.attention();
          says = "attention";
        }
        case ATTRIBUTIONS -> {
          int number = target(task, model, explainer);
          Explainer.Attributed attributed = explainer.attributions(number, parts);
          map = attributed.map();
          says = describe(attributed.attribution(), number, members);
        }
        default -> throw new IllegalStateException(name);
      }
    }
    AtomicFiles.write(file, map.toSvg());
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      members.put("what", Json.of(name));
      members.putAll(map.toJson().asObject().values());
      members.put("file", Json.of(file.toString()));
      out.println(Json.of(members).print());
    } else {
      out.println(says + ": " + file);
    }
    return 0;
  }

  private static void least(String option, int value) {
    if (value < 1) {
      throw new InputException(option + " " + value + ": give at least 1");
    }
  }

  private int target(Task task, Model model, Explainer explainer) {
    int width = model.spec().output().width();
    if (target == null) {
      return task.outputNames().isEmpty() && !model.spec().input().isTokens()
          ? 0
          : explainer.largest();
    }
    int number = task.outputNames().indexOf(target);
    if (number < 0 && target.matches("\\d{1,9}")) {
      number = Integer.parseInt(target);
    }
    if (number < 0 || number >= width) {
      throw new InputException(
          "--target %s: give 0 to %d%s"
              .formatted(
                  target,
                  width - 1,
                  task.outputNames().isEmpty()
                      ? ""
                      : ", or one of " + String.join(", ", task.outputNames())));
    }
    return number;
  }

  private static String describe(Attribution found, int target, Map<String, Json> members) {
    members.put("target", Json.of(target));
    members.put("output", Output.number(found.output()));
    members.put("baseline", Output.number(found.baseline()));
    members.put("sum", Output.number(found.sum()));
    return String.format(
        Locale.ROOT,
        "output %d is %.4g, and %.4g for an input of zeros; the attributions add up to %.4g, %.2f %%"
            + " off their difference%s",
        target,
        found.output(),
        found.baseline(),
        found.sum(),
        100 * found.gap(),
        found.gap() > MOST_GAP ? " (too far to be trusted: give more --parts)" : "");
  }
}
