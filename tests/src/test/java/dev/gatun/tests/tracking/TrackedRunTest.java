package dev.gatun.tests.tracking;

import static dev.gatun.tests.tracking.EventReader.get;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.DynamicMessage;
import dev.gatun.Backends;
import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.run.RunDirectory;
import dev.gatun.app.run.Training;
import dev.gatun.backend.Backend;
import dev.gatun.persist.Json;
import dev.gatun.tests.tracking.MlflowServer.Call;
import dev.gatun.train.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a whole run leaves for TensorBoard and tells an MLflow server. */
class TrackedRunTest {
  @TempDir Path folder;

  private Training.Result train(boolean resume, String... settings) throws IOException {
    Path data = folder.resolve("prose.txt");
    Files.writeString(data, "the cat sees the fish. a dog wants the hat.\n".repeat(40));
    Path yaml = folder.resolve("c.yaml");
    Files.writeString(
        yaml,
        """
        data: {type: text, path: prose.txt, validation: 0.1, test: 0.1}
        model: {embedding: 4, hidden: 8}
        train: {epochs: 2, batch: 8, time_steps: 16, report_every: 5, seed: 1}
        """);
    List<String> set = new ArrayList<>(Arrays.asList(settings));
    Config config = Config.read(yaml, set);
    try (Backend backend = Backends.open("cpu", 1)) {
      return new Training(config, backend, "").run(folder.resolve("r"), "c", resume, result -> {});
    }
  }

  private static List<List<String>> table(Path metrics) throws IOException {
    return Files.readAllLines(metrics).stream().map(line -> List.of(line.split(",", -1))).toList();
  }

  @Test
  void theEventFileSaysWhatMetricsSay() throws Exception {
    RunDirectory run = train(false).run();
    List<List<String>> rows = table(run.metrics());
    assertEquals(
        "step,epoch,seconds,train_loss,validation_loss,rate,gradient_norm,"
            + "validation_perplexity,validation_bits_per_character",
        String.join(",", rows.getFirst()));
    List<DynamicMessage> events = EventReader.events(EventReader.file(run.path()));
    assertEquals(rows.size(), events.size(), "one for the version, one for each report");
    for (int i = 1; i < rows.size(); i++) {
      assertEquals(Long.parseLong(rows.get(i).getFirst()), get(events.get(i), "step"));
      TreeMap<String, Float> said = new TreeMap<>();
      for (DynamicMessage value : EventReader.values(events.get(i))) {
        said.put((String) get(value, "tag"), (Float) get(value, "simple_value"));
      }
      TreeMap<String, Float> expected = new TreeMap<>();
      for (int c = 1; c < rows.getFirst().size(); c++) {
        expected.put(rows.getFirst().get(c), Float.parseFloat(rows.get(i).get(c)));
      }
      assertEquals(expected, said);
    }
    double loss = Double.parseDouble(rows.getLast().get(4));
    assertEquals(Math.exp(loss), Double.parseDouble(rows.getLast().get(7)), 1e-9);
    assertEquals(loss / Math.log(2), Double.parseDouble(rows.getLast().get(8)), 1e-9);
    // Going on with a run that is over leaves its events.
    train(true);
    assertEquals(events.size(), EventReader.events(EventReader.file(run.path())).size());
  }

  @Test
  void reportsMeasureTheValidationPartWhenAskedTo() throws Exception {
    List<List<String>> rows =
        table(train(false, "train.report_metrics=true", "train.steps=10").run().metrics());
    assertEquals(
        "validation_perplexity,validation_bits_per_character,validation_bits_per_byte",
        String.join(",", rows.getFirst().subList(7, rows.getFirst().size())));
    double perplexity = Math.exp(Double.parseDouble(rows.getLast().get(4)));
    assertEquals(perplexity, Double.parseDouble(rows.getLast().get(7)), 1e-6 * perplexity);
  }

  @Test
  void histogramsComeWhenAskedFor() throws Exception {
    RunDirectory run = train(false, "train.histograms=weights", "train.steps=5").run();
    List<DynamicMessage> values =
        EventReader.events(EventReader.file(run.path())).stream()
            .skip(1)
            .flatMap(event -> EventReader.values(event).stream())
            .filter(value -> ((String) get(value, "tag")).startsWith("weights/"))
            .toList();
    assertFalse(values.isEmpty());
    DynamicMessage histogram = (DynamicMessage) get(values.getFirst(), "histo");
    assertEquals("weights/embedding.weight", get(values.getFirst(), "tag"));
    assertTrue((Double) get(histogram, "num") >= 4 * 15, histogram.toString());
  }

