package dev.gatun.app.config;

import dev.gatun.backend.Activation;
import java.util.List;

/** The keys of dense layers in front of the recurrent layers, and between them and the output. */
public final class DenseKeys {
  private static final int MOST_UNITS = 1 << 16;
  private static final int MOST_LAYERS = 64;

  /** The decoder of pairs has its own output layer, which its attention is part of. */
  private static final DataKeys.Kind[] DATA = {
    DataKeys.Kind.TEXT,
    DataKeys.Kind.SERIES,
    DataKeys.Kind.TRANSCRIPTS,
    DataKeys.Kind.SEQUENCES,
    DataKeys.Kind.STRINGS
  };

  public static final Key<List<Integer>> UNITS =
      units("dense", "units of each dense layer between the readout and the output; 0: none")
          .knownAs("fc", "mlp", "head", "dense_units", "fc_dims", "head_hidden");

  public static final Key<Activation> ACTIVATION =
      activation("dense", Activation.RELU).knownAs("dense_activation", "fc_activation");

  public static final Key<List<Double>> DROPOUT =
      Key.of(
              "model.dense.dropout",
              Type.numbers(Interval.atLeast(0).below(1), MOST_LAYERS),
              List.of(0.0),
              "probability of zeroing an output of these dense layers; a list: one for each")
          .when(DataKeys.TYPE, DATA)
          .knownAs("dense_dropout", "fc_dropout", "head_dropout");

  public static final Key<List<Integer>> INPUT_UNITS =
      units("input_dense", "units of each dense layer in front of the recurrent layers; 0: none")
          .knownAs("input_projection", "pre_dense", "input_layer");

  public static final Key<Activation> INPUT_ACTIVATION = activation("input_dense", Activation.RELU);

  static final List<Key<?>> ALL =
      List.of(UNITS, ACTIVATION, DROPOUT, INPUT_UNITS, INPUT_ACTIVATION);

  private static Key<List<Integer>> units(String section, String says) {
    return Key.of(
            "model." + section + ".units",
            Type.wholes(0, MOST_UNITS, MOST_LAYERS),
            List.of(0),
            says)
        .when(DataKeys.TYPE, DATA);
  }

  private static Key<Activation> activation(String section, Activation fallback) {
    return Key.of(
            "model." + section + ".activation",
            Type.oneOf(Activation.class),
            fallback,
            "what these dense layers' outputs go through")
        .when(DataKeys.TYPE, DATA);
  }

  private DenseKeys() {}
}
