package dev.gatun.app.cli;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.task.LabelTask;
import dev.gatun.app.task.PairTask;
import dev.gatun.app.task.Task;
import dev.gatun.app.task.TextTask;
import dev.gatun.app.task.TranscriptTask;
import dev.gatun.data.BatchSource;
import dev.gatun.persist.Json;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IntSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun data}. */
@Command(
    name = "data",
    description =
        "Check the data of a configuration: counts, parts, missing values, constant or non-finite"
            + " columns. Exits with 2 if it cannot be trained on.")
final class DataCommand implements Callable<Integer> {
  @Parameters(paramLabel = "CONFIG", description = "YAML file.")
  private Path file = Path.of("");

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Replaces a value.")
  private List<String> overrides = new ArrayList<>();

  @Option(names = "--json", description = "One JSON object on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Config config = Config.read(file, overrides);
    Map<String, Json> facts = new LinkedHashMap<>();
    List<String> errors = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    Path path = config.file(DataKeys.PATH);
    facts.put("path", Json.of(path.toString()));
    Json columns = new ColumnReport(config, errors, warnings).of(path);
    if (columns != null) {
      facts.put("columns", columns);
    }
    if (errors.isEmpty()) {
      Task task = Task.of(config);
      addParts(task, facts);
      warnings.addAll(task.notes());
    }
    facts.put("errors", Json.of(errors.stream().map(Json::of).toList()));
    facts.put("warnings", Json.of(warnings.stream().map(Json::of).toList()));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.of(facts).print());
    } else {
      print(out, facts);
    }
    out.flush();
    return errors.isEmpty() ? 0 : Gatun.WRONG_INPUT;
  }

  private static void addParts(Task task, Map<String, Json> facts) {
    if (task instanceof TextTask text) {
      facts.put("vocabulary", Json.of((long) text.tokenizer().size()));
    } else if (task instanceof TranscriptTask transcripts) {
      facts.put("vocabulary", Json.of((long) transcripts.vocabulary().size()));
    }
    if (task instanceof LabelTask labels) {
      addClasses(labels, facts);
    }
    if (task instanceof PairTask pairs) {
      facts.put("source_vocabulary", Json.of((long) pairs.sourceVocabulary().size()));
      facts.put("target_vocabulary", Json.of((long) pairs.targetVocabulary().size()));
    }
    facts.put("training", Json.of((long) task.split().training().size()));
    facts.put("validation", Json.of((long) task.split().validation().size()));
    facts.put("test", Json.of((long) task.split().test().size()));
    try (BatchSource training = task.training()) {
      facts.put("batches", Json.of((long) training.batches(0)));
      facts.put("time_steps", Json.of((long) training.maxTime()));
      facts.put("batch", Json.of((long) training.maxBatch()));
    }
  }

  /** How many sequences of each class there are in each part, and how long they are. */
  private static void addClasses(LabelTask task, Map<String, Json> facts) {
    int[] training = task.counts(task.split().training());
    int[] validation = task.counts(task.split().validation());
    int[] test = task.counts(task.split().test());
    List<Json> classes = new ArrayList<>();
    for (int k = 0; k < training.length; k++) {
      Map<String, Json> members = new LinkedHashMap<>();
      members.put("name", Json.of(task.classes().get(k)));
      members.put("training", Json.of(training[k]));
      members.put("validation", Json.of(validation[k]));
      members.put("test", Json.of(test[k]));
      members.put("share", Json.of((double) training[k] / task.split().training().size()));
      classes.add(Json.of(members));
    }
    facts.put("classes", Json.of(classes));
    IntSummaryStatistics lengths = task.lengths().summaryStatistics();
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("least", Json.of(lengths.getMin()));
    members.put("mean", Json.of(lengths.getAverage()));
    members.put("most", Json.of(lengths.getMax()));
    facts.put("lengths", Json.of(members));
    facts.put("padding", Json.of(task.padding()));
  }

  private static void print(PrintWriter out, Map<String, Json> facts) {
    facts.forEach(
        (name, value) -> {
          if (value instanceof Json.Items items) {
            out.println(name + (items.values().isEmpty() ? ": none" : ":"));
            items.values().forEach(item -> out.println("  " + text(item)));
          } else {
            out.println(name + ": " + text(value));
          }
        });
  }

  private static String text(Json value) {
    return switch (value) {
      case Json.Text t -> t.value();
      case Json.Members m -> {
        List<String> parts = new ArrayList<>();
        m.values().forEach((name, v) -> parts.add(name + " " + text(v)));
        yield String.join(", ", parts);
      }
      default -> value.print();
    };
  }
}
