package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.WeightType;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Balance;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.data.Kmers;
import dev.gatun.data.Range;
import dev.gatun.data.Split;
import dev.gatun.data.StratifiedSplit;
import dev.gatun.data.WordVocabulary;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.train.Evaluator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A class or labels for each sequence, of numbers or of a string's pieces. */
public final class LabelTask implements Task {
  private final Config config;
  private final LabelData data;
  private final LabelCodes codes;
  private final Split split;

  /** The ids of the classes or labels of each sequence. */
  private final int[][] held;

  private final LabelHead head;
  private final ModelSpec model;

  private LabelTask(Config config, LabelData data, int[][] held, LabelCodes codes, Split split) {
    this.config = config;
    this.data = data;
    this.codes = codes;
    this.split = split;
    this.held = held;
    head = LabelHead.of(config, codes.classes());
    model = Layers.classifier(config, codes.input(), head.outputs().size());
  }

  /**
   * Reads sequences and divides them.
   *
   * @param stored a checkpoint's strings; without them classes, scales and pieces are those of the
   *     training part
   */
  static LabelTask load(Config config, Path file, Map<String, String> stored) {
    if (config.get(LabelKeys.BUCKET) && config.get(LabelKeys.BALANCE) == Balance.BATCHES) {
      throw config.error(LabelKeys.BUCKET, "true, and train.balance batches; give one of the two");
    }
    boolean trained = !stored.isEmpty();
    LabelData all = LabelData.read(config, file, LabelCodes.columns(config, stored), true);
    LabelData tested = tested(config, all);
    Split sizes = Task.split(config, all.size());
    int rows = sizes.test().to();
    List<String> names =
        trained ? LabelCodes.of(stored).classes() : LabelCodes.classes(config, all, rows, file);
    int[][] ids = LabelCodes.ids(config, all, rows, names, file);
    Folds.Parts parts = parts(config, sizes, ids, names);
    LabelData data = all.with(parts.order(), tested);
    Split split =
        Split.counts(
            data.size(),
            parts.split().training().size(),
            parts.split().validation().size(),
            parts.split().test().size() + tested.size());
    if (tested.size() > 0) {
      Path testFile = config.file(LabelKeys.TEST_PATH);
      LabelCodes.ids(config, tested, tested.size(), names, testFile);
    }
    LabelCodes codes =
        trained ? LabelCodes.of(stored) : LabelCodes.learn(config, data, names, split.training());
    LabelTask task =
        new LabelTask(
            config, data, LabelCodes.ids(config, data, data.size(), names, file), codes, split);
    task.loss(); // refuses keys that contradict each other before anything is allocated
    return task;
  }

  /** Parts that have the classes alike; where several labels may hold, of any. */
  private static Folds.Parts parts(Config config, Split sizes, int[][] held, List<String> names) {
    boolean single = config.get(LabelKeys.SEPARATOR).isEmpty();
    int[] strata =
        single ? Arrays.stream(held).mapToInt(ids -> ids[0]).toArray() : new int[held.length];
    // The test part is the same whatever is taken from the rest.
    int validation = Folds.given(config) ? 0 : sizes.validation().size();
    try {
      StratifiedSplit drawn =
          StratifiedSplit.of(strata, validation, sizes.test().size(), config.get(TrainKeys.SEED));
      Folds.Parts whole = new Folds.Parts(drawn.order(), drawn.split());
      return Folds.drawn(config, whole, single ? strata : new int[0], names);
    } catch (IllegalArgumentException e) {
      throw config.error(DataKeys.VALIDATION, e.getMessage() + "; give smaller parts");
    }
  }

  /** What was missing. */
  @Override
  public List<String> notes() {
    if (data.dropped() > 0) {
      return List.of(
          "%,d sequences are left out for missing values; %,d stay"
              .formatted(data.dropped(), data.size()));
    }
    int sequences = 0;
    long values = 0;
    for (int i = 0; i < data.size(); i++) {
      sequences += data.gaps(i) > 0 ? 1 : 0;
      values += data.gaps(i);
    }
    return values == 0
        ? List.of()
        : List.of(
            "%,d values are missing, in %,d of %,d sequences"
                .formatted(values, sequences, data.size()));
  }

  /** Other sequences with their classes, wholly to be measured on. */
  public static LabelTask of(Config config, Path file, Map<String, String> stored) {
    LabelData data = LabelData.read(config, file, LabelCodes.columns(config, stored), true);
    LabelCodes codes = LabelCodes.of(stored);
    Split split = Split.counts(data.size(), data.size(), 0, 0);
    return new LabelTask(config, data, codes.ids(config, data, file), codes, split);
  }

