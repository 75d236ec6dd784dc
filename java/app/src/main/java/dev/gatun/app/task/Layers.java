package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.ConvolutionKeys;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.ReadoutKeys;
import dev.gatun.app.config.ReadoutKeys.Norm;
import dev.gatun.app.config.ReadoutKeys.Readout;
import dev.gatun.app.config.SeriesKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.Activation;
import dev.gatun.backend.AttentionSpec.Score;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.Regularization;
import dev.gatun.data.WindowData;
import dev.gatun.model.ActivationLayer;
import dev.gatun.model.AttentionPooling;
import dev.gatun.model.BatchNorm;
import dev.gatun.model.Convolution;
import dev.gatun.model.DecayLayer;
import dev.gatun.model.Dropout;
import dev.gatun.model.Layer;
import dev.gatun.model.Linear;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Pooling;
import dev.gatun.model.Recurrence;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentStack;
import dev.gatun.model.RecurrentStack.Merge;
import dev.gatun.model.Signal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** From the keys under {@code model:} to layers. */
final class Layers {
  private static final String NAME = "rnn";

  private Layers() {}

  /** A language model over a vocabulary: embedding, recurrent stack, one logit per token. */
  static ModelSpec language(Config config, int vocabulary) {
    List<Layer> layers = new ArrayList<>();
    layers.add(TokenLayers.entry(config, vocabulary));
    addRecurrent(layers, config, false);
    DenseLayers.addHidden(layers, config);
    layers.add(TokenLayers.logits(config, vocabulary));
    return ModelSpec.of(Signal.tokens(vocabulary), layers);
  }

  /** A forecaster: recurrent stack, its readout, one number per output. */
  static ModelSpec forecaster(Config config, WindowData data, int outputs) {
    List<Layer> layers = new ArrayList<>();
    boolean fades = config.get(SeriesKeys.MISSING) == SeriesKeys.Missing.DECAY;
    boolean statesFade = fades && config.get(SeriesKeys.HIDDEN_DECAY);
    if (fades) {
      DecayLayer decay = DecayLayer.of(data.means());
      layers.add(statesFade ? decay.withAges() : decay);
    }
    addRecurrent(layers, config, true);
    if (statesFade) {
      StateDecays.add(layers, config, data.spec().inputs().size());
    }
    DenseLayers.addHidden(layers, config);
    layers.add(Starts.of(config, Linear.of(outputs)));
    Activation activation = config.get(ModelKeys.OUTPUT_ACTIVATION);
    if (activation != Activation.IDENTITY) {
      layers.add(ActivationLayer.of(activation));
    }
    return ModelSpec.of(Signal.features(data.features()), layers);
  }

  /** Frames to one logit per class and step. */
  static ModelSpec aligner(Config config, int inputs, int classes) {
    List<Layer> layers = new ArrayList<>();
    addRecurrent(layers, config, false);
    DenseLayers.addHidden(layers, config);
    layers.add(Starts.of(config, Linear.of(classes)));
    return ModelSpec.of(Signal.features(inputs), layers);
  }

  /** The recurrent layers, with dropout of what goes in and of what comes out. */
  private static void addRecurrent(List<Layer> layers, Config config, boolean lastState) {
    addConvolutions(layers, config);
    DenseLayers.addInput(layers, config);
    Norm norm = config.get(ReadoutKeys.BATCH_NORM);
    if (norm == Norm.INPUT || norm == Norm.BOTH) {
      layers.add(BatchNorm.of().named("input_norm"));
    }
    addDropout(layers, config, ModelKeys.INPUT_DROPOUT);
    layers.addAll(lastState ? readout(config) : stack(config, false));
    addDropout(layers, config, ModelKeys.OUTPUT_DROPOUT);
  }

  private static void addConvolutions(List<Layer> layers, Config config) {
    DataKeys.Kind data = config.get(DataKeys.TYPE);
    if (data == DataKeys.Kind.TEXT || data == DataKeys.Kind.PAIRS) {
      return;
    }
    List<Integer> channels = config.get(ConvolutionKeys.CHANNELS);
    if (channels.equals(List.of(0))) {
      return;
    }
    Activation activation = config.get(ConvolutionKeys.ACTIVATION);
    for (int i = 0; i < channels.size(); i++) {
      if (channels.get(i) == 0) {
        throw config.error(
            ConvolutionKeys.CHANNELS, channels + "; give each convolution at least 1, or 0 alone");
      }
      int kernel = each(config, ConvolutionKeys.KERNEL, i, channels.size());
      int stride = each(config, ConvolutionKeys.STRIDE, i, channels.size());
      layers.add(
          Convolution.of(channels.get(i), kernel)
              .stride(stride)
              .padded(config.get(ConvolutionKeys.PADDING))
              .named("convolution" + i));
      if (activation != Activation.IDENTITY) {
        layers.add(ActivationLayer.of(activation).named("convolved" + i));
      }
    }
  }

