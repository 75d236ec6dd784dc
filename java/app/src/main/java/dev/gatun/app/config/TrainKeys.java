package dev.gatun.app.config;

import dev.gatun.Backends;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentAlgorithms;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The keys under {@code train:}. */
public final class TrainKeys {
  /** What becomes small: of a forecaster all but the last two, of a classifier one of these. */
  public enum Losses {
    SQUARED,
    ABSOLUTE,
    HUBER,
    SUM_OF_SQUARES,
    QUANTILE,
    GAUSSIAN,
    /** Of a softmax over all classes. */
    CROSS_ENTROPY,
    /** Of a logistic output for each label, or one for the second of two classes. */
    BINARY_CROSS_ENTROPY
  }

  private static final int MOST = Integer.MAX_VALUE;
  private static final Type<Double> POSITIVE = Type.number(Interval.above(0));
  private static final Type<Double> FRACTION = Type.number(Interval.atLeast(0).below(1));

  public static final Key<Integer> EPOCHS =
      Key.of("train.epochs", Type.whole(1, MOST), 10, "passes over the training part")
          .knownAs("num_epochs", "n_epochs", "max_epochs");

  public static final Key<Integer> STEPS =
      Key.of(
              "train.steps",
              Type.whole(0, MOST),
              0,
              "stop after this many updates, also within an epoch; 0: epochs decide")
          .knownAs("max_steps", "iterations", "num_steps");

  public static final Key<Integer> MAX_SECONDS =
      Key.of(
              "train.max_seconds",
              Type.whole(0, MOST),
              0,
              "stop after the step that ends beyond this many seconds; 0: no limit")
          .knownAs("time_limit", "max_time", "seconds");

  public static final Key<Integer> BATCH =
      Key.of("train.batch", Type.whole(1, 1 << 20), 32, "sequences of a step")
          .knownAs("batch_size", "minibatch", "bs");

  public static final Key<Integer> TIME_STEPS =
      Key.of(
              "train.time_steps",
              Type.whole(1, 1 << 20),
              64,
              "characters between cuts of truncated back-propagation; the state is carried on")
          .when(DataKeys.TYPE, DataKeys.Kind.TEXT)
          .knownAs("bptt", "seq_len", "seq_length", "sequence_length", "timesteps", "block_size");

  public static final Key<Integer> ADVANCE =
      Key.of(
              "train.k1",
              Type.whole(0, 1 << 20),
              0,
              "steps from one update to the next; text: through the last train.time_steps, 0 for"
                  + " these; series: through data.window, the state carried on, 0 for windows apart")
          .when(DataKeys.TYPE, DataKeys.Kind.TEXT, DataKeys.Kind.SERIES)
          .knownAs("advance", "bptt_stride", "tbptt_k1");

  public static final Key<Losses> LOSS =
      Key.of("train.loss.name", Type.oneOf(Losses.class), Losses.SQUARED, "what becomes small")
          .when(DataKeys.TYPE, DataKeys.Kind.SERIES, DataKeys.Kind.SEQUENCES, DataKeys.Kind.STRINGS)
          .defaultFor(
              DataKeys.TYPE,
              Map.of(
                  DataKeys.Kind.SEQUENCES,
                  Losses.CROSS_ENTROPY,
                  DataKeys.Kind.STRINGS,
                  Losses.CROSS_ENTROPY))
          .knownAs("criterion", "objective");

  public static final Key<Double> DELTA =
      Key.of("train.loss.delta", POSITIVE, 1.0, "the error from which the loss grows linearly")
          .when(LOSS, Losses.HUBER)
          .knownAs("huber_delta");

  public static final Key<List<Double>> QUANTILES =
      Key.of(
              "train.loss.quantiles",
              Type.numbers(Interval.above(0).below(1), 99),
              List.of(0.1, 0.5, 0.9),
              "levels that are forecast, ascending: the first and last are the interval")
          .when(LOSS, Losses.QUANTILE)
          .knownAs("levels", "quantile", "taus", "q");

  public static final Key<Double> INTERVAL =
      Key.of(
              "train.loss.interval",
              Type.number(Interval.above(0).below(1)),
              0.8,
              "the part of what comes true that is to lie within the interval reported")
          .when(LOSS, Losses.GAUSSIAN)
          .knownAs("coverage", "confidence")
          .free();

  public static final Key<Double> POSITIVE_WEIGHT =
      Key.of(
              "train.loss.positive_weight",
              POSITIVE,
              1.0,
              "what a label that holds, or the second of two classes, counts in the loss")
          .when(LOSS, Losses.BINARY_CROSS_ENTROPY)
          .knownAs("pos_weight", "positive_class_weight", "scale_pos_weight");

  public static final Key<Double> SMOOTHING =
      Key.of(
              "train.label_smoothing",
              FRACTION,
              0.0,
              "the part of each target that is spread evenly over all classes")
          .when(
              DataKeys.TYPE,
              DataKeys.Kind.TEXT,
              DataKeys.Kind.SEQUENCES,
              DataKeys.Kind.STRINGS,
              DataKeys.Kind.PAIRS)
          .knownAs("smoothing");

  public static final Key<List<String>> FROZEN =
      Key.of(
              "train.freeze",
              Type.names(0, "names of parameters, with * for any letters, or a list of them"),
              List.<String>of(),
              "parameters that stay as they are")
          .knownAs("frozen", "trainable", "freeze_layers");

