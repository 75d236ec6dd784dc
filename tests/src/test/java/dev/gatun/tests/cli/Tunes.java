package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Studies of a small series in a folder, in this JVM. */
record Tunes(Path folder) {
  /** With data, and a configuration of so many epochs that ends with a section. */
  static Tunes of(Path folder, int epochs, String tune) throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(200));
    Tunes tunes = new Tunes(folder);
    tunes.yaml(Samples.SERIES.replace("epochs: 12", "epochs: " + epochs) + tune);
    return tunes;
  }

  void yaml(String text) throws IOException {
    Files.writeString(folder.resolve("c.yaml"), text);
  }

  /** Runs the study in a folder of this name. */
  Outcome run(String study, String... more) {
    List<String> all = new ArrayList<>(List.of("tune", folder.resolve("c.yaml").toString()));
    all.addAll(List.of("--run", folder.resolve(study).toString(), "--device", "cpu"));
    all.addAll(List.of(more));
    return InProcess.run(all.toArray(String[]::new));
  }

  /** What {@code --json} says of a study that went well. */
  Json.Members json(String study, String... more) {
    List<String> all = new ArrayList<>(List.of(more));
    all.add("--json");
    return json(run(study, all.toArray(String[]::new)));
  }

  static Json.Members json(Outcome outcome) {
    assertEquals(0, outcome.status(), outcome.err());
    return (Json.Members) Json.parse(outcome.out());
  }

  static double number(Json json) {
    return Double.parseDouble(((Json.Numeral) json).digits());
  }

  List<String> journal(String study) throws IOException {
    return Files.readAllLines(folder.resolve(study).resolve("study.journal"));
  }

  /** What each trial of a study was given, as the journal has it. */
  List<String> codes(String study) throws IOException {
    return journal(study).stream()
        .filter(line -> line.contains("\"suggested\""))
        .map(line -> line.replaceAll("^.*\"codes\":|,\"owner\".*", ""))
        .toList();
  }

  /** A file of a trial. */
  Path trial(String study, int number, String file) {
    return folder.resolve(study + "/trials/" + number).resolve(file);
  }

  /** The reports of a trial. */
  int reports(String study, int number) throws IOException {
    return Files.readAllLines(trial(study, number, "metrics.csv")).size() - 1;
  }
}
