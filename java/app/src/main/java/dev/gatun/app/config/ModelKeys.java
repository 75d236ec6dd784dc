package dev.gatun.app.config;

import dev.gatun.backend.Cell;
import java.util.List;

/** The keys under {@code model:}. */
public final class ModelKeys {
  private static final int MOST_UNITS = 1 << 16;

  public static final Key<Cell> CELL =
      Key.of("model.cell", Type.oneOf(Cell.class), Cell.LSTM, "the recurrent cell")
          .knownAs("rnn", "rnn_type", "kind", "type");

  public static final Key<Integer> HIDDEN =
      Key.of(
              "model.hidden",
              Type.whole(1, MOST_UNITS),
              128,
              "units of each recurrent layer and direction")
          .knownAs("hidden_size", "units", "hidden_dim", "nhid", "hidden_units");

  public static final Key<Integer> LAYERS =
      Key.of("model.layers", Type.whole(1, 64), 1, "recurrent layers")
          .knownAs("num_layers", "nlayers", "depth", "n_layers");

  public static final Key<Integer> EMBEDDING =
      Key.of("model.embedding", Type.whole(1, MOST_UNITS), 64, "width of a character's embedding")
          .when(DataKeys.TYPE, DataKeys.Kind.TEXT)
          .knownAs("embedding_dim", "embed", "emsize", "embedding_size");

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
          .when(DataKeys.TYPE, DataKeys.Kind.SERIES)
          .knownAs("bi");

  public static final Key<Boolean> BIAS =
      Key.of("model.bias", Type.flag(), true, "gates have biases").knownAs("use_bias");

  public static final Key<Double> DROPOUT =
      Key.of(
              "model.dropout",
              Type.number(Interval.atLeast(0).below(1)),
              0.0,
              "probability of zeroing an output of a recurrent layer that feeds another layer")
          .knownAs("drop", "dropout_rate");

  static final List<Key<?>> ALL =
      List.of(CELL, HIDDEN, LAYERS, EMBEDDING, PROJECTION, BIDIRECTIONAL, BIAS, DROPOUT);

  private ModelKeys() {}
}
