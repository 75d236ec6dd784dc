package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.InputException;
import dev.gatun.app.config.LabelKeys;
import dev.gatun.app.config.ModelKeys;
import dev.gatun.app.config.Numbers;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.TranscriptKeys;
import dev.gatun.backend.WeightType;
import dev.gatun.data.ArraySource;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.data.Range;
import dev.gatun.data.Scaler;
import dev.gatun.data.Series;
import dev.gatun.data.Split;
import dev.gatun.data.Vocabulary;
import dev.gatun.metric.TextErrors;
import dev.gatun.model.Convolution;
import dev.gatun.model.CtcDecoder;
import dev.gatun.model.CtcLoss;
import dev.gatun.model.Loss;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanSpec;
import dev.gatun.persist.Json;
import dev.gatun.train.Evaluator;
import dev.gatun.train.LabelErrors;
import dev.gatun.train.Transcriber;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Sequences of frames and what they say, aligned by CTC: one class is the blank, the others are the
 * characters of the transcripts.
 */
public final class TranscriptTask implements Task {
  private static final String VOCABULARY = "vocabulary";
  private static final String SCALER = "scaler";

  private final Config config;
  private final Transcripts data;
  private final Vocabulary vocabulary;
  private final Scaler scaler;
  private final Split split;
  private final CtcLoss loss;
  private final ModelSpec model;

  private TranscriptTask(
      Config config, Transcripts data, Vocabulary vocabulary, Scaler scaler, Split split) {
    this.config = config;
    this.data = data;
    this.vocabulary = vocabulary;
    this.scaler = scaler;
    this.split = split;
    int blank = config.get(TranscriptKeys.BLANK);
    if (blank > vocabulary.size()) {
      throw config.error(
          TranscriptKeys.BLANK,
          "%d; there are %d characters; give 0 to %d"
              .formatted(blank, vocabulary.size(), vocabulary.size()));
    }
    loss = new CtcLoss(blank, true);
    model = Layers.aligner(config, data.frames().names().size(), vocabulary.size() + 1);
  }

  /**
   * Reads frames and transcripts.
   *
   * @param stored a checkpoint's strings; without them characters are the transcripts' own and
   *     scales are fitted on the training part
   */
  static TranscriptTask load(Config config, Path file, Map<String, String> stored) {
    Transcripts all = Transcripts.read(config, file);
    Folds.Parts whole = Folds.Parts.inOrder(all.size(), Task.split(config, all.size()));
    Folds.Parts parts = Folds.drawn(config, whole, new int[0], List.of());
    Transcripts data = parts.equals(whole) ? all : all.in(parts.order());
    Split split = parts.split();
    boolean trained = stored.containsKey(VOCABULARY);
    if (trained) {
      data.checkCharacters(file, vocabulary(stored));
    }
    TranscriptTask task =
        new TranscriptTask(
            config,
            data,
            trained ? vocabulary(stored) : data.vocabulary(file),
            trained ? scaler(stored) : fit(config, data, split),
            split);
    if (!trained && task.tooShort() == split.training().size()) {
      throw new InputException(
          file + ": every training sequence has too few steps for its labels; give more steps");
    }
    return task;
  }

  /** Sequences without transcripts, wholly to be transcribed. */
  public static TranscriptTask frames(Config config, Path file, Map<String, String> stored) {
    Scaler scaler = scaler(stored);
    Transcripts data = Transcripts.readFrames(config, file, scaler.names());
    Split split = Split.counts(data.size(), data.size(), 0, 0);
    return new TranscriptTask(config, data, vocabulary(stored), scaler, split);
  }

  /** Other sequences, wholly to be measured on. */
  public static TranscriptTask of(Config config, Path file, Map<String, String> stored) {
    Transcripts data = Transcripts.read(config, file);
    data.checkCharacters(file, vocabulary(stored));
    Split split = Split.counts(data.size(), data.size(), 0, 0);
    return new TranscriptTask(config, data, vocabulary(stored), scaler(stored), split);
  }

  private static Scaler fit(Config config, Transcripts data, Split split) {
    Series frames = data.frames();
    Range training = new Range(0, data.start(split.training().to()));
    return Learnt.scaler(config, frames, training);
  }

  private static Json stored(Map<String, String> stored, String name) {
    return Learnt.stored(stored, name, "it knows no transcripts");
  }

  private static Vocabulary vocabulary(Map<String, String> stored) {
    return Vocabulary.fromJson(stored(stored, VOCABULARY));
  }

