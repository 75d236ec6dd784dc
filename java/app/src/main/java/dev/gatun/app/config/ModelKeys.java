package dev.gatun.app.config;

import dev.gatun.backend.Activation;
import dev.gatun.backend.Cell;
import dev.gatun.model.RecurrentStack;
import java.util.List;

/** The keys under {@code model:}. */
public final class ModelKeys {
  private static final int MOST_UNITS = 1 << 16;

  public static final Key<Cell> CELL =
      Key.of("model.cell", Type.oneOf(Cell.class), Cell.LSTM, "the recurrent cell")
          .knownAs("rnn", "rnn_type", "kind", "type");

  private static final int MOST_LAYERS = 64;

  public static final Key<List<Integer>> HIDDEN =
      Key.of(
              "model.hidden",
              Type.wholes(1, MOST_UNITS, MOST_LAYERS),
              List.of(128),
              "units of each recurrent layer and direction; a list: one number for each layer")
          .knownAs("hidden_size", "units", "hidden_dim", "nhid", "hidden_units");

  public static final Key<Integer> LAYERS =
      Key.of(
              "model.layers",
              Type.whole(1, MOST_LAYERS),
              1,
              "recurrent layers; where model.hidden is a list, leave it at 1")
          .knownAs("num_layers", "nlayers", "depth", "n_layers");

  public static final Key<Integer> PROJECTION =
      Key.of(
              "model.projection",
              Type.whole(0, MOST_UNITS),
              0,
              "width of an LSTM's projected state; 0: none")
          .when(CELL, Cell.LSTM)
          .knownAs("proj_size");

  public static final Key<Boolean> BIDIRECTIONAL =
      Key.of("model.bidirectional", Type.flag(), false, "each layer also runs backwards in time")
          .when(
              DataKeys.TYPE,
              DataKeys.Kind.SERIES,
              DataKeys.Kind.TRANSCRIPTS,
              DataKeys.Kind.SEQUENCES,
              DataKeys.Kind.STRINGS,
              DataKeys.Kind.PAIRS)
          .knownAs("bi");

  /** The most hypotheses or prefixes that a search keeps. */
  public static final int WIDEST = 1 << 16;

  public static final Key<Integer> BEAM =
      Key.of(
              "model.beam",
              Type.whole(0, WIDEST),
              0,
              "width of the beam that transcripts and pairs are decoded with; 0: the likeliest step alone")
          .when(DataKeys.TYPE, DataKeys.Kind.TRANSCRIPTS, DataKeys.Kind.PAIRS)
          .knownAs("beam_width", "beam_size");

  public static final Key<RecurrentStack.Merge> MERGE =
      Key.of(
              "model.merge",
              Type.oneOf(RecurrentStack.Merge.class),
              RecurrentStack.Merge.CONCAT,
              "what becomes of a layer's two directions: side by side, or their sum")
          .when(BIDIRECTIONAL, true)
          .knownAs("merge_mode");

  public static final Key<Boolean> BIAS =
      Key.of("model.bias", Type.flag(), true, "gates have biases").knownAs("use_bias");

  public static final Key<List<Double>> DROPOUT =
      Key.of(
              "model.dropout",
              Type.numbers(Interval.atLeast(0).below(1), MOST_LAYERS),
              List.of(0.0),
              "probability of zeroing an output of a recurrent layer that feeds another layer; a"
                  + " list: one for each layer but the top one")
          .knownAs("drop", "dropout_rate");

  public static final Key<Double> INPUT_DROPOUT =
      rate("input_dropout", "probability of zeroing what goes into the lowest recurrent layer")
          .knownAs("embedding_dropout", "dropout_in");

  public static final Key<Double> OUTPUT_DROPOUT =
      rate("output_dropout", "probability of zeroing what goes into the output layer")
          .knownAs("dropout_out", "final_dropout");

  public static final Key<Activation> OUTPUT_ACTIVATION =
      Key.of(
              "model.output_activation",
              Type.oneOf(Activation.class),
              Activation.IDENTITY,
              "what a forecast goes through, in scaled units")
          .when(DataKeys.TYPE, DataKeys.Kind.SERIES);

  public static final Key<Boolean> PEEPHOLE =
      Key.of("model.peephole", Type.flag(), false, "an LSTM's gates see c (Gers 2000)")
          .when(CELL, Cell.LSTM)
          .knownAs("use_peepholes", "peepholes");

  public static final Key<Double> CELL_CLIP =
      Key.of(
              "model.cell_clip",
              Type.number(Interval.atLeast(0)),
              0.0,
              "what an LSTM's c is limited to in absolute value; 0: no limit")
          .when(CELL, Cell.LSTM)
          .knownAs("state_clip", "clip_cell");

  public static final Key<Boolean> LAYER_NORM =
      Key.of(
              "model.layer_norm",
              Type.flag(),
              false,
              "products and an LSTM's c are normalised inside the cells (Ba 2016)")
          .when(CELL, Cell.LSTM, Cell.GRU)
          .knownAs("layernorm", "layer_normalization", "ln");

  public static final Key<Double> ZONEOUT_CELL =
      rate("zoneout_cell", "probability that a unit of an LSTM's c keeps its value for a step")
          .when(CELL, Cell.LSTM)
          .knownAs("zoneout_c");

  public static final Key<Double> ZONEOUT_HIDDEN =
      rate("zoneout_hidden", "probability that a unit of h keeps its value for a step")
          .knownAs("zoneout", "zoneout_h");

  public static final Key<Double> VARIATIONAL_INPUT =
      rate(
              "variational_input",
              "probability of zeroing a feature of a recurrent layer's input, in all steps alike")
          .knownAs("dropouti", "variational_dropout");

  public static final Key<Double> VARIATIONAL_HIDDEN =
      rate(
              "variational_hidden",
              "probability of zeroing a unit of h for the recurrent weights, in all steps alike")
          .knownAs("hidden_dropout");

  public static final Key<Double> RECURRENT_DROPOUT =
      rate("recurrent_dropout", "probability of zeroing a unit of the candidate, in each step anew")
          .when(CELL, Cell.LSTM, Cell.GRU);

  public static final Key<Double> DROP_CONNECT =
      rate("dropconnect", "probability of zeroing a recurrent weight for a whole batch")
          .knownAs("wdrop", "weight_drop", "weight_dropout", "drop_connect");

  static final List<Key<?>> ALL =
      List.of(
          CELL,
          HIDDEN,
          LAYERS,
          PROJECTION,
          BIDIRECTIONAL,
          MERGE,
          BEAM,
          BIAS,
          DROPOUT,
          INPUT_DROPOUT,
          OUTPUT_DROPOUT,
          OUTPUT_ACTIVATION,
          PEEPHOLE,
          CELL_CLIP,
          LAYER_NORM,
          ZONEOUT_CELL,
          ZONEOUT_HIDDEN,
          VARIATIONAL_INPUT,
          VARIATIONAL_HIDDEN,
          RECURRENT_DROPOUT,
          DROP_CONNECT);

  private static Key<Double> rate(String name, String says) {
    return Key.of("model." + name, Type.number(Interval.atLeast(0).below(1)), 0.0, says);
  }

  private ModelKeys() {}
}
