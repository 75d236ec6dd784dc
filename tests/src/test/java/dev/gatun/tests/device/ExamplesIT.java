package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.Json;
import dev.gatun.tests.cli.Cli;
import dev.gatun.tests.support.DeviceRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every example trains on a device to what it trains to on a CPU, and is of use after. */
@OnDevice
class ExamplesIT {
  private static final Path EXAMPLES = DeviceRun.root().resolve("examples");

  /** An epoch's rounding, summed in other orders; measured on the double at 1e-6. */
  private static final double TOLERANCE = 1e-3;

  @TempDir private Path folder;

  @Test
  void noneIsForgotten() throws IOException {
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.list(EXAMPLES)) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".yaml"))
          .forEach(names::add);
    }
    assertEquals(
        Set.of(
            "dna.yaml",
            "etth1.yaml",
            "intervals.yaml",
            "optimizers.yaml",
            "reverse-digits.yaml",
            "strokes.yaml",
            "sunspots.yaml",
            "text.yaml",
            "toy-speech.yaml",
            "tune.yaml",
            "words.yaml"),
        names);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sunspots",
        "etth1",
        "text",
        "toy-speech",
        "strokes",
        "dna",
        "words",
        "intervals",
        "optimizers",
        "reverse-digits"
      })
  void trainsAndServes(String example) throws Exception {
    List<String> data =
        switch (example) {
          case "etth1" -> transformer();
          case "text", "words" -> List.of("--set", "data.path=" + text());
          default -> List.of();
        };
    Cli cli = Cli.onGpu(folder);
    double onCpu = loss(train(cli, example, data, "cpu", 1));
    double onGpu = loss(train(cli, example, data, "cuda", 1));
    assertEquals(onCpu, onGpu, TOLERANCE * onCpu, "validation loss after an epoch");

    String run = "cuda1";
    if (!DeviceRun.small()) {
      int epochs = example.equals("sunspots") ? 80 : 4;
      run = "cuda" + epochs;
      Json.Members trained = train(cli, example, data, "cuda", epochs);
      assertTrue(loss(trained) < onGpu, "the validation loss does not fall: " + loss(trained));
      DeviceRun.report("example_" + example, trained);
    }
    Cli.Outcome eval = cli.run("eval", run, "--json", "--device", "cuda");
    assertEquals(0, eval.status(), eval.err());
    if (example.equals("toy-speech")) {
      return; // eval alone compares what it hears
    }
    Cli.Outcome used =
        example.equals("text") || example.equals("words")
            ? cli.run(
                ("generate " + run + " --prompt the --length 20 --seed 2 --device cuda").split(" "))
            : cli.run("predict", run, "--input", series(example), "--device", "cuda");
    assertEquals(0, used.status(), used.err());
    assertTrue(used.out().length() > 20, used.out());
  }

  /** A study's trials, two at a time on the one device, are those of the CPU. */
  @Test
  void searchesAsOnACpu() throws Exception {
    Cli cli = Cli.onGpu(folder);
    Json.Members onCpu = tune(cli, "cpu");
    Json.Members onGpu = tune(cli, "cuda");
    assertEquals(2, onGpu.get("finished").asDouble());
    double best = onCpu.get("best_values").asObject().get("validation_loss").asDouble();
    assertEquals(
        best,
        onGpu.get("best_values").asObject().get("validation_loss").asDouble(),
        TOLERANCE * best,
        "the best trial's validation loss");
    assertEquals(
        onCpu.get("test").asObject().values().keySet(),
        onGpu.get("test").asObject().values().keySet());
    if (!DeviceRun.small()) {
      DeviceRun.report("example_tune", onGpu);
    }
  }

  private static Json.Members tune(Cli cli, String device) throws Exception {
    List<String> all = new ArrayList<>();
    all.addAll(List.of("tune", EXAMPLES.resolve("tune.yaml").toString(), "--trials", "2"));
    all.addAll(List.of("--set", "train.epochs=1", "--run", "tune-" + device));
    if (DeviceRun.small()) {
      all.addAll(List.of("--set", "data.window=3", "--set", "train.batch=64"));
    }
    all.addAll(List.of("--device", device, "--json"));
    Cli.Outcome outcome = cli.run(all.toArray(String[]::new));
    assertEquals(0, outcome.status(), outcome.err());
    return Json.parse(outcome.out().strip()).asObject();
  }

  private Json.Members train(Cli cli, String example, List<String> data, String device, int epochs)
      throws Exception {
    List<String> all = new ArrayList<>();
    all.addAll(List.of("train", EXAMPLES.resolve(example + ".yaml").toString()));
    all.addAll(data);
    if (DeviceRun.small()) {
      all.addAll(List.of("--set", "model.hidden=16", "--set", "train.steps=8"));
      if (example.equals("words")) {
        all.addAll(List.of("--set", "model.embedding=16")); // as wide as what shares it
      }
      if (example.equals("reverse-digits")) { // which says nothing in as many tokens as it may
        all.addAll(List.of("--set", "model.beam=0", "--set", "model.max_tokens=3"));
      }
    }
    all.addAll(List.of("--set", "train.epochs=" + epochs, "--run", device + epochs));
    all.addAll(List.of("--device", device, "--json"));
    Cli.Outcome outcome = cli.run(all.toArray(String[]::new));
    assertEquals(0, outcome.status(), outcome.err());
    return Json.parse(outcome.out().strip()).asObject();
  }

  private static double loss(Json.Members figures) {
    return figures.get("validation_loss").asDouble();
  }

  private String series(String example) throws IOException {
    if (example.equals("reverse-digits") && DeviceRun.small()) {
      List<String> rows = Files.readAllLines(EXAMPLES.resolve(example + ".csv")).subList(0, 9);
      return Files.write(folder.resolve("few.csv"), rows).toString();
    }
    return switch (example) {
      case "etth1" -> folder.resolve("E.csv").toString();
      case "intervals", "optimizers" -> EXAMPLES.resolve("sunspots.csv").toString();
      default -> EXAMPLES.resolve(example + ".csv").toString();
    };
  }

  /** The shape of ETTh1: hours, six columns that are not the target, a daily season and noise. */
  private List<String> transformer() throws IOException {
    int rows = DeviceRun.size(14_400, 600);
    StringBuilder csv = new StringBuilder("date,HUFL,OT\n");
    Random random = new Random(3);
    LocalDateTime hour = LocalDateTime.of(2016, 7, 1, 0, 0);
    for (int i = 0; i < rows; i++) {
      double load = Math.sin(2 * Math.PI * i / 24) + 0.1 * random.nextGaussian();
      double oil = 20 + 5 * Math.sin(2 * Math.PI * (i - 3) / 24) + 0.3 * random.nextGaussian();
      csv.append(
          String.format(
              Locale.ROOT,
              "%s:00,%.4f,%.4f%n",
              hour.plusHours(i).toString().replace('T', ' '),
              load,
              oil));
    }
    Path file = Files.writeString(folder.resolve("E.csv"), csv);
    List<String> options = new ArrayList<>(List.of("--set", "data.path=" + file));
    if (DeviceRun.small()) {
      options.addAll(List.of("--set", "data.rows=600"));
      options.addAll(List.of("--set", "data.validation=160", "--set", "data.test=160"));
    }
    return options;
  }

  private Path text() throws IOException {
    String[] words = {"the", "cat", "sees", "an", "old", "man", "under", "a", "red", "door"};
    Random random = new Random(7);
    StringBuilder text = new StringBuilder();
    int length = DeviceRun.size(400_000, 6_000);
    while (text.length() < length) {
      text.append(words[random.nextInt(words.length)]);
      text.append(random.nextInt(8) == 0 ? ".\n" : " ");
    }
    return Files.writeString(folder.resolve("text.txt"), text);
  }
}
