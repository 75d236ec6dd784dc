package dev.gatun.app.cli;

import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Names;
import dev.gatun.app.report.Diagnosis;
import dev.gatun.app.report.Metrics;
import dev.gatun.app.run.GradientLog;
import dev.gatun.app.run.RunDirectory;
import dev.gatun.persist.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
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
        "Read a run's curves and log: underfitting, overfitting, diverging, plateaued or noisy,"
            + " steps that were not finite, gradients that explode or vanish, units that are dead,"
            + " one class for everything, a rate that is too low; what shows it, and what to try."
            + " The gravest first.")
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
    Path log = RunDirectory.open(run).log();
    List<String> lines = Files.isRegularFile(log) ? Files.readAllLines(log) : List.of();
    Path watched = run.resolve(GradientLog.FILE);
    List<String> gradients = Files.isRegularFile(watched) ? Files.readAllLines(watched) : List.of();
    List<Diagnosis> found = Diagnosis.all(Metrics.read(file), lines, gradients);
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      Map<String, Json> members = members(found.getFirst());
      members.put("findings", Json.of(found.stream().map(d -> Json.of(members(d))).toList()));
      out.println(Json.of(members).print());
    } else {
      for (Diagnosis diagnosis : found) {
        out.println(Names.of(diagnosis.verdict()) + ": " + diagnosis.evidence());
        diagnosis.advice().forEach(line -> out.println("  " + line));
      }
    }
    return 0;
  }

  private static Map<String, Json> members(Diagnosis diagnosis) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("verdict", Json.of(Names.of(diagnosis.verdict())));
    members.put("evidence", Json.of(diagnosis.evidence()));
    members.put("advice", Json.of(diagnosis.advice().stream().map(Json::of).toList()));
    return members;
  }
}