  public static final Key<Double> RATE =
      Key.of("train.rate", POSITIVE, 1e-3, "the learning rate, the largest of the schedule")
          .knownAs("lr", "learning_rate", "initial_lr", "alpha");

  public static final Key<Double> WEIGHT_DECAY =
      Key.of(
              "train.weight_decay",
              Type.number(Interval.atLeast(0)),
              0.0,
              "L2 penalty on matrices (adamw, lion, lamb: apart from the gradient)")
          .knownAs("decay", "wd");

  public static final Key<Double> CLIP =
      Key.of(
              "train.clip",
              Type.number(Interval.atLeast(0)),
              0.0,
              "largest global norm of the gradient; 0: no clipping")
          .knownAs(
              "max_norm", "clip_norm", "clipnorm", "grad_clip", "gradient_clip", "max_grad_norm");

  public static final Key<Integer> ACCUMULATE =
      Key.of("train.accumulate", Type.whole(1, 1 << 16), 1, "batches whose gradients make one step")
          .knownAs("accumulation_steps", "gradient_accumulation_steps", "accumulate_grad_batches");

  public static final Key<Boolean> GRAPHS =
      Key.of(
              "train.graphs",
              Type.flag(),
              false,
              "a GPU repeats whole steps as CUDA graphs, with the same results; batches of different"
                  + " lengths run without")
          .knownAs("cuda_graphs", "cudagraphs", "cuda_graph")
          .free();

  public static final Key<Integer> PATIENCE =
      Key.of(
              "train.patience",
              Type.whole(0, MOST),
              0,
              "stop after this many reports in a row without a better validation loss; 0: never")
          .knownAs("early_stopping");

  public static final Key<Path> INIT =
      Key.of(
              "train.init",
              Type.path("a safetensors file"),
              Path.of(""),
              "file to take the initial parameters from, named and shaped as the model's")
          .knownAs("init_from", "pretrained", "weights");

  public static final Key<Integer> OVERFIT =
      Key.of(
              "train.overfit",
              Type.whole(0, MOST),
              0,
              "learn this many examples by heart, without dropout or validation; 0: off")
          .knownAs("overfit_batches");

  public static final Key<Integer> REPORT_EVERY =
      Key.of(
              "train.report_every",
              Type.whole(0, MOST),
              0,
              "steps between reports, each with a validation; 0: one at the end of each epoch")
          .knownAs("log_every", "eval_every", "eval_steps", "logging_steps");

  public static final Key<Integer> CHECKPOINT_EVERY =
      Key.of(
              "train.checkpoint_every",
              Type.whole(0, MOST),
              0,
              "steps between checkpoints besides those at each report; 0: none")
          .knownAs("save_every", "checkpoint_steps", "save_steps");

  public static final Key<Long> SEED =
      Key.of("train.seed", Type.seed(), 1L, "of initial weights, order and masks")
          .knownAs("random_seed", "random_state", "manual_seed");

  public static final Key<String> DEVICE =
      Key.of(
              "train.device",
              Type.text("auto, cpu, cuda, cuda:N or reference"),
              "auto",
              "what computes; a run resumes on another only with --device")
          .knownAs("backend", "accelerator");

  public static final Key<DropoutMasks> DROPOUT_MASKS =
      Key.of(
              "train.dropout_masks",
              Type.oneOf(DropoutMasks.class),
              DropoutMasks.GATUN,
              "who draws dropout masks between recurrent layers on a GPU; gatun: as on a CPU")
          .knownAs("cudnn_dropout");

  public static final Key<RecurrentAlgorithms> ALGORITHMS =
      Key.of(
              "train.algorithms",
              Type.oneOf(RecurrentAlgorithms.class),
              RecurrentAlgorithms.STANDARD,
              "what computes recurrent layers on a GPU; measured: the fastest of all that can, found"
                  + " once for each shape, kept in the cache and in the run")
          .knownAs("cudnn_benchmark", "autotune", "cudnn_algorithm");

  public static final Key<Precision> PRECISION =
      Key.of(
              "train.precision",
              Type.oneOf(Precision.class),
              Precision.FP32,
              "what products and recurrent layers compute in, also for eval, predict and generate on a"
                  + " GPU; all but fp32 need one")
          .knownAs("mixed_precision", "amp", "dtype", "fp16", "bf16");

  public static final Key<Integer> THREADS =
      Key.of(
              "train.threads",
              Type.whole(0, Backends.MOST_THREADS),
              0,
              "threads; 0: one for each core")
          .knownAs("num_threads", "workers", "n_jobs")
          .free();

  static final List<Key<?>> ALL =
      List.of(
          EPOCHS,
          STEPS,
          MAX_SECONDS,
          BATCH,
          TIME_STEPS,
          ADVANCE,
          RATE,
          WEIGHT_DECAY,
          CLIP,
          LOSS,
          DELTA,
          QUANTILES,
          INTERVAL,
          POSITIVE_WEIGHT,
          SMOOTHING,
          FROZEN,
          GRAPHS,
          ACCUMULATE,
          PATIENCE,
          REPORT_EVERY,
          CHECKPOINT_EVERY,
          SEED,
          INIT,
          OVERFIT,
          DEVICE,
          DROPOUT_MASKS,
          ALGORITHMS,
          PRECISION,
          THREADS);

  private TrainKeys() {}
}
