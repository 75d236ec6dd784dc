package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.task.Task;
import dev.gatun.backend.Activation;
import dev.gatun.model.ActivationLayer;
import dev.gatun.model.Dropout;
import dev.gatun.model.Layer;
import dev.gatun.model.ModelSpec;
import dev.gatun.tests.cli.Cli.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Dense layers before and after the recurrent ones: each key alone, for each kind of data. */
class DenseKeysTest {
  private static final String FRAMES = "sequence,text,x\none,ab,1\none,,0\none,,2\ntwo,b,2\n";

  private static final String UNITS = "model.dense.units=[6, 5]";

  @TempDir Path folder;

  @BeforeEach
  void data() throws Exception {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Files.writeString(folder.resolve("prose.txt"), Samples.prose(80));
    Files.writeString(folder.resolve("frames.csv"), FRAMES);
    Files.writeString(folder.resolve("pairs.csv"), "source,target\nab,x\nba,yx\n");
    Files.writeString(
        folder.resolve("labels.csv"), "string,label\n" + "ab,x\nba,y\nbb,x\naa,y\n".repeat(5));
  }

  private static String yaml(String kind) {
    String data =
        switch (kind) {
          case "transcripts" -> "{type: transcripts, path: frames.csv, validation: 0}";
          case "strings" -> "{type: strings, path: labels.csv}";
          default -> "{type: pairs, path: pairs.csv, validation: 0}";
        };
    return switch (kind) {
      case "series" -> Samples.SERIES;
      case "text" -> Samples.TEXT;
      default -> "data: " + data + "\nmodel: {hidden: 8}\ntrain: {steps: 3}\n";
    };
  }

  private ModelSpec model(String kind, String... settings) throws Exception {
    Path file = Files.writeString(folder.resolve("c.yaml"), yaml(kind));
    return Task.of(Config.read(file, List.of(settings))).model();
  }

  private String error(String kind, String... settings) {
    return String.valueOf(
        assertThrows(InputException.class, () -> model(kind, settings)).getMessage());
  }

  /** H 8 or 16, two layers of 6 and 5, then O outputs from 5 instead of H. */
  @ParameterizedTest
  @CsvSource({"series, 8, 1", "text, 16, 19", "transcripts, 8, 3", "strings, 8, 2"})
  void denseLayersStandBeforeTheOutput(String kind, int hidden, int outputs) throws Exception {
    ModelSpec plain = model(kind);
    assertEquals(outputs, plain.output().width());
    ModelSpec dense = model(kind, UNITS);
    assertEquals(outputs, dense.output().width());
    int before = (hidden + 1) * outputs;
    int after = (hidden + 1) * 6 + (6 + 1) * 5 + (5 + 1) * outputs;
    assertEquals(after - before, dense.parameterCount() - plain.parameterCount());
    assertTrue(dense.toString().contains("dense1_activation"), dense.toString());
  }

  @Test
  void activationAndDropoutAreAsGiven() throws Exception {
    List<Layer> plain = layers(model("series", UNITS));
    assertEquals(Activation.RELU, ((ActivationLayer) plain.get(2)).activation());
    List<Layer> tanh = layers(model("series", UNITS, "model.dense.activation=tanh"));
    assertEquals(Activation.TANH, ((ActivationLayer) tanh.get(4)).activation());
    List<Layer> linear = layers(model("series", UNITS, "model.dense.activation=identity"));
    assertEquals(plain.size() - 2, linear.size());
    List<Layer> dropped = layers(model("series", UNITS, "model.dense.dropout=[0, 0.25]"));
    assertEquals(0.25, ((Dropout) dropped.get(dropped.size() - 2)).rate());
    assertEquals(plain.size() + 1, dropped.size());
    List<Layer> byHeart =
        layers(model("series", UNITS, "model.dense.dropout=0.5", "train.overfit=4"));
    assertEquals(plain.size(), byHeart.size(), "no dropout of what is learnt by heart");
  }

  private static List<Layer> layers(ModelSpec model) {
    return model.stages().stream().map(ModelSpec.Stage::layer).toList();
  }

  /** The recurrent layer of a GRU of 8 has 3 * 8 weights for each input: 4 instead of 1. */
  @Test
  void denseLayersInFront() throws Exception {
    long plain = model("series").parameterCount();
    ModelSpec dense = model("series", "model.input_dense.units=4");
    assertEquals(1 * 4 + 4 + 3 * 8 * (4 - 1), dense.parameterCount() - plain);
    assertEquals("input_dense0", layers(dense).getFirst().name());
    ModelSpec sigmoid = model("series", "model.input_dense={units: 4, activation: sigmoid}");
    assertEquals(Activation.SIGMOID, ((ActivationLayer) layers(sigmoid).get(1)).activation());
    assertEquals(16 * 4 + 4, frontOfText());
  }

  private long frontOfText() throws Exception {
    ModelSpec front = model("text", "model.embedding=16", "model.input_dense.units=4");
    return front.stages().get(1).parameterCount();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "series | model.dense.units=[4, 0] | give each dense layer at least 1, or 0 alone",
        "series | model.dense.units=-1 | give a whole number from 0 to 65536",
        "series | model.dense.dropout=0.5 | there is no dense layer; give model.dense.units",
        "series | model.dense={units: 4, dropout: [0.1, 0.2]} | 2 rates for 1 dense layers; give 1",
        "series | model.dense={units: 4, activation: gelu} | \"gelu\"; give one of",
        "pairs | model.dense.units=4 | only valid with data.type text or series or",
        "text | model={embedding_tied: true, dense: {units: 5}} | tied to embedding",
      })
  void whatIsWrongIsNamed(String kind, String setting, String message) {
    String said = error(kind, setting);
    assertTrue(said.contains(message), said);
  }

  private Outcome command(String... arguments) {
    Outcome outcome = InProcess.run(arguments);
    assertEquals(0, outcome.status(), outcome.err());
    return outcome;
  }

  /** Trained, checked, evaluated and used on the command line with layers on both sides. */
  @ParameterizedTest
  @CsvSource({"text", "series", "transcripts", "strings"})
  void commandsGoOn(String kind) throws Exception {
    Path file = Files.writeString(folder.resolve("c.yaml"), yaml(kind));
    List<String> settings = new ArrayList<>();
    for (String setting :
        List.of(
            UNITS,
            "model.dense.dropout=0.1",
            "model.input_dense.units=3",
            "train.steps=3",
            "model.init.linear=he-normal")) {
      settings.addAll(List.of("--set", setting));
    }
    Path run = folder.resolve("run");
    List<String> train = new ArrayList<>(List.of("train", file.toString(), "--run", "" + run));
    train.addAll(settings);
    command(train.toArray(String[]::new));
    List<String> check = new ArrayList<>(List.of("check", file.toString()));
    check.addAll(settings);
    String summary = command(check.toArray(String[]::new)).out();
    assertTrue(summary.contains("input_dense0") && summary.contains("dense1_dropout"), summary);
    command("eval", run.toString(), "--json");
    Path svg = folder.resolve("x.svg");
    command("explain", "" + run, "--what", "attributions", "--output", "" + svg);
    if (kind.equals("text")) {
      String text = command("generate", run.toString(), "--prompt", "the ", "--length", "9").out();
      assertTrue(text.strip().length() > 4, text);
    } else {
      Path input = folder.resolve(file(kind));
      command("predict", run.toString(), "--input", input.toString());
    }
  }

  private static String file(String kind) {
    return switch (kind) {
      case "series" -> "wave.csv";
      case "transcripts" -> "frames.csv";
      default -> "labels.csv";
    };
  }
}
