package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.UpdateKeys;
import dev.gatun.backend.Cell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What configurations are read as, and what is said about wrong ones. */
class ConfigTest {
  @TempDir Path folder;

  private Config read(String yaml, String... overrides) throws IOException {
    Path file = Files.writeString(folder.resolve("c.yaml"), yaml);
    return Config.read(file, List.of(overrides));
  }

  private String error(String yaml, String... overrides) {
    InputException e = assertThrows(InputException.class, () -> read(yaml, overrides));
    return e.getMessage().replace(folder.resolve("c.yaml").toString(), "c.yaml");
  }

  private static final String DATA = "data: {type: text, path: a.txt}\n";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'model:\n  hiden: 3'       | c.yaml:3: model.hiden: unknown key; did you mean model.hidden?",
        "'model:\n  hidden_size: 3' | c.yaml:3: model.hidden_size: unknown key; did you mean model.hidden?",
        "'train:\n  learning_rate: 3' | c.yaml:3: train.learning_rate: unknown key; did you mean train.rate?",
        "'train:\n  hidden: 3'      | c.yaml:3: train.hidden: unknown key; did you mean model.hidden?",
        "'modle:\n  hidden: 3'      | c.yaml:2: modle: unknown key; did you mean model?",
        "'model: 3'                 | 'c.yaml:2: model: is a section, not \"3\"; its keys are cell'",
        "'model:\n  hidden: big'    | 'c.yaml:3: model.hidden: \"big\"; give a whole number from 1 to 65536'",
        "'model:\n  hidden: 0'      | 'c.yaml:3: model.hidden: \"0\"; give a whole number from 1 to 65536'",
        "'model:\n  hidden: 2.5'    | 'c.yaml:3: model.hidden: \"2.5\"; give a whole number'",
        "'model:\n  hidden: [1, x]' | 'c.yaml:3: model.hidden: [1, x]; give a whole number'",
        "'model:\n  hidden: []'     | 'c.yaml:3: model.hidden: []; give a whole number'",
        "'model: {merge: sum}'      | 'c.yaml:2: model.merge: only valid with model.bidirectional true; remove it'",
        "'model:\n  hidden:'        | 'c.yaml:3: model.hidden: nothing; give a whole number'",
        "'model:\n\n  dropout: 1'   | 'c.yaml:4: model.dropout: \"1\"; give a number at least 0 and below 1'",
        "'train: {rate: -1}'        | 'c.yaml:2: train.rate: \"-1\"; give a number above 0'",
        "'train: {rate: .nan}'      | 'c.yaml:2: train.rate: \".nan\"; give a number above 0'",
        "'model: {bias: 1}'         | 'c.yaml:2: model.bias: \"1\"; give true or false'",
        "'model: {cell: lstn}'      | 'c.yaml:2: model.cell: \"lstn\"; give one of lstm, gru, gru-reset-before, tanh, relu, sigmoid, softmax, leaky-relu, elu, identity'",
        "'model:\n  hidden: 1\n  hidden: 2' | 'c.yaml:4: hidden: given twice, first at c.yaml:3; keep one'",
        "'model: {cell: gru, projection: 3}' | c.yaml:2: model.projection: only valid with model.cell lstm; remove it",
        "'model: {cell: gru, zoneout_cell: 0.1}' | c.yaml:2: model.zoneout_cell: only valid with model.cell lstm; remove it",
        "'model: {cell: tanh, layer_norm: true}' | c.yaml:2: model.layer_norm: only valid with model.cell lstm or gru; remove it",
        "'model: {cell: gru, peephole: true}' | c.yaml:2: model.peephole: only valid with model.cell lstm; remove it",
        "'model: {use_peepholes: true}' | c.yaml:2: model.use_peepholes: unknown key; did you mean model.peephole?",
        "'model: {cell_clip: -1}'   | 'c.yaml:2: model.cell_clip: \"-1\"; give a number at least 0'",
        "'model: {cell: relu, recurrent_dropout: 0.1}' | c.yaml:2: model.recurrent_dropout: only valid with model.cell lstm or gru",
        "'model: {variational_hidden: 1}' | 'c.yaml:2: model.variational_hidden: \"1\"; give a number at least 0 and below 1'",
        "'model: {weight_drop: 0.5}' | c.yaml:2: model.weight_drop: unknown key; did you mean model.dropconnect?",
        "'model: [1, 2'             | c.yaml:",
        "'model: &a {hidden: 1}\ntrain: *a' | c.yaml:3: aliases",
      })
  void saysWhereWhatAndWhatWouldBeRight(String yaml, String message) {
    String said = error(DATA + yaml);
    assertTrue(said.startsWith(message), said);
  }

  @Test
  void listsTheValidKeys() {
    assertTrue(
        error(DATA + "train:\n  optimizer:\n    nam: sgd")
            .contains("valid keys in train.optimizer: name, "));
  }

  @Test
  void namesWhatIsMissing() {
    assertTrue(error("model: {hidden: 3}").startsWith("c.yaml: data.type: missing; give"));
    assertTrue(error("data: {type: text}").startsWith("c.yaml: data.path: missing; give"));
    assertTrue(error("").startsWith("c.yaml: holds nothing"));
    InputException e =
        assertThrows(
            InputException.class, () -> Config.read(folder.resolve("none.yaml"), List.of()));
    assertEquals(
        folder.resolve("none.yaml") + ": no such file; give the path of a YAML file",
        e.getMessage());
  }

  @Test
  void refusesKeysOfAnotherKindOfData() {
    assertEquals(
        "c.yaml:1: data.window: only valid with data.type series; remove it",
        error("data: {type: text, path: a, window: 3}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.hiden=3", "model.hidden=x", "model.hidden", "=3", "train=3"})
  void checksOverridesAlike(String override) {
    assertTrue(error(DATA, override).startsWith("--set"), error(DATA, override));
  }

  @Test
  void overridesWinAndAreTyped() throws IOException {
    Config config =
        read(
            DATA + "model: {hidden: 3}",
            "model.hidden=4",
            "model.hidden=5",
            "train.optimizer=sgd",
            "train.optimizer.momentum=0.5",
            "train.rate=1e-2");
    assertEquals(List.of(5), config.get(ModelKeys.HIDDEN));
    assertEquals(UpdateKeys.Optimizers.SGD, config.get(UpdateKeys.OPTIMIZER));
    assertEquals(0.5, config.get(UpdateKeys.MOMENTUM));
    assertEquals(0.01, config.get(TrainKeys.RATE));
  }

  @Test
  void pathsCountFromTheFileButOverridesFromTheFolderOfTheCommand() throws IOException {
    assertEquals(folder.resolve("a.txt"), read(DATA).get(DataKeys.PATH));
    assertEquals(
        Path.of("b.txt").toAbsolutePath(), read(DATA, "data.path=b.txt").get(DataKeys.PATH));
  }

  @Test
  void readsBackWhatItWrites() throws IOException {
    Config series =
        read(
            """
            data:
              type: series
              path: "a b.csv"
              targets: ["it's \\"x\\"", y: z]
              inputs: [p]
            model: {cell: gru-reset-before, dropout: 0.25, layers: 2}
            train: {optimizer: {name: adamw, beta2: 0.99}, schedule: cosine, seed: -7}
            """
                .replace("y: z", "\"y: z\""));
    Path written = Files.writeString(folder.resolve("w.yaml"), series.toYaml());
    Config again = Config.read(written, List.of());
    assertEquals(series.toYaml(), again.toYaml());
    assertEquals(List.of(), again.changesFrom(series));
    assertEquals(List.of("it's \"x\"", "y: z"), again.get(DataKeys.TARGETS));
    assertEquals(Cell.GRU_RESET_BEFORE, again.get(ModelKeys.CELL));
    assertEquals(-7L, again.get(TrainKeys.SEED));
  }

  @Test
  void namesWhatChangedButForThreads() throws IOException {
    Config before = read(DATA);
    assertEquals(
        List.of(
            "model.hidden: 7, was 128",
            "train.schedule.name: cosine, was constant",
            "train.schedule.floor: 0, was absent"),
        read(DATA, "model.hidden=7", "train.schedule=cosine", "train.threads=1")
            .changesFrom(before));
  }

  @ParameterizedTest
  @ValueSource(strings = {"sunspots.yaml", "text.yaml", "words.yaml", "etth1.yaml"})
  void readsTheExamples(String name) {
    Path examples = Path.of(System.getProperty("gatun.root")).resolve("examples");
    Config config = Config.read(examples.resolve(name), List.of());
    assertTrue(config.get(TrainKeys.EPOCHS) > 0);
  }
}