  /** The values that are counted are the gradients: their squares add up to the norm's. */
  @Test
  void gradientsAreCountedWhereTheyAreLookedAt() throws Exception {
    String[] keys = {
      "train.histograms=gradients",
      "train.watch_gradients=2",
      "train.steps=5",
      "train.report_every=1",
      "train.clip=0.01"
    };
    RunDirectory run = train(false, keys).run();
    TreeMap<Long, Double> squares = new TreeMap<>();
    TreeMap<String, Double> counts = new TreeMap<>();
    for (DynamicMessage event : EventReader.events(EventReader.file(run.path())).subList(1, 9)) {
      for (DynamicMessage value : EventReader.values(event)) {
        String tag = (String) get(value, "tag");
        assertFalse(tag.startsWith("weights/"), tag);
        if (tag.startsWith("gradients/")) {
          DynamicMessage histogram = (DynamicMessage) get(value, "histo");
          squares.merge(
              (Long) get(event, "step"), (Double) get(histogram, "sum_squares"), Double::sum);
          counts.put(tag, (Double) get(histogram, "num"));
        }
      }
    }
    assertEquals(8.0 * 4 * 4, counts.get("gradients/rnn.weight_ih_l0"), counts.toString());
    assertEquals(List.of(1L, 3L, 5L), List.copyOf(squares.keySet()));
    List<List<String>> rows = table(run.metrics());
    squares.forEach(
        (step, sum) -> {
          double norm = Double.parseDouble(rows.get(Math.toIntExact(step)).get(6));
          assertEquals(norm, Math.sqrt(sum), 1e-4 * norm, "step " + step);
        });
  }

  @Test
  void histogramsOfGradientsNeedALook() {
    InputException e =
        assertThrows(InputException.class, () -> train(false, "train.histograms=both"));
    assertTrue(String.valueOf(e.getMessage()).contains("give train.watch_gradients"), e + "");
  }

  @Test
  void theServerGetsSettingsAndMetrics() throws Exception {
    try (MlflowServer server = new MlflowServer()) {
      String[] keys = {
        "train.mlflow.uri=" + server.uri(),
        "train.mlflow.experiment=prose",
        "train.mlflow.run_name=first"
      };
      RunDirectory run = train(false, keys).run();
      assertEquals(
          "prose", server.calls("experiments/create").getFirst().body().get("name").asText());
      Json.Members created = server.calls("runs/create").getFirst().body();
      assertEquals("17", created.get("experiment_id").asText());
      assertEquals("first", created.get("run_name").asText());
      List<Json.Members> parameters = members(server.calls("runs/log-batch"), "params");
      assertTrue(
          parameters.stream()
              .anyMatch(
                  p ->
                      p.get("key").asText().equals("train.time_steps")
                          && p.get("value").asText().equals("16")),
          parameters.toString());
      List<List<String>> rows = table(run.metrics());
      List<Json.Members> losses =
          members(server.calls("runs/log-batch"), "metrics").stream()
              .filter(metric -> metric.get("key").asText().equals("train_loss"))
              .toList();
      assertEquals(rows.size() - 1, losses.size());
      assertEquals(
          Double.parseDouble(rows.getLast().get(3)), losses.getLast().get("value").asDouble());
      assertEquals(rows.getLast().getFirst(), losses.getLast().get("step").asText());
      assertEquals("FINISHED", server.calls("runs/update").getLast().body().get("status").asText());
      // A resumed run is the same run there.
      train(true, keys);
      assertEquals(1, server.calls("runs/create").size());
      assertEquals("abc", Files.readString(run.path().resolve("mlflow.txt")).strip());
    }
  }

  private static List<Json.Members> members(List<Call> calls, String name) {
    List<Json.Members> all = new ArrayList<>();
    for (Call call : calls) {
      Json list = call.body().find(name);
      if (list != null) {
        list.asList().forEach(item -> all.add(item.asObject()));
      }
    }
    return all;
  }

  @Test
  void aServerThatIsDownCostsOneWarning() throws Exception {
    String uri;
    try (MlflowServer server = new MlflowServer()) {
      uri = server.uri();
    }
    Training.Result result = train(false, "train.mlflow.uri=" + uri);
    assertEquals(Outcome.COMPLETED, result.outcome());
    List<String> warnings =
        Files.readAllLines(result.run().log()).stream()
            .filter(line -> line.contains("MLflow"))
            .toList();
    assertEquals(1, warnings.size(), warnings.toString());
    assertTrue(warnings.getFirst().contains("the run goes on without it"), warnings.toString());
    assertTrue(warnings.getFirst().contains("refused"), warnings.toString());
  }
}
