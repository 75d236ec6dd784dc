package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.EmbeddingKeys;
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
import dev.gatun.train.Evaluator;
import dev.gatun.train.TokenAccuracy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/** Texts that become others: an encoder reads, a decoder says. */
public final class PairTask implements Task {
  private static final String SOURCE = "source_vocabulary";
  private static final String TARGET = "target_vocabulary";

  /** What word2vec's files call the boundary. */
  private static final String END = "</s>";

  /** Hypotheses that are decoded together. */
  private static final int ROWS = 4096;

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
    Pairs all = Pairs.read(config, file, true);
    int size = all.sources().size();
    Folds.Parts whole = Folds.Parts.inOrder(size, Task.split(config, size));
    Folds.Parts parts = Folds.drawn(config, whole, new int[0], List.of());
    Pairs data = all.in(parts.order());
    Split split = parts.split();
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
    return Tokenizer.fromJson(Learnt.stored(stored, name, "it is of other data"));
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
      y[i] = data.targets().isEmpty() ? new int[0] : said(part.from() + i);
    }
    return Examples.tokens(x).decoded(y);
  }

  /** The tokens of a target, as the decoder counts them: 0 is the boundary. */
  private int[] said(int row) {
    return IntStream.of(target.encode(data.targets().get(row))).map(id -> id + 1).toArray();
  }

  /** The tables of its embeddings: the encoder's, and what the decoder is shown. */
  List<TokenTable> tables() {
    Range part = split.training();
    List<int[]> read = new ArrayList<>();
    List<int[]> shown = new ArrayList<>();
    for (int row = part.from(); row < part.to(); row++) {
      read.add(source.encode(data.sources().get(row)));
      // What it is shown begins with the boundary, and what it says ends there.
      shown.add(
          IntStream.concat(
                  IntStream.concat(IntStream.of(0), IntStream.of(said(row))), IntStream.of(0))
              .toArray());
    }
    List<String> names = new ArrayList<>(List.of(END));
    names.addAll(target.tokens());
    int padding = config.get(EmbeddingKeys.PADDING);
    return List.of(
        new TokenTable(
            PairLayers.NAME + ".encoder_embedding.weight",
            source.tokens(),
            read,
            EmbeddingKeys.VECTORS,
            padding,
            ""),
        new TokenTable(
            PairLayers.NAME + ".embedding.weight", names, shown, PairKeys.VECTORS, -1, ".target"));
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
   * An answer of a model.
   *
   * @param hypothesis what the search says about it
   */
  public record Answer(String text, Hypothesis hypothesis) {}

  /**
   * What a model says to each source, in their order: the best first.
   *
   * @param beam hypotheses that are kept; 0: greedy
   * @param wanted how many answers to each; there may be fewer
   */
  public List<List<Answer>> answers(Model trained, int beam, int wanted) {
    return answers(trained, split.training(), new Width(beam, wanted), WeightType.FLOAT32);
  }

  /** How wide a search is, and for how much. */
  private record Width(int beam, int wanted) {}

  private List<List<Answer>> answers(Model trained, Range part, Width width, WeightType weights) {
    List<List<Answer>> said = new ArrayList<>();
    // So many sources at a time that a wide beam's rows stay few.
    int each = Math.clamp(ROWS / Math.max(1, width.beam), 1, config.get(TrainKeys.BATCH));
    ArraySource batches = ArraySource.sequential(examples(part), each);
    Search search = search(width, batches.maxTime());
    try (Batch batch = batches.newBatch();
        SequenceDecoder decoder =
            new SequenceDecoder(trained, batches.maxTime(), batches.maxBatch(), search, weights)) {
      for (int i = 0; i < batches.batches(0); i++) {
        batches.fill(0, i, batch);
        for (List<Hypothesis> found : decoder.decode(batch, this::most)) {
          said.add(
              found.stream()
                  .limit(width.wanted)
                  .map(hypothesis -> new Answer(text(hypothesis.tokens()), hypothesis))
                  .toList());
        }
      }
    }
    return said;
  }

  private Search search(Width width, int longest) {
    return new Search(
        Math.max(1, width.beam), most(longest), config.get(PairKeys.LENGTH_PENALTY), width.wanted);
  }

  /**
   * What a model says to one source, by the configuration's search.
   *
   * @param tokens of the source
   */
  public Hypothesis best(Model trained, int[] tokens) {
    Examples one = Examples.tokens(new int[][] {tokens}).decoded(new int[1][0]);
    ArraySource source = ArraySource.sequential(one, 1);
    Search search = search(new Width(config.get(ModelKeys.BEAM), 1), tokens.length);
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

  /** The tokens after which an answer to a source of some steps is cut. */
  private int most(int steps) {
    int given = config.get(PairKeys.MAX_TOKENS);
    return given > 0 ? given : 2 * steps + 10;
  }

  /** How many tokens of each source the model does not know, in their order. */
  public List<Integer> unknown() {
    return data.sources().stream()
        .map(
            text ->
                (int) IntStream.of(source.encode(text)).filter(t -> t == source.unknown()).count())
        .toList();
  }

  private List<Integer> tokens(String text) {
    return IntStream.of(target.encode(text)).boxed().toList();
  }

  private String text(List<Integer> tokens) {
    return target.decode(tokens.stream().mapToInt(token -> token - 1).toArray());
  }

  @Override
  public SequencedMap<String, Double> measure(Model trained, Range part, WeightType weights) {
    // Perplexity is of the texts as they are, not of smoothed targets.
    try (BatchSource pairs = evaluation(part);
        Evaluator evaluator = new Evaluator(trained, new SoftmaxCrossEntropy(), pairs, weights)) {
      TokenAccuracy tokens = new TokenAccuracy(trained);
      double nats = evaluator.run(tokens);
      SequencedMap<String, Double> measures = new LinkedHashMap<>();
      measures.put("loss", nats);
      measures.put("perplexity", Math.exp(nats));
      measures.put("token_accuracy", tokens.accuracy());
      TextErrors errors = new TextErrors();
      long edits = 0;
      Width best = new Width(config.get(ModelKeys.BEAM), 1);
      List<List<Answer>> said = answers(trained, part, best, weights);
      for (int i = 0; i < said.size(); i++) {
        String wanted = data.targets().get(part.from() + i);
        String first = said.get(i).getFirst().text();
        errors.add(wanted, first);
        edits += TextErrors.distance(tokens(first), tokens(wanted));
      }
      measures.put("edit_distance", (double) edits / said.size());
      measures.putAll(errors.measures());
      return measures;
    }
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    return String.format(
        Locale.ROOT,
        "%s nats per token, perplexity %s, %.2f %% of tokens right, %.2f %% said exactly, edit"
            + " distance %s, character error rate %.2f %%, word error rate %.2f %%",
        Numbers.shown(measures.getOrDefault("loss", Double.NaN)),
        Numbers.shown(measures.getOrDefault("perplexity", Double.NaN)),
        100 * measures.getOrDefault("token_accuracy", Double.NaN),
        100 * measures.getOrDefault("exact", Double.NaN),
        Numbers.shown(measures.getOrDefault("edit_distance", Double.NaN)),
        100 * measures.getOrDefault("character_error_rate", Double.NaN),
        100 * measures.getOrDefault("word_error_rate", Double.NaN));
  }
}