  private static int each(Config config, Key<List<Integer>> key, int index, int layers) {
    List<Integer> values = config.get(key);
    if (values.size() != 1 && values.size() != layers) {
      throw config.error(
          key, "%s for %d convolutions; give 1 number, or %d".formatted(values, layers, layers));
    }
    return values.get(values.size() == 1 ? 0 : index);
  }

  private static void addDropout(List<Layer> layers, Config config, Key<Double> key) {
    double rate = config.get(TrainKeys.OVERFIT) > 0 ? 0 : config.get(key);
    if (rate > 0) {
      layers.add(Dropout.of(rate).named(key.path().substring(key.path().indexOf('.') + 1)));
    }
  }

  /** Sequences of numbers or of tokens to logits, by a readout. */
  static ModelSpec classifier(Config config, Signal input, int outputs) {
    List<Layer> layers = new ArrayList<>();
    if (input.isTokens()) {
      layers.add(TokenLayers.entry(config, input.width()));
    }
    addRecurrent(layers, config, true);
    DenseLayers.addHidden(layers, config);
    layers.add(Starts.of(config, Linear.of(outputs)));
    return ModelSpec.of(input, layers);
  }

  /** The recurrent layers and what makes one row of each sequence's steps. */
  static List<Layer> readout(Config config) {
    Readout readout = config.get(ReadoutKeys.READOUT);
    boolean last = readout == Readout.LAST || readout == Readout.LAYERS;
    List<Layer> layers = new ArrayList<>(stack(config, last));
    switch (readout) {
      case LAST -> {}
      case LAYERS -> {
        if (layers.size() > 1 || !(layers.getFirst() instanceof RecurrentLayer stack)) {
          throw config.error(
              ReadoutKeys.READOUT,
              "layers; that is for layers of one size whose directions are side by side, with"
                  + " nothing between; give last, one number for model.hidden, or model.merge:"
                  + " concat");
        }
        layers.set(0, stack.lastStates());
      }
      case MEAN -> layers.add(Pooling.mean().named("readout"));
      case MAX -> layers.add(Pooling.max().named("readout"));
      case ATTENTION -> layers.add(attention(config).named("readout"));
    }
    return layers;
  }

