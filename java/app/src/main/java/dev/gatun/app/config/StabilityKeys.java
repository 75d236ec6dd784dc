package dev.gatun.app.config;

import dev.gatun.train.EarlyStop;
import dev.gatun.train.NonFinitePolicy;
import dev.gatun.train.TrainerBuilder;
import java.util.List;

/** The keys under {@code train:} that hold a run stable and say what of it is kept. */
public final class StabilityKeys {
  /** Means of weights. */
  public enum Averages {
    NONE,
    EMA,
    SWA
  }

  private static final int MOST = Integer.MAX_VALUE;
  private static final Type<Double> FROM_ZERO = Type.number(Interval.atLeast(0));

  public static final Key<Double> CLIP_VALUE =
      Key.of(
              "train.clip_value",
              FROM_ZERO,
              0.0,
              "largest absolute value of a gradient; 0: no clipping")
          .knownAs("clipvalue", "clip_by_value", "gradient_clip_val", "grad_clip_value");

  public static final Key<Double> L1 =
      Key.of("train.l1", FROM_ZERO, 0.0, "penalty l1 |w| on matrices, added to the loss")
          .knownAs("l1_penalty", "lasso", "l1_regularization");

  public static final Key<Double> L2 =
      Key.of("train.l2", FROM_ZERO, 0.0, "penalty l2/2 w^2 on matrices, added to the loss")
          .knownAs("l2_penalty", "ridge", "l2_regularization");

  public static final Key<Double> WEIGHT_LIMIT =
      Key.of(
              "train.weight_limit",
              FROM_ZERO,
              0.0,
              "largest absolute value of a weight after an update; 0: no limit")
          .knownAs("weight_clip", "clip_weights", "max_weight");

  public static final Key<Double> ROW_NORM =
      Key.of(
              "train.row_norm",
              FROM_ZERO,
              0.0,
              "largest norm of a matrix's row after an update; 0: no limit")
          .knownAs("max_norm_constraint", "kernel_constraint", "maxnorm");

  public static final Key<List<WeightGroup>> GROUPS =
      Key.of(
              "train.groups",
              WeightGroup.type(),
              List.<WeightGroup>of(),
              "parameters with factors of their own; the first that fits counts")
          .knownAs("param_groups", "parameter_groups", "layer_lr", "discriminative_lr");

  public static final Key<Averages> AVERAGE =
      Key.of(
              "train.average.name",
              Type.oneOf(Averages.class),
              Averages.NONE,
              "mean of the weights that is validated and saved")
          .knownAs("ema", "swa", "polyak", "weight_averaging");

  public static final Key<Double> AVERAGE_DECAY =
      Key.of(
              "train.average.decay",
              Type.number(Interval.atLeast(0).below(1)),
              0.999,
              "what stays of the mean at each step")
          .when(AVERAGE, Averages.EMA)
          .knownAs("ema_decay");

  public static final Key<Double> AVERAGE_START =
      Key.of(
              "train.average.start",
              Type.number(Interval.atLeast(0).below(1)),
              0.75,
              "the part of the run before the first weights are taken")
          .when(AVERAGE, Averages.SWA)
          .knownAs("swa_start");

  public static final Key<Integer> AVERAGE_EVERY =
      Key.of(
              "train.average.every",
              Type.whole(0, MOST),
              0,
              "steps between two weights that are taken; 0: an epoch")
          .when(AVERAGE, Averages.SWA)
          .knownAs("swa_freq");

  public static final Key<Double> RATE_FACTOR =
      Key.of(
              "train.non_finite.rate_factor",
              Type.number(Interval.above(0).atMost(1)),
              NonFinitePolicy.DEFAULT.rateFactor(),
              "what the rate is multiplied with after a step that is not finite")
          .knownAs("backoff_factor");

  public static final Key<Integer> LIMIT =
      Key.of(
              "train.non_finite.limit",
              Type.whole(1, MOST),
              NonFinitePolicy.DEFAULT.limit(),
              "such steps in a row that end the run")
          .knownAs("terminate_on_nan", "max_skipped");

  public static final Key<Integer> RECOVERY =
      Key.of(
              "train.non_finite.recovery",
              Type.whole(1, MOST),
              NonFinitePolicy.DEFAULT.recovery(),
              "good steps in a row after which the rate rises by that factor again")
          .knownAs("growth_interval");

  public static final Key<Double> DIVERGENCE =
      Key.of(
              "train.divergence",
              FROM_ZERO,
              TrainerBuilder.DIVERGENCE,
              "ends a run whose loss is above its start by more than so many times that; 0: never")
          .knownAs("divergence_threshold", "early_stopping_divergence")
          .free();

  public static final Key<String> METRIC =
      Key.of(
              "train.early_stop.metric",
              Type.text("validation_loss, train_loss or a measure that gatun eval gives"),
              EarlyStop.VALIDATION_LOSS,
              "what tells the best checkpoint, and when to stop")
          .knownAs("monitor", "metric_for_best_model");

  public static final Key<Integer> STOP_PATIENCE =
      Key.of(
              "train.early_stop.patience",
              Type.whole(0, MOST),
              0,
              "stop after this many reports in a row without a better value; 0: never")
          .knownAs("early_stopping_patience");

  public static final Key<Double> MIN_CHANGE =
      Key.of(
              "train.early_stop.min_change",
              FROM_ZERO,
              0.0,
              "how much better than the best a value has to be to count")
          .knownAs("min_delta", "early_stopping_threshold");

  public static final Key<Integer> KEEP =
      Key.of(
              "train.checkpoint_keep",
              Type.whole(0, MOST),
              0,
              "how many of those of train.checkpoint_every stay under names of their own; 0: none")
          .knownAs("save_total_limit", "max_to_keep", "save_top_k", "keep_checkpoints");

  public static final Key<Integer> WATCH =
      Key.of(
              "train.watch_gradients",
              Type.whole(0, MOST),
              0,
              "steps between looks at the gradients of each layer and over time; 0: never")
          .knownAs("watch", "log_gradients", "track_grad_norm")
          .free();

  static final List<Key<?>> ALL =
      List.of(
          CLIP_VALUE,
          L1,
          L2,
          WEIGHT_LIMIT,
          ROW_NORM,
          GROUPS,
          KEEP,
          WATCH,
          AVERAGE,
          AVERAGE_DECAY,
          AVERAGE_START,
          AVERAGE_EVERY,
          RATE_FACTOR,
          LIMIT,
          RECOVERY,
          DIVERGENCE,
          METRIC,
          STOP_PATIENCE,
          MIN_CHANGE);

  private StabilityKeys() {}
}
