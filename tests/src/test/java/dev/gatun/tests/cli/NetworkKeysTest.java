package dev.gatun.tests.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.task.Task;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.Regularization;
import dev.gatun.backend.UnfoldSpec;
import dev.gatun.model.BatchNorm;
import dev.gatun.model.Convolution;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.RecurrentLayer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The layers that keys about the network give, each key alone. */
class NetworkKeysTest {
  @TempDir Path folder;

  private ModelSpec model(String... settings) throws IOException {
    Files.writeString(folder.resolve("wave.csv"), Samples.wave(300));
    Path file = Files.writeString(folder.resolve("c.yaml"), Samples.SERIES);
    return Task.of(Config.read(file, List.of(settings))).model();
  }

  private static String layers(ModelSpec model) {
    return String.join(
        " ", model.toString().lines().map(line -> line.replaceFirst(".*-> ", "")).toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "last      | features [N, 8] features [N, 1] | 0",
        "layers    | features [N, 16] features [N, 1] | 8",
        "mean      | features [T, N, 8] features [N, 8] features [N, 1] | 0",
        "max       | features [T, N, 8] features [N, 8] features [N, 1] | 0",
        "attention | features [T, N, 8] features [N, 8] features [N, 1] | 640",
      })
  void readouts(String readout, String layers, int more) throws IOException {
    long plain = model("model.layers=2").parameterCount();
    ModelSpec model = model("model.layers=2", "model.readout=" + readout);
    assertEquals(layers, layers(model));
    assertEquals(more, model.parameterCount() - plain);
  }

  private RecurrentLayer recurrent(String... settings) throws IOException {
    return (RecurrentLayer) model(settings).stages().getFirst().layer();
  }

  /** What each key gives the cells, and nothing else. */
  @Test
  void cellsAreRegularizedAsTheirKeysSay() throws IOException {
    Regularization none = Regularization.NONE;
    Map<String, Regularization> keys =
        Map.of(
            "model.layer_norm=true", Regularization.LAYER_NORM,
            "model.zoneout_hidden=0.3", none.withZoneout(0, 0.3),
            "model.variational_input=0.3", none.withVariational(0.3, 0),
            "model.variational_hidden=0.3", none.withVariational(0, 0.3),
            "model.recurrent_dropout=0.3", none.withRecurrentDropout(0.3),
            "model.dropconnect=0.3", none.withDropConnect(0.3));
    assertEquals(none, recurrent().stack().regularization());
    for (Map.Entry<String, Regularization> key : keys.entrySet()) {
      assertEquals(key.getValue(), recurrent(key.getKey()).stack().regularization(), key::getKey);
    }
    String lstm = "model.cell=lstm";
    assertEquals(
        none.withZoneout(0.3, 0),
        recurrent(lstm, "model.zoneout_cell=0.3").stack().regularization());
    assertEquals(
        new CellOptions(true, 0), recurrent(lstm, "model.peephole=true").stack().options());
    assertEquals(new CellOptions(false, 2), recurrent(lstm, "model.cell_clip=2").stack().options());
    assertEquals(5, recurrent(lstm, "model.projection=5").stack().projectionSize());
    assertFalse(recurrent("model.bias=false").stack().bias());
    assertTrue(recurrent("model.bidirectional=true").stack().bidirectional());
  }

  @Test
  void theScoreOfAnAttention() throws IOException {
    long plain = model().parameterCount();
    String attention = "model.readout=attention";
    assertEquals(plain + 8, model(attention, "model.readout_score=dot").parameterCount());
    assertEquals(plain + 50, model(attention, "model.readout_size=5").parameterCount());
    assertTrue(
        error("model.readout_size=5").contains("only valid with model.readout_score additive"));
    assertTrue(error("model.readout=layers", "model.hidden=[8, 4]").contains("layers of one size"));
  }

  @ParameterizedTest
  @CsvSource({"input,2", "layers,16", "both,18"})
  void batchNorms(String where, int more) throws IOException {
    long plain = model("model.layers=2").parameterCount();
    ModelSpec model = model("model.layers=2", "model.batch_norm=" + where);
    assertEquals(more, model.parameterCount() - plain);
    long norms =
        model.stages().stream().filter(stage -> stage.layer() instanceof BatchNorm).count();
    assertEquals(where.equals("both") ? 2 : 1, norms);
    String one = where.equals("input") ? "input_norm: features [T, N, 1]" : "norm0: features [T";
    assertTrue(model.toString().contains(one), model.toString());
  }

  @Test
  void batchNormBetweenNeedsTwoLayers() {
    assertTrue(error("model.batch_norm=layers").contains("there is one; give input, or more"));
    assertTrue(
        error("model.batch_norm=layers", "model.layers=2", "model.readout=layers")
            .contains("nothing between"));
  }

  @Test
  void convolutionsInFront() throws IOException {
    String channels = "model.convolution.channels=[5, 6]";
    ModelSpec model =
        model(
            channels,
            "model.convolution.kernel=[3, 4]",
            "model.convolution.stride=2",
            "model.convolution.padding=causal",
            "model.convolution.activation=identity");
    assertEquals(
        "features [T, N, 5] features [T, N, 6] features [N, 8] features [N, 1]", layers(model));
    assertEquals(3 * 5 + 5, model.stages().getFirst().parameterCount());
    assertEquals(4 * 5 * 6 + 6, model.stages().get(1).parameterCount());
    Convolution first = (Convolution) model.stages().getFirst().layer();
    assertEquals(new UnfoldSpec(3, 2, UnfoldSpec.Padding.CAUSAL), first.windows());
    assertTrue(layers(model(channels)).startsWith("features [T, N, 5] features [T, N, 5] "));
    assertTrue(
        error(channels, "model.convolution.kernel=[3, 4, 5]").contains("give 1 number, or 2"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"kernel=5", "stride=2", "padding=causal", "activation=tanh"})
  void aTextHasNoConvolution(String setting) throws IOException {
    Path file = Files.writeString(folder.resolve("t.yaml"), Samples.TEXT);
    List<String> settings = List.of("model.convolution." + setting);
    String message =
        String.valueOf(
            assertThrows(InputException.class, () -> Config.read(file, settings)).getMessage());
    assertTrue(message.contains("only valid with data.type series"), message);
  }

  private String error(String... settings) {
    return String.valueOf(assertThrows(InputException.class, () -> model(settings)).getMessage());
  }
}
