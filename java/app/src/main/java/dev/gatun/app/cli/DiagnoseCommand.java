package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.app.report.Diagnosis;
import dev.gatun.app.report.Metrics;
import dev.gatun.app.run.RunDirectory;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code gatun diagnose}. */
@Command(
    name = "diagnose",
    description =
        "Read a run's loss curves: underfitting, overfitting, diverging or plateaued, and what to"
            + " try.")
final class DiagnoseCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", description = "A run's folder.")
  private Path run = Path.of("");

  @Option(names = "--json", description = "One JSON object on standard output.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    Path file = RunDirectory.open(run).metrics();
    if (!Files.isRegularFile(file)) {
      throw new InputException(run + ": has no metrics.csv yet");
    }
    Diagnosis diagnosis = Diagnosis.of(Metrics.read(file));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Json> members = new LinkedHashMap<>();
      members.put("verdict", Json.of(Names.of(diagnosis.verdict())));
      members.put("evidence", Json.of(diagnosis.evidence()));
      members.put("advice", Json.of(diagnosis.advice().stream().map(Json::of).toList()));
      out.println(Json.of(members).print());
    } else {
      out.println(Names.of(diagnosis.verdict()) + ": " + diagnosis.evidence());
      diagnosis.advice().forEach(line -> out.println("  " + line));
    }
    return 0;
  }
}