  /** Other sequences, whose classes, if they have any, are not looked at. */
  public static LabelTask unknown(Config config, Path file, Map<String, String> stored) {
    LabelData data = LabelData.read(config, file, LabelCodes.columns(config, stored), false);
    if (data.size() == 0) {
      throw new InputException(file + ": no sequences");
    }
    Split split = Split.counts(data.size(), data.size(), 0, 0);
    return new LabelTask(config, data, new int[data.size()][0], LabelCodes.of(stored), split);
  }

  /** The test part's own file; nothing without one. */
  private static LabelData tested(Config config, LabelData all) {
    if (config.get(LabelKeys.TEST_PATH).toString().isEmpty()) {
      return all.none();
    }
    if (config.get(DataKeys.TEST) > 0) {
      throw config.error(DataKeys.TEST, "a part, and data.test_path a file; give one of the two");
    }
    Path file = config.file(LabelKeys.TEST_PATH);
    LabelData tested = LabelData.read(config, file, all.columns(), true);
    if (!tested.columns().equals(all.columns())) {
      throw new InputException(
          "%s: columns %s; the training file has %s"
              .formatted(file, tested.columns(), all.columns()));
    }
    return tested;
  }

  @Override
  public Map<String, String> strings() {
    return codes.strings();
  }

  @Override
  public ModelSpec model() {
    return model;
  }

  /** The classes, in the order of their ids. */
  public List<String> classes() {
    return codes.classes();
  }

  /** How many sequences of a part are of each class, or have each label. */
  public int[] counts(Range part) {
    int[] counts = new int[codes.classes().size()];
    for (int i = part.from(); i < part.to(); i++) {
      for (int id : held[i]) {
        counts[id]++;
      }
    }
    return counts;
  }

  @Override
  public Loss loss() {
    return head.loss(counts(split.training()));
  }

  private Examples examples(Range part) {
    int[][] y = Arrays.copyOfRange(held, part.from(), part.to());
    return head.targets(codes.inputs(data, part), y);
  }

  @Override
  public BatchSource training() {
    return Augmented.of(config, mixed());
  }

  private ArraySource mixed() {
    ArraySource mixed =
        ArraySource.shuffled(
                examples(split.training()), config.get(TrainKeys.BATCH), config.get(TrainKeys.SEED))
            .balanced(config.get(LabelKeys.BALANCE));
    return config.get(LabelKeys.BUCKET) ? mixed.bucketed() : mixed;
  }

  /** The share of padding in the batches of the first epoch. */
  public double padding() {
    return mixed().padding(0);
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
    Kmers pieces = codes.kmers();
    if (pieces == null) {
      return Integer.toString(id);
    }
    return id < pieces.pieces().size() ? pieces.pieces().get(id) : WordVocabulary.UNKNOWN;
  }

  @Override
  public List<String> outputNames() {
    return head.outputs();
  }

  private BatchSource evaluation(Range part) {
    return ArraySource.sequential(examples(part), config.get(TrainKeys.BATCH));
  }

  @Override
  public Split split() {
    return split;
  }

  @Override
  public String unit() {
    return "sequences";
  }

  /** The steps of a sequence, on average. */
  @Override
  public int stepsPerTarget() {
    return (int) Math.max(1, Math.round(lengths().average().orElse(1)));
  }

  /** The steps of each sequence, in the order of the parts. */
  public IntStream lengths() {
    return IntStream.range(0, data.size()).map(i -> codes.length(data, i));
  }

  /**
   * What a model says of a sequence.
   *
   * @param name of the sequence in its file
   * @param label the class that it says, or the labels
   * @param probabilities as {@link #probabilityNames} calls them
   */
  public record Row(String name, String label, List<Double> probabilities) {}

  /** The probability of the class that is said, or those of all labels. */
  public List<String> probabilityNames() {
    return head.probabilityNames();
  }

  /** What a model says of all sequences. */
  public List<Row> predictions(Model trained) {
    LabelHead.Reader reader = head.reader(trained);
    run(trained, new Range(0, data.size()), WeightType.FLOAT32, reader);
    List<Row> rows = new ArrayList<>();
    for (LabelHead.Said said : reader.said().get()) {
      rows.add(new Row(data.names().get(rows.size()), said.label(), said.probabilities()));
    }
    return rows;
  }

  private double run(Model trained, Range part, WeightType weights, LabelHead.Reader reader) {
    try (BatchSource source = evaluation(part);
        Evaluator evaluator = new Evaluator(trained, head.plain(), source, weights)) {
      return evaluator.run(reader.seen());
    }
  }

  @Override
  public SequencedMap<String, Double> measure(Model trained, Range part, WeightType weights) {
    LabelHead.Reader reader = head.reader(trained);
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    measures.put("loss", run(trained, part, weights, reader));
    measures.putAll(reader.measures().get());
    return measures;
  }

  @Override
  public @Nullable Classified classified(Model trained, Range part, WeightType weights) {
    LabelHead.Reader reader = head.reader(trained);
    run(trained, part, weights, reader);
    return reader.classified().get();
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    return head.describe(measures);
  }
}
