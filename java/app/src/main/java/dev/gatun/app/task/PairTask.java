package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.PairKeys;
import dev.gatun.app.config.TokenKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.WeightType;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.data.Range;
import dev.gatun.data.Split;
import dev.gatun.data.Tokenizer;
import dev.gatun.data.Vocabulary;
import dev.gatun.metric.TextErrors;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.SequenceDecoder;
import dev.gatun.model.SequenceDecoder.Hypothesis;
import dev.gatun.model.SequenceDecoder.Search;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import dev.gatun.train.Evaluator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Texts that become others: an encoder reads, a decoder says. */
public final class PairTask implements Task {
  private static final String SOURCE = "source_vocabulary";
  private static final String TARGET = "target_vocabulary";

  private final Config config;
  private final Pairs data;
  private final Tokenizer source;
  private final Tokenizer target;
  private final Split split;
  private final ModelSpec model;

  private PairTask(Config config, Pairs data, Tokenizer source, Tokenizer target, Split split) {
    this.config = config;
    this.data = data;
    this.source = source;
    this.target = target;
    this.split = split;
    model = PairLayers.translator(config, source.size(), target.size());
  }

  /**
   * Reads pairs.
   *
   * @param stored a checkpoint's strings; without them tokens are those of the training part
   */
  static PairTask load(Config config, Path file, Map<String, String> stored) {
    Pairs data = Pairs.read(config, file, true);
    Split split = Task.split(config, data.sources().size());
    boolean trained = stored.containsKey(SOURCE);
    Range training = split.training();
    return new PairTask(
        config,
        data,
        trained ? stored(stored, SOURCE) : learn(config, file, data.sources(), training),
        trained ? stored(stored, TARGET) : learn(config, file, data.targets(), training),
        split);
  }

  /** Other pairs, wholly to be measured on. */
  public static PairTask of(Config config, Path file, Map<String, String> stored) {
    return of(config, Pairs.read(config, file, true), stored);
  }

  /** Sources alone, to be translated. */
  public static PairTask sources(Config config, Path file, Map<String, String> stored) {
    return of(config, Pairs.read(config, file, false), stored);
  }

  private static PairTask of(Config config, Pairs data, Map<String, String> stored) {
    int size = data.sources().size();
    Split split = Split.counts(size, size, 0, 0);
    return new PairTask(config, data, stored(stored, SOURCE), stored(stored, TARGET), split);
  }

  private static Tokenizer learn(Config config, Path file, List<String> texts, Range part) {
    String all = String.join(" ", texts.subList(part.from(), part.to()));
    if (all.isBlank()) {
      throw new InputException(file + ": every target is empty; give some text");
    }
    if (config.get(TokenKeys.TOKENS) == TokenKeys.Kind.CHARACTERS) {
      return Vocabulary.of(String.join("", texts.subList(part.from(), part.to()))).withUnknown();
    }
    return TextParts.learn(config, all);
  }

  private static Tokenizer stored(Map<String, String> stored, String name) {
    String json = stored.get(name);
    if (json == null) {
      throw new FormatException("the checkpoint keeps no " + name + ": it is of other data");
    }
    return Tokenizer.fromJson(Json.parse(json));
  }

  @Override
  public ModelSpec model() {
    return model;
  }

  @Override
  public Loss loss() {
    return new SoftmaxCrossEntropy().smoothed(config.get(TrainKeys.SMOOTHING));
  }

  private Examples examples(Range part) {
    int[][] x = new int[part.size()][];
    int[][] y = new int[part.size()][];
    for (int i = 0; i < x.length; i++) {
      x[i] = source.encode(data.sources().get(part.from() + i));
      int[] ids =
          data.targets().isEmpty()
              ? new int[0]
              : target.encode(data.targets().get(part.from() + i));
      y[i] = IntStream.of(ids).map(id -> id + 1).toArray();
    }
    return Examples.tokens(x).decoded(y);
  }

  @Override
  public BatchSource training() {
    return ArraySource.shuffled(
        examples(split.training()), config.get(TrainKeys.BATCH), config.get(TrainKeys.SEED));
  }

  @Override
  public BatchSource overfitting(int count) {
    Task.checkOverfit(config, split.training().size());
    return ArraySource.sequential(examples(new Range(0, count)), config.get(TrainKeys.BATCH));
  }

  @Override
  public @Nullable BatchSource validation() {
    return split.validation().size() == 0 ? null : evaluation(split.validation());
  }