  /** The recurrent layers: one by one where they are normalised between. */
  private static List<Layer> stack(Config config, boolean lastState) {
    Norm norm = config.get(ReadoutKeys.BATCH_NORM);
    if (norm == Norm.NONE || norm == Norm.INPUT) {
      return List.of(recurrent(config, lastState));
    }
    List<Integer> sizes = sizes(config);
    List<Double> dropouts = dropouts(config, sizes.size());
    if (sizes.size() == 1) {
      throw config.error(
          ReadoutKeys.BATCH_NORM,
          "%s; it normalises between recurrent layers and there is one; give input, or more layers"
              .formatted(norm == Norm.BOTH ? "both" : "layers"));
    }
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < sizes.size(); i++) {
      boolean top = i == sizes.size() - 1;
      RecurrentLayer layer = layer(config, sizes.get(i), bothWays(config)).named(NAME + i);
      boolean sum = layer.stack().bidirectional() && config.get(ModelKeys.MERGE) == Merge.SUM;
      if (sum) {
        RecurrentStack added = RecurrentStack.of(NAME + i, layer).summed();
        layers.add(top && lastState ? added.lastState() : added);
      } else {
        layers.add(top && lastState ? layer.lastState() : layer);
      }
      double dropout = dropouts.get(Math.min(i, dropouts.size() - 1));
      if (!top) {
        layers.add(BatchNorm.of().named("norm" + i));
      }
      if (!top && dropout > 0) {
        layers.add(Dropout.of(dropout).named("dropout" + i));
      }
    }
    return layers;
  }

  private static AttentionPooling attention(Config config) {
    return config.get(ReadoutKeys.SCORE) == Score.DOT
        ? AttentionPooling.dot()
        : AttentionPooling.additive(config.get(ReadoutKeys.SIZE));
  }

  private static Layer recurrent(Config config, boolean lastState) {
    Recurrence layers = recurrence(config, bothWays(config));
    return lastState ? layers.lastState() : layers;
  }

  /** Layers that differ, or whose directions are added, run one by one, equal ones as one stack. */
  static Recurrence recurrence(Config config, boolean both) {
    List<Integer> sizes = sizes(config);
    List<Double> dropouts = dropouts(config, sizes.size());
    List<RecurrentLayer> layers = sizes.stream().map(size -> layer(config, size, both)).toList();
    Merge merge = both ? config.get(ModelKeys.MERGE) : Merge.CONCAT;
    if (merge == Merge.SUM
        || sizes.stream().distinct().count() > 1
        || dropouts.stream().distinct().count() > 1) {
      return new RecurrentStack(NAME, layers, dropouts, merge, false);
    }
    return layers.getFirst().stacked(sizes.size(), dropouts.getFirst());
  }

  /** The rate of dropout between layers: one, or one for each but the top one. */
  private static List<Double> dropouts(Config config, int layers) {
    if (config.get(TrainKeys.OVERFIT) > 0) {
      return List.of(0.0);
    }
    List<Double> dropouts = config.get(ModelKeys.DROPOUT);
    if (layers == 1 && dropouts.stream().anyMatch(rate -> rate > 0)) {
      throw config.error(
          ModelKeys.DROPOUT,
          "%s; it works between recurrent layers and there is one; give 0 or more layers"
              .formatted(dropouts.size() == 1 ? dropouts.getFirst() : dropouts));
    }
    if (dropouts.size() != 1 && dropouts.size() != layers - 1) {
      throw config.error(
          ModelKeys.DROPOUT,
          "%d rates for %d layers; give one for all, or a list of %d"
              .formatted(dropouts.size(), layers, layers - 1));
    }
    return dropouts;
  }

  /** The units of each layer. */
  static List<Integer> sizes(Config config) {
    List<Integer> hidden = config.get(ModelKeys.HIDDEN);
    int layers = config.get(ModelKeys.LAYERS);
    if (hidden.size() == 1) {
      return Collections.nCopies(layers, hidden.getFirst());
    }
    if (layers != 1 && layers != hidden.size()) {
      throw config.error(
          ModelKeys.LAYERS,
          "%d; model.hidden lists %d layers; remove it, or give model.hidden one number"
              .formatted(layers, hidden.size()));
    }
    return hidden;
  }

  private static boolean bothWays(Config config) {
    return config.get(DataKeys.TYPE) != DataKeys.Kind.TEXT && config.get(ModelKeys.BIDIRECTIONAL);
  }

  private static RecurrentLayer layer(Config config, int hidden, boolean both) {
    RecurrentLayer layer = oneWay(config, hidden);
    return both ? layer.bothDirections() : layer;
  }

  /** One layer in one direction. */
  private static RecurrentLayer oneWay(Config config, int hidden) {
    RecurrentLayer layer = RecurrentLayer.of(NAME, config.get(ModelKeys.CELL), hidden);
    if (!config.get(ModelKeys.BIAS)) {
      layer = layer.withoutBias();
    }
    layer = Starts.of(config, layer.regularized(regularization(config)));
    if (config.get(ModelKeys.CELL) != Cell.LSTM) {
      return layer;
    }
    return projected(config, layer.with(options(config)), hidden);
  }

  private static CellOptions options(Config config) {
    boolean peephole = config.get(ModelKeys.PEEPHOLE);
    double clip = config.get(ModelKeys.CELL_CLIP);
    if (config.get(ModelKeys.LAYER_NORM) && (peephole || clip > 0)) {
      throw config.error(
          ModelKeys.LAYER_NORM,
          "true; a cell with model.peephole or model.cell_clip is not normalised;"
              + " give one of the two");
    }
    return new CellOptions(peephole, clip);
  }

  /** What is given and the cell has. */
  private static Regularization regularization(Config config) {
    Cell cell = config.get(ModelKeys.CELL);
    boolean gated = cell == Cell.LSTM || cell == Cell.GRU;
    Regularization regularization =
        Regularization.NONE.withLayerNorm(gated && config.get(ModelKeys.LAYER_NORM));
    if (config.get(TrainKeys.OVERFIT) > 0) {
      return regularization;
    }
    return regularization
        .withZoneout(
            cell.hasCellState() ? config.get(ModelKeys.ZONEOUT_CELL) : 0,
            config.get(ModelKeys.ZONEOUT_HIDDEN))
        .withVariational(
            config.get(ModelKeys.VARIATIONAL_INPUT), config.get(ModelKeys.VARIATIONAL_HIDDEN))
        .withRecurrentDropout(gated ? config.get(ModelKeys.RECURRENT_DROPOUT) : 0)
        .withDropConnect(config.get(ModelKeys.DROP_CONNECT));
  }

  private static RecurrentLayer projected(Config config, RecurrentLayer layer, int hidden) {
    int projection = config.get(ModelKeys.PROJECTION);
    if (projection >= hidden) {
      throw config.error(
          ModelKeys.PROJECTION,
          "%d; give less than model.hidden, %d, or 0 for none".formatted(projection, hidden));
    }
    return projection > 0 ? layer.projected(projection) : layer;
  }
}
