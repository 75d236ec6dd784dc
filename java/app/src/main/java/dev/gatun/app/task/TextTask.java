package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.EmbeddingKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.WeightType;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Range;
import dev.gatun.data.Split;
import dev.gatun.data.TokenSource;
import dev.gatun.data.Tokenizer;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.train.Evaluator;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** A language model over the characters, words or byte pairs of one text. */
public final class TextTask implements Task {
  private static final String VOCABULARY = "vocabulary";

  private final Config config;
  private final TextParts parts;
  private final ModelSpec model;

  private TextTask(Config config, TextParts parts) {
    this.config = config;
    this.parts = parts;
    model = Layers.language(config, parts.tokenizer().size());
  }

  /**
   * Reads a text.
   *
   * @param file UTF-8
   * @param stored a checkpoint's strings; without a vocabulary the text's own is taken
   * @throws InputException if the file is no text, empty, or has characters the vocabulary lacks
   */
  static TextTask load(Config config, Path file, Map<String, String> stored) {
    Tokenizer known = stored.containsKey(VOCABULARY) ? tokenizer(stored) : null;
    return new TextTask(config, TextParts.load(config, file, known));
  }

  /** Another text, wholly to be measured on. */
  public static TextTask of(Config config, Path file, Map<String, String> stored) {
    return new TextTask(config, TextParts.whole(file, tokenizer(stored)));
  }

  /** The vocabulary that a checkpoint keeps. */
  public static Tokenizer tokenizer(Map<String, String> stored) {
    return Tokenizer.fromJson(Learnt.stored(stored, VOCABULARY, "it is not a language model's"));
  }

  /** The layers of a language model with a vocabulary, without any text. */
  public static ModelSpec model(Config config, Tokenizer vocabulary) {
    return Layers.language(config, vocabulary.size());
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
    return source(split().training());
  }

  @Override
  public BatchSource overfitting(int examples) {
    int time = config.get(TrainKeys.TIME_STEPS);
    int all = Math.max(1, Math.ceilDiv(split().training().size() - 1, time));
    Task.checkOverfit(config, all);
    int size = (int) Math.min((long) examples * time + 1, split().training().size());
    int streams = Math.clamp(size - 1, 1, Math.min(examples, config.get(TrainKeys.BATCH)));
    return new TokenSource(parts.tokens(), new Range(0, size), time, streams);
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
          parts.tokens(), range, time, config.get(TrainKeys.BATCH), advance == 0 ? time : advance);
    } catch (IllegalArgumentException e) {
      throw config.error(TrainKeys.BATCH, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public @Nullable BatchSource validation() {
    return split().validation().size() < 2 ? null : evaluation(split().validation());
  }

  @Override
  public BatchSource measuring(Range part) {
    return evaluation(part);
  }

  @Override
  public String token(int id) {
    return tokenizer().decode(id);
  }

  private BatchSource evaluation(Range range) {
    return TokenSource.evaluation(
        parts.tokens(), range, config.get(TrainKeys.TIME_STEPS), config.get(TrainKeys.BATCH));
  }

  @Override
  public Split split() {
    return parts.split();
  }

  @Override
  public String unit() {
    return parts.tokenizer().unit();
  }

  @Override
  public int stepsPerTarget() {
    return 1;
  }

  /** How text and tokens become one another. */
  public Tokenizer tokenizer() {
    return parts.tokenizer();
  }

  /** The table of its embedding. */
  TokenTable table() {
    Range training = split().training();
    int[] tokens = Arrays.copyOfRange(parts.tokens(), training.from(), training.to());
    return new TokenTable(
        "embedding.weight",
        tokenizer().tokens(),
        List.of(tokens),
        EmbeddingKeys.VECTORS,
        config.get(EmbeddingKeys.PADDING),
        "");
  }

  @Override
  public Map<String, String> strings() {
    return Map.of(VOCABULARY, tokenizer().toJson().print());
  }

  @Override
  public SequencedMap<String, Double> measure(Model trained, Range part, WeightType weights) {
    if (part.size() < 2) {
      throw new InputException("%d %s are too few to measure on".formatted(part.size(), unit()));
    }
    // Perplexity is of the text as it is, not of smoothed targets.
    Loss plain = new SoftmaxCrossEntropy();
    try (BatchSource source = evaluation(part);
        Evaluator evaluator = new Evaluator(trained, plain, source, weights)) {
      double nats = evaluator.loss();
      SequencedMap<String, Double> measures = new LinkedHashMap<>();
      measures.put("loss", nats);
      measures.put("perplexity", Math.exp(nats));
      double bits = nats / Math.log(2);
      measures.put("bits_per_character", bits / parts.charactersPerToken(part));
      measures.put("bits_per_byte", bits / parts.bytesPerToken(part));
      return measures;
    }
  }

  @Override
  public SequencedMap<String, Double> validationMeasures(double loss) {
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    // Of smoothed targets the loss says nothing about the text as it is.
    Range part = split().validation();
    if (config.get(TrainKeys.SMOOTHING) == 0 && part.size() > 0) {
      measures.put("validation_perplexity", Math.exp(loss));
      double bits = loss / Math.log(2);
      measures.put("validation_bits_per_character", bits / parts.charactersPerToken(part));
    }
    return measures;
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    return String.format(
        Locale.ROOT,
        "%s nats per %s, perplexity %s, %s bits per character",
        Numbers.shown(measures.getOrDefault("loss", Double.NaN)),
        unit().substring(0, unit().length() - 1),
        Numbers.shown(measures.getOrDefault("perplexity", Double.NaN)),
        Numbers.shown(measures.getOrDefault("bits_per_character", Double.NaN)));
  }
}