  @Override
  public BatchSource measuring(Range part) {
    return evaluation(part);
  }

  @Override
  public String token(int id) {
    return source.decode(id);
  }

  private ArraySource evaluation(Range part) {
    return ArraySource.sequential(examples(part), config.get(TrainKeys.BATCH));
  }

  @Override
  public Split split() {
    return split;
  }

  @Override
  public String unit() {
    return "tokens";
  }

  @Override
  public String countedIn() {
    return "pairs";
  }

  @Override
  public int stepsPerTarget() {
    return 1;
  }

  /** What is read, in order. */
  public List<String> sources() {
    return data.sources();
  }

  /** The tokens that are read. */
  public Tokenizer sourceVocabulary() {
    return source;
  }

  /** The tokens that are said. */
  public Tokenizer targetVocabulary() {
    return target;
  }

  @Override
  public Map<String, String> strings() {
    return Map.of(SOURCE, source.toJson().print(), TARGET, target.toJson().print());
  }

  /**
   * What a model says to each source, in their order.
   *
   * @param beam hypotheses that are kept; 0: greedy
   */
  public List<String> translate(Model trained, int beam) {
    return translate(trained, split.training(), beam, WeightType.FLOAT32);
  }

  private List<String> translate(Model trained, Range part, int beam, WeightType weights) {
    List<String> said = new ArrayList<>();
    ArraySource batches = evaluation(part);
    Search search = search(beam, batches.maxTime());
    try (Batch batch = batches.newBatch();
        SequenceDecoder decoder =
            new SequenceDecoder(trained, batches.maxTime(), batches.maxBatch(), search, weights)) {
      for (int i = 0; i < batches.batches(0); i++) {
        batches.fill(0, i, batch);
        for (List<Hypothesis> found : decoder.decode(batch)) {
          said.add(text(found.getFirst().tokens()));
        }
      }
    }
    return said;
  }

  private Search search(int beam, int longest) {
    int most = config.get(PairKeys.MAX_TOKENS);
    int cut = most > 0 ? most : 2 * longest + 10;
    return new Search(Math.max(1, beam), cut, config.get(PairKeys.LENGTH_PENALTY));
  }

  /**
   * What a model says to one source, by the configuration's search.
   *
   * @param tokens of the source
   */
  public Hypothesis best(Model trained, int[] tokens) {
    Examples one = Examples.tokens(new int[][] {tokens}).decoded(new int[1][0]);
    ArraySource source = ArraySource.sequential(one, 1);
    Search search = search(config.get(ModelKeys.BEAM), tokens.length);
    try (Batch batch = source.newBatch();
        SequenceDecoder decoder = new SequenceDecoder(trained, source.maxTime(), 1, search)) {
      source.fill(0, 0, batch);
      return decoder.decode(batch).getFirst().getFirst();
    }
  }

  /** What a token that a model has said stands for. */
  public String targetToken(int said) {
    return target.decode(said - 1);
  }

  private String text(List<Integer> tokens) {
    return target.decode(tokens.stream().mapToInt(token -> token - 1).toArray());
  }

  @Override
  public SequencedMap<String, Double> measure(Model trained, Range part, WeightType weights) {
    // Perplexity is of the texts as they are, not of smoothed targets.
    try (BatchSource pairs = evaluation(part);
        Evaluator evaluator = new Evaluator(trained, new SoftmaxCrossEntropy(), pairs, weights)) {
      double nats = evaluator.loss();
      SequencedMap<String, Double> measures = new LinkedHashMap<>();
      measures.put("loss", nats);
      measures.put("perplexity", Math.exp(nats));
      TextErrors errors = new TextErrors();
      List<String> said = translate(trained, part, config.get(ModelKeys.BEAM), weights);
      for (int i = 0; i < said.size(); i++) {
        errors.add(data.targets().get(part.from() + i), said.get(i));
      }
      measures.putAll(errors.measures());
      return measures;
    }
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    return String.format(
        Locale.ROOT,
        "%s nats per token, perplexity %s, %.2f %% said exactly, character error rate %.2f %%,"
            + " word error rate %.2f %%",
        Numbers.shown(measures.getOrDefault("loss", Double.NaN)),
        Numbers.shown(measures.getOrDefault("perplexity", Double.NaN)),
        100 * measures.getOrDefault("exact", Double.NaN),
        100 * measures.getOrDefault("character_error_rate", Double.NaN),
        100 * measures.getOrDefault("word_error_rate", Double.NaN));
  }
}
