package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InitialKeys;
import dev.gatun.app.config.InitialKeys.Start;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.backend.Activation;
import dev.gatun.backend.Cell;
import dev.gatun.model.Embedding;
import dev.gatun.model.Initializer;
import dev.gatun.model.Initializers;
import dev.gatun.model.Linear;
import dev.gatun.model.RecurrentLayer;
import dev.gatun.model.RecurrentLayer.InitialWeights;
import org.jspecify.annotations.Nullable;

/** From the keys under {@code model.init:} to how layers start, where that needs no data. */
final class Starts {
  private Starts() {}

  /** A recurrent layer's, each gate by itself. */
  static RecurrentLayer of(Config config, RecurrentLayer layer) {
    Cell cell = layer.stack().cell();
    Activation activation =
        switch (cell) {
          case RELU -> Activation.RELU;
          case TANH -> Activation.TANH;
          default -> Activation.IDENTITY; // gates: their sigmoids' gain is 1
        };
    boolean lstm = cell == Cell.LSTM;
    double forget = lstm ? config.get(InitialKeys.FORGET_BIAS) : -1;
    if (forget != -1 && !config.get(ModelKeys.BIAS)) {
      throw config.error(
          InitialKeys.FORGET_BIAS, forget + "; it is one of the biases, and model.bias is false");
    }
    return layer.initialized(
        new InitialWeights(
            perGate(cell, initializer(config, InitialKeys.INPUT, activation)),
            perGate(cell, initializer(config, InitialKeys.RECURRENT, activation)),
            initializer(config, InitialKeys.BIAS, activation),
            forget == -1 ? null : forget));
  }

  private static @Nullable Initializer perGate(Cell cell, @Nullable Initializer each) {
    return each == null ? null : Initializers.perGate(cell.gates(), each);
  }

  /** An output layer's. */
  static Linear of(Config config, Linear layer) {
    return of(config, layer, Activation.IDENTITY);
  }

  /** A dense layer's whose outputs go through an activation. */
  static Linear of(Config config, Linear layer, Activation activation) {
    Initializer weights = initializer(config, InitialKeys.LINEAR, activation);
    if (weights == null) {
      return layer;
    }
    if (layer.tied() != null) {
      throw config.error(
          InitialKeys.LINEAR,
          "given, and with model.embedding_tied the weights are the embedding's;"
              + " remove it, or give model.init.embedding");
    }
    return layer.initialized(weights);
  }

  /**
   * An embedding's: normal(0, 1) as PyTorch has it, or where the output layer shares it of variance
   * 1 / E, so that the first logits are of size 1.
   */
  static Embedding of(Config config, Embedding layer, boolean tied) {
    Initializer rows = initializer(config, InitialKeys.EMBEDDING, Activation.IDENTITY);
    if (rows == null && tied) {
      return layer.initialized(Initializers.normal(0, 1 / Math.sqrt(layer.size())));
    }
    return rows == null ? layer : layer.initialized(rows);
  }

  /** Null for the default, and for what is learnt from data later. */
  private static @Nullable Initializer initializer(
      Config config, Key<Start> group, Activation activation) {
    double given = config.get(InitialKeys.GAIN);
    double byActivation = given > 0 ? given : Initializers.gain(activation);
    double gain = gain(config);
    return switch (config.get(group)) {
      case DEFAULT, PCA, KMEANS, WORD2VEC -> null;
      case ZEROS -> Initializers.constant(0);
      case CONSTANT -> Initializers.constant(config.get(InitialKeys.CONSTANT));
      case UNIFORM -> Initializers.uniform(config.get(InitialKeys.BOUND));
      case NORMAL -> Initializers.normal(0, config.get(InitialKeys.DEVIATION));
      case SMALL_NORMAL -> Initializers.normal(0, config.get(InitialKeys.FACTOR));
      case XAVIER_UNIFORM -> Initializers.xavierUniform(byActivation);
      case XAVIER_NORMAL -> Initializers.xavierNormal(byActivation);
      case HE_UNIFORM -> Initializers.heUniform(byActivation);
      case HE_NORMAL -> Initializers.heNormal(byActivation);
      case ORTHOGONAL -> Initializers.orthogonal(gain);
      case SVD -> Initializers.svd(gain);
      case IDENTITY -> Initializers.identity(gain);
    };
  }

  /** The gain of what has none by its activation. */
  static double gain(Config config) {
    double given = config.get(InitialKeys.GAIN);
    return given > 0 ? given : 1;
  }

  /** How many gates the recurrent layers have. */
  static int gates(Config config) {
    return config.get(ModelKeys.CELL).gates();
  }
}
