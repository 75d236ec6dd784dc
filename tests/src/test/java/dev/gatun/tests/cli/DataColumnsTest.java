package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code gatun data} on columns of sequences: those that teach nothing, and those that break. */
class DataColumnsTest {
  private static final String TRANSCRIPTS =
      "data: {type: transcripts, path: d.csv, validation: 0}\n";
  private static final String SEQUENCES = "data: {type: sequences, path: d.csv, validation: 0}\n";
  private static final String HEADER = "@problemName Toy\n@classLabel true up down\n@data\n";

  @TempDir Path folder;

  private Outcome data(String yaml, String file, String text, String... settings) throws Exception {
    Files.writeString(folder.resolve(file), text);
    List<String> arguments = new ArrayList<>(List.of("data"));
    arguments.add(Files.writeString(folder.resolve("c.yaml"), yaml).toString());
    arguments.add("--json");
    for (String setting : settings) {
      arguments.addAll(List.of("--set", setting));
    }
    return InProcess.run(arguments.toArray(String[]::new));
  }

  private static String frames(String column, String one, String two, String three) {
    return "sequence,%s,x,flat\n1,a,%s,7\n1,,%s,7.0\n2,b,%s,7\n".formatted(column, one, two, three);
  }

  private static List<String> list(Json.Members facts, String name) {
    return facts.get(name).asList().stream().map(Json::asText).toList();
  }

  @ParameterizedTest
  @CsvSource({"label", "text"})
  void constantColumnsAreNamed(String column) throws Exception {
    String yaml = column.equals("text") ? TRANSCRIPTS : SEQUENCES;
    Outcome outcome = data(yaml, "d.csv", frames(column, "1", "2", "4"));
    assertEquals(0, outcome.status(), outcome.err());
    Json.Members facts = Json.parse(outcome.out().strip()).asObject();
    assertEquals(List.of("flat: constant; nothing can be learnt from it"), list(facts, "warnings"));
    List<Json> columns = facts.get("columns").asList();
    assertEquals(2, columns.size(), outcome.out());
    Json.Members x = columns.getFirst().asObject();
    assertEquals("x", x.get("name").asText());
    assertEquals(3, x.get("numbers").asLong());
    assertEquals(7 / 3.0, x.get("mean").asDouble(), 1e-12);
    Outcome chosen = data(yaml, "d.csv", frames(column, "1", "2", "4"), "data.inputs=x");
    facts = Json.parse(chosen.out().strip()).asObject();
    assertEquals(List.of(), list(facts, "warnings"), "what is not looked at does no harm");
    assertEquals(2, facts.get("training").asLong());
  }

  @ParameterizedTest
  @CsvSource({"label", "text"})
  void numbersThatAreNoneAreCounted(String column) throws Exception {
    String yaml = column.equals("text") ? TRANSCRIPTS : SEQUENCES;
    Outcome outcome = data(yaml, "d.csv", frames(column, "1", "inf", "1e39"));
    assertEquals(2, outcome.status(), outcome.out());
    Json.Members facts = Json.parse(outcome.out().strip()).asObject();
    String error = list(facts, "errors").getFirst();
    assertTrue(error.startsWith("x: 0 missing, "), error);
    assertTrue(error.endsWith(" beyond float32, the first in line 3"), error);
    Json.Members x = facts.get("columns").asList().getFirst().asObject();
    assertEquals(1, x.get("numbers").asLong(), outcome.out());
    assertEquals(1, x.get("not_numbers").asLong() + x.get("not_finite").asLong(), outcome.out());
    assertEquals(1, x.get("too_large").asLong(), outcome.out());
  }

  @Test
  void dimensionsOfATsFile() throws Exception {
    String yaml = SEQUENCES.replace("d.csv", "d.ts");
    Outcome flat = data(yaml, "d.ts", HEADER + "1,2:5,5:up\n3,4:5,5:down\n");
    assertEquals(0, flat.status(), flat.err());
    Json.Members facts = Json.parse(flat.out().strip()).asObject();
    assertEquals(
        List.of("dimension 2: constant; nothing can be learnt from it"), list(facts, "warnings"));
    Outcome gap = data(yaml, "d.ts", HEADER + "1,2:5,6:up\n3,?:5,5:down\n");
    assertEquals(2, gap.status(), gap.out());
    facts = Json.parse(gap.out().strip()).asObject();
    assertEquals(
        List.of("dimension 1: 1 missing, 0 not numbers, 0 not finite, the first in line 5"),
        list(facts, "errors"));
    Outcome filled = data(yaml, "d.ts", HEADER + "1,2:5,6:up\n3,?:5,5:down\n", "data.missing=mean");
    assertEquals(0, filled.status(), filled.err());
  }
}
