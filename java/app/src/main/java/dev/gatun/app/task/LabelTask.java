package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.DataKeys;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.config.Numbers;
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
import dev.gatun.model.HardExamples;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.SoftmaxCrossEntropy;
import dev.gatun.train.ClassPredictions;
import dev.gatun.train.Evaluator;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/** A class for each sequence, of numbers or of a string's pieces, by the network's last state. */
public final class LabelTask implements Task {
  private final Config config;
  private final LabelData data;
  private final LabelCodes codes;
  private final Split split;
  private final int[] classes;
  private final ModelSpec model;

  private LabelTask(Config config, LabelData data, int[] classes, LabelCodes codes, Split split) {
    this.config = config;
    this.data = data;
    this.codes = codes;
    this.split = split;
    this.classes = classes;
    model = Layers.classifier(config, codes.input(), codes.classes().size());
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
        trained ? LabelCodes.of(stored).classes() : LabelCodes.classes(all, rows, file);
    int[] ids = LabelCodes.ids(all, rows, names, file);
    StratifiedSplit parts;
    try {
      parts =
          StratifiedSplit.of(
              ids, sizes.validation().size(), sizes.test().size(), config.get(TrainKeys.SEED));
    } catch (IllegalArgumentException e) {
      throw config.error(DataKeys.VALIDATION, e.getMessage() + "; give smaller parts");
    }
    LabelData data = all.with(parts.order(), tested);
    Split split =
        Split.counts(
            data.size(),
            parts.split().training().size(),
            parts.split().validation().size(),
            parts.split().test().size() + tested.size());
    LabelCodes codes =
        trained ? LabelCodes.of(stored) : LabelCodes.learn(config, data, names, split.training());
    LabelTask task =
        new LabelTask(config, data, LabelCodes.ids(data, data.size(), names, file), codes, split);
    task.loss(); // refuses keys that contradict each other before anything is allocated
    return task;
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
    return new LabelTask(config, data, codes.ids(data, file), codes, split);
  }

  /** Other sequences, whose classes, if they have any, are not looked at. */
  public static LabelTask unknown(Config config, Path file, Map<String, String> stored) {
    LabelData data = LabelData.read(config, file, LabelCodes.columns(config, stored), false);
    if (data.size() == 0) {
      throw new InputException(file + ": no sequences");
    }
    int[] none = IntStream.generate(() -> -1).limit(data.size()).toArray();
    Split split = Split.counts(data.size(), data.size(), 0, 0);
    return new LabelTask(config, data, none, LabelCodes.of(stored), split);
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

  /** How many sequences of a part are of each class. */
  public int[] counts(Range part) {
    int[] counts = new int[codes.classes().size()];
    for (int i = part.from(); i < part.to(); i++) {
      counts[classes[i]]++;
    }
    return counts;
  }

  @Override
  public Loss loss() {
    SoftmaxCrossEntropy loss = new SoftmaxCrossEntropy().smoothed(config.get(TrainKeys.SMOOTHING));
    double[] weights = weights();
    double hard = config.get(LabelKeys.HARD_EXAMPLES);
    if (hard == 1) {
      return weights.length == 0 ? loss : loss.weighted(weights);
    }
    if (weights.length > 0) {
      throw config.error(
          LabelKeys.HARD_EXAMPLES, hard + ", and train.class_weights; give one of the two");
    }
    return new HardExamples(loss, hard);
  }

  /** What each class counts; none: all the same. */
  private double[] weights() {
    List<String> given = config.get(LabelKeys.CLASS_WEIGHTS);
    if (given.equals(List.of("none"))) {
      return new double[0];
    }
    if (given.equals(List.of("balanced"))) {
      int[] counts = counts(split.training());
      double all = split.training().size();
      double[] weights = new double[counts.length];
      for (int k = 0; k < weights.length; k++) {
        // A class that the file lists and that nothing is of is never a target.
        weights[k] = counts[k] == 0 ? 1 : all / (counts.length * counts[k]);
      }
      return weights;
    }
    if (given.size() != codes.classes().size()) {
      throw config.error(
          LabelKeys.CLASS_WEIGHTS,
          "%d numbers; there are %d classes: %s"
              .formatted(given.size(), codes.classes().size(), String.join(", ", codes.classes())));
    }
    return given.stream().mapToDouble(Double::parseDouble).toArray();
  }

  private Examples examples(Range part) {
    int[] y = Arrays.copyOfRange(classes, part.from(), part.to());
    return codes.inputs(data, part).classes(y);
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
    return codes.classes();
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
   * What a model says of each sequence of a part.
   *
   * @param name of the sequence in its file
   * @param label the class that it says
   * @param probability of that class
   */
  public record Row(String name, String label, double probability) {}

  /** What a model says of all sequences. */
  public List<Row> predictions(Model trained) {
    Range all = new Range(0, data.size());
    ClassPredictions seen = new ClassPredictions(trained);
    run(trained, all, WeightType.FLOAT32, seen);
    List<Row> rows = new ArrayList<>();
    for (ClassPredictions.Prediction p : seen.list()) {
      String label = codes.classes().get(p.predicted());
      rows.add(new Row(data.names().get(rows.size()), label, p.probability()));
    }
    return rows;
  }

  /** Without smoothing and weights: what is measured is the data as it is. */
  private double run(Model trained, Range part, WeightType weights, ClassPredictions seen) {
    try (BatchSource source = evaluation(part);
        Evaluator evaluator = new Evaluator(trained, new SoftmaxCrossEntropy(), source, weights)) {
      return evaluator.run(seen);
    }
  }

  @Override
  public SequencedMap<String, Double> measure(Model trained, Range part, WeightType weights) {
    ClassPredictions seen = new ClassPredictions(trained);
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    measures.put("loss", run(trained, part, weights, seen));
    measures.putAll(seen.metrics(codes.classes().size()).measures());
    return measures;
  }

  @Override
  public Classified classified(Model trained, Range part, WeightType weights) {
    ClassPredictions seen = new ClassPredictions(trained);
    run(trained, part, weights, seen);
    return new Classified(codes.classes(), seen.metrics(codes.classes().size()));
  }

  @Override
  public String describe(SequencedMap<String, Double> measures) {
    return String.format(
        Locale.ROOT,
        "accuracy %.2f %%, macro F1 %.4f, %s nats per sequence",
        100 * measures.getOrDefault("accuracy", Double.NaN),
        measures.getOrDefault("f1_macro", Double.NaN),
        Numbers.shown(measures.getOrDefault("loss", Double.NaN)));
  }
}