  private static Scaler scaler(Map<String, String> stored) {
    return Scaler.fromJson(stored(stored, SCALER));
  }

  /** Which of the training part cannot be learnt from. */
  @Override
  public List<String> notes() {
    int tooShort = tooShort();
    return tooShort == 0
        ? List.of()
        : List.of(
            "%,d of %,d training sequences have too few steps for their labels: nothing is learnt from them"
                .formatted(tooShort, split.training().size()));
  }

  private int tooShort() {
    Range training = split.training();
    int tooShort = 0;
    for (int i = training.from(); i < training.to(); i++) {
      int steps = data.start(i + 1) - data.start(i);
      for (ModelSpec.Stage stage : model.stages()) {
        steps = stage.layer() instanceof Convolution c ? c.windows().time(steps) : steps;
      }
      tooShort += steps < data.stepsNeeded(i) ? 1 : 0;
    }
    return tooShort;
  }

  @Override
  public ModelSpec model() {
    return model;
  }

  @Override
  public Loss loss() {
    return loss;
  }

  private Examples examples(Range part) {
    return data.examples(part, scaler, vocabulary, loss.blank());
  }

  @Override
  public BatchSource training() {
    ArraySource mixed =
        ArraySource.shuffled(
            examples(split.training()), config.get(TrainKeys.BATCH), config.get(TrainKeys.SEED));
    return Augmented.of(config, config.get(LabelKeys.BUCKET) ? mixed.bucketed() : mixed);
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
  public List<String> inputNames() {
    return data.frames().names();
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

  /** The frames of a sequence, on average. */
  @Override
  public int stepsPerTarget() {
    return Math.max(1, data.frames().rows() / data.size());
  }

  /** The characters. */
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public Map<String, String> strings() {
    return Map.of(VOCABULARY, vocabulary.toJson().print(), SCALER, scaler.toJson().print());
  }

  private Transcriber transcriber(Model trained) {
    return new Transcriber(trained, new CtcDecoder(loss.blank()), config.get(ModelKeys.BEAM));
  }

  /** What every sequence says, by its name, in the order of the file. */
  public SequencedMap<String, String> transcripts(Model trained) {
    SequencedMap<String, String> texts = new LinkedHashMap<>();
    Transcriber transcriber = transcriber(trained);
    Examples examples = data.examples(split.training(), scaler, null, loss.blank());
    try (BatchSource source = ArraySource.sequential(examples, config.get(TrainKeys.BATCH));
        Plan plan = trained.plan(PlanSpec.inference(source.layout()));
        Batch batch = source.newBatch()) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        plan.forward(batch);
        for (List<Integer> labels : transcriber.read(plan, batch)) {
          texts.put(data.name(texts.size()), text(labels));
        }
      }
    }
    return texts;
  }

  private String text(List<Integer> labels) {
    return vocabulary.decode(labels.stream().mapToInt(k -> k < loss.blank() ? k : k - 1).toArray());
  }

  @Override
  public SequencedMap<String, Double> measure(Model trained, Range part, WeightType weights) {
    TextErrors texts = new TextErrors();
    LabelErrors errors =
        new LabelErrors(transcriber(trained))
            .observed((wanted, said) -> texts.add(text(wanted), text(said)));
    long[] impossible = new long[1];
    try (BatchSource source = evaluation(part);
        Evaluator evaluator = new Evaluator(trained, loss, source, weights)) {
      double mean =
          evaluator.run(
              (plan, batch) -> {
                errors.visit(plan, batch);
                impossible[0] = plan.impossible();
              });
      SequencedMap<String, Double> measures = new LinkedHashMap<>();
      measures.put("loss", mean);
      measures.put("label_error_rate", errors.rate());
      measures.putAll(texts.measures());
      measures.put("impossible", (double) impossible[0]);
      return measures;
    }
  }

  /** The characters of labels: class 0 is the blank. */
  @Override
  public String describe(SequencedMap<String, Double> measures) {
    double impossible = measures.getOrDefault("impossible", 0.0);
    return String.format(
        Locale.ROOT,
        "%s nats per label, label error rate %.2f %%, word error rate %.2f %%, %.2f %% of sequences without an error%s",
        Numbers.shown(measures.getOrDefault("loss", Double.NaN)),
        100 * measures.getOrDefault("label_error_rate", Double.NaN),
        100 * measures.getOrDefault("word_error_rate", Double.NaN),
        100 * measures.getOrDefault("exact", Double.NaN),
        impossible > 0
            ? String.format(Locale.ROOT, "; %.0f too short for their labels", impossible)
            : "");
  }
}
