package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.WeightType;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Range;
import dev.gatun.data.Split;
import dev.gatun.data.TokenSource;
import dev.gatun.data.Vocabulary;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import dev.gatun.train.Evaluator;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** A language model over the characters of one text. */
public final class TextTask implements Task {
  private static final String VOCABULARY = "vocabulary";

  /** Some editors begin UTF-8 files with it; it is no part of the text. */
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final Config config;
  private final Vocabulary vocabulary;
  private final int[] tokens;
  private final Split split;
  private final ModelSpec model;

  private TextTask(Config config, Vocabulary vocabulary, int[] tokens, Split split) {
    this.config = config;
    this.vocabulary = vocabulary;
    this.tokens = tokens;
    this.split = split;
    model = Layers.language(config, vocabulary.size());
  }

  /**
   * Reads a text.
   *
   * @param file UTF-8
   * @param stored a checkpoint's strings; without a vocabulary the text's own is taken
   * @throws InputException if the file is no text, empty, or has characters the vocabulary lacks
   */
  static TextTask load(Config config, Path file, Map<String, String> stored) {
    String text = read(file);
    Vocabulary vocabulary =
        stored.containsKey(VOCABULARY) ? vocabulary(stored) : Vocabulary.of(text);
    int[] tokens = encode(file, text, vocabulary);
    Split split = Task.split(config, tokens.length);
    checkMeasurable(config, DataKeys.VALIDATION, split.validation());
    checkMeasurable(config, DataKeys.TEST, split.test());
    return new TextTask(config, vocabulary, tokens, split);
  }

  /** The next character is what is measured, so that one character alone has nothing. */
  private static void checkMeasurable(Config config, Key<Double> key, Range part) {
    if (part.size() == 1) {
      throw config.error(
          key, "comes to 1 character, and measuring needs 2; give more, or 0 for no such part");
    }
  }

  /** Another text, wholly to be measured on. */
  public static TextTask of(Config config, Path file, Map<String, String> stored) {
    Vocabulary vocabulary = vocabulary(stored);
    int[] tokens = encode(file, read(file), vocabulary);
    return new TextTask(
        config, vocabulary, tokens, Split.counts(tokens.length, tokens.length, 0, 0));
  }

  /** The vocabulary that a checkpoint keeps. */
  public static Vocabulary vocabulary(Map<String, String> stored) {
    String json = stored.get(VOCABULARY);
    if (json == null) {
      throw new FormatException("the checkpoint keeps no vocabulary: it is not a language model's");
    }
    return Vocabulary.fromJson(Json.parse(json));
  }

  /** The layers of a language model with a vocabulary, without any text. */
  public static ModelSpec model(Config config, Vocabulary vocabulary) {
    return Layers.language(config, vocabulary.size());
  }

  private static String read(Path file) {
    try {
      String text = Files.readString(file);
      if (text.startsWith(BYTE_ORDER_MARK)) {
        text = text.substring(BYTE_ORDER_MARK.length());
      }
      if (text.isEmpty()) {
        throw new InputException(file + ": empty; give some text");
      }
      return text;
    } catch (CharacterCodingException e) {
      throw new InputException(file + ": not UTF-8 text; convert it, as with iconv -t UTF-8", e);
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static int[] encode(Path file, String text, Vocabulary vocabulary) {
    try {
      return vocabulary.encode(text);
    } catch (IllegalArgumentException e) {
      throw new InputException(file + ": " + e.getMessage(), e);
    }
  }

  @Override
  public ModelSpec model() {
    return model;
  }

  @Override
  public Loss loss() {
    return new SoftmaxCrossEntropy().smoothed(config.get(TrainKeys.SMOOTHING));
  }

  @Override
  public BatchSource training() {
    return source(split.training());
  }

  @Override
  public BatchSource overfitting(int examples) {
    int time = config.get(TrainKeys.TIME_STEPS);
    int all = Math.max(1, Math.ceilDiv(split.training().size() - 1, time));
    Task.checkOverfit(config, all);
    int size = (int) Math.min((long) examples * time + 1, split.training().size());
    int streams = Math.clamp(size - 1, 1, Math.min(examples, config.get(TrainKeys.BATCH)));
    return new TokenSource(tokens, new Range(0, size), time, streams);
  }

  private BatchSource source(Range range) {
    int time = config.get(TrainKeys.TIME_STEPS);
    int advance = config.get(TrainKeys.ADVANCE);
    if (advance > time) {
      throw config.error(
          TrainKeys.ADVANCE, "%d; give at most train.time_steps, %d".formatted(advance, time));
    }
    try {
      return new TokenSource(
          tokens, range, time, config.get(TrainKeys.BATCH), advance == 0 ? time : advance);
    } catch (IllegalArgumentException e) {
      throw config.error(TrainKeys.BATCH, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public @Nullable BatchSource validation() {
    return split.validation().size() < 2 ? null : evaluation(split.validation());
  }

  private BatchSource evaluation(Range range) {
    return TokenSource.evaluation(
        tokens, range, config.get(TrainKeys.TIME_STEPS), config.get(TrainKeys.BATCH));
  }

  @Override
  public Split split() {
    return split;
  }

  @Override
  public String unit() {
    return "characters";
  }

  @Override
  public int stepsPerTarget() {
    return 1;
  }

  /** The characters. */
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public Map<String, String> strings() {
    return Map.of(VOCABULARY, vocabulary.toJson().print());
  }

  @Override
  public SequencedMap<String, Double> measure(Model trained, Range part, WeightType weights) {
    if (part.size() < 2) {
      throw new InputException("%d characters are too few to measure on".formatted(part.size()));
    }
    // Perplexity is of the text as it is, not of smoothed targets.
    Loss plain = new SoftmaxCrossEntropy();
    try (BatchSource source = evaluation(part);
        Evaluator evaluator = new Evaluator(trained, plain, source, weights)) {
      double nats = evaluator.loss();
      SequencedMap<String, Double> measures = new LinkedHashMap<>();
      measures.put("loss", nats);
      measures.put("perplexity", Math.exp(nats));
      measures.put("bits_per_character", nats / Math.log(2));
      return measures;
    }
  }

  @Override
  public SequencedMap<String, Double> validationMeasures(double loss) {
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    // Of smoothed targets the loss says nothing about the text as it is.
    if (config.get(TrainKeys.SMOOTHING) == 0) {
      measures.put("validation_perplexity", Math.exp(loss));
      measures.put("validation_bits_per_character", loss / Math.log(2));
    }
    return measures;
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    return String.format(
        Locale.ROOT,
        "%s nats per character, perplexity %s, %s bits per character",
        Numbers.shown(measures.getOrDefault("loss", Double.NaN)),
        Numbers.shown(measures.getOrDefault("perplexity", Double.NaN)),
        Numbers.shown(measures.getOrDefault("bits_per_character", Double.NaN)));
  }
}
