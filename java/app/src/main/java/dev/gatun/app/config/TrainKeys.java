package dev.gatun.app.config;

import dev.gatun.Backends;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Precision;
import dev.gatun.optim.Place;
import java.nio.file.Path;
import java.util.List;

/** The keys under {@code train:}. */
public final class TrainKeys {
  /** The update rules. */
  public enum Optimizers {
    ADAM,
    ADAMW,
    SGD
  }

  /** How the rate changes over the run. */
  public enum Schedules {
    CONSTANT,
    COSINE,
    COSINE_RESTARTS,
    STEP,
    EXPONENTIAL,
    ONE_CYCLE,
    INVERSE_SQRT,
    PLATEAU
  }

  /** What a forecaster makes small. */
  public enum Losses {
    SQUARED,
    ABSOLUTE,
    HUBER,
    SUM_OF_SQUARES
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

  public static final Key<Losses> LOSS =
      Key.of("train.loss.name", Type.oneOf(Losses.class), Losses.SQUARED, "what becomes small")
          .when(DataKeys.TYPE, DataKeys.Kind.SERIES)
          .knownAs("criterion", "objective");

  public static final Key<Double> DELTA =
      Key.of("train.loss.delta", POSITIVE, 1.0, "the error from which the loss grows linearly")
          .when(LOSS, Losses.HUBER)
          .knownAs("huber_delta");

  public static final Key<Double> SMOOTHING =
      Key.of(
              "train.label_smoothing",
              FRACTION,
              0.0,
              "the part of each target that is spread evenly over all characters")
          .when(DataKeys.TYPE, DataKeys.Kind.TEXT)
          .knownAs("smoothing");

  public static final Key<Optimizers> OPTIMIZER =
      Key.of("train.optimizer.name", Type.oneOf(Optimizers.class), Optimizers.ADAM, "update rule")
          .knownAs("optim");

  public static final Key<Double> BETA1 =
      Key.of("train.optimizer.beta1", FRACTION, 0.9, "decay of the mean of gradients")
          .when(OPTIMIZER, Optimizers.ADAM, Optimizers.ADAMW)
          .knownAs("beta_1", "betas");

  public static final Key<Double> BETA2 =
      Key.of("train.optimizer.beta2", FRACTION, 0.999, "decay of the mean of squared gradients")
          .when(OPTIMIZER, Optimizers.ADAM, Optimizers.ADAMW)
          .knownAs("beta_2");

  public static final Key<Double> EPSILON =
      Key.of("train.optimizer.epsilon", POSITIVE, 1e-8, "added to the root")
          .when(OPTIMIZER, Optimizers.ADAM, Optimizers.ADAMW)
          .knownAs("eps");

  public static final Key<Double> MOMENTUM =
      Key.of("train.optimizer.momentum", FRACTION, 0.0, "decay of the velocity; 0: none")
          .when(OPTIMIZER, Optimizers.SGD);

  public static final Key<Boolean> NESTEROV =
      Key.of("train.optimizer.nesterov", Type.flag(), false, "the step looks ahead")
          .when(OPTIMIZER, Optimizers.SGD);

  public static final Key<Place> PLACE =
      Key.of(
              "train.optimizer.place",
              Type.oneOf(Place.class),
              Place.DEVICE,
              "where a GPU's parameters are updated; host: by the CPU, which then keeps the moments")
          .knownAs("offload", "cpu_offload", "offload_optimizer")
          .free();

  public static final Key<Double> RATE =
      Key.of("train.rate", POSITIVE, 1e-3, "the learning rate, the largest of the schedule")
          .knownAs("lr", "learning_rate", "initial_lr", "alpha");

  public static final Key<Double> WEIGHT_DECAY =
      Key.of(
              "train.weight_decay",
              Type.number(Interval.atLeast(0)),
              0.0,
              "L2 penalty (adamw: decoupled from the gradient)")
          .knownAs("l2", "decay", "wd");

  public static final Key<Double> CLIP =
      Key.of(
              "train.clip",
              Type.number(Interval.atLeast(0)),
              0.0,
              "largest global norm of the gradient; 0: no clipping")
          .knownAs(
              "max_norm", "clip_norm", "clipnorm", "grad_clip", "gradient_clip", "max_grad_norm");

  public static final Key<Schedules> SCHEDULE =
      Key.of(
              "train.schedule.name",
              Type.oneOf(Schedules.class),
              Schedules.CONSTANT,
              "how the rate changes")
          .knownAs("scheduler", "lr_scheduler", "lr_schedule");

  public static final Key<Integer> WARMUP =
      Key.of("train.schedule.warmup", Type.whole(0, MOST), 0, "steps of linear rise from 0")
          .knownAs("warmup_steps");

  public static final Key<Double> FLOOR =
      Key.of(
              "train.schedule.floor",
              Type.number(Interval.atLeast(0).atMost(1)),
              0.0,
              "where it ends, as a fraction of the rate")
          .when(SCHEDULE, Schedules.COSINE, Schedules.COSINE_RESTARTS, Schedules.PLATEAU)
          .knownAs("eta_min", "min_lr", "end_factor");

  public static final Key<Double> GAMMA =
      Key.of(
              "train.schedule.gamma",
              Type.number(Interval.above(0).below(1)),
              0.5,
              "factor at each drop")
          .when(SCHEDULE, Schedules.STEP, Schedules.EXPONENTIAL, Schedules.PLATEAU)
          .knownAs("factor", "decay_rate");

  public static final Key<Integer> EVERY =
      Key.of("train.schedule.every", Type.whole(1, MOST), 1, "epochs from one drop to the next")
          .when(SCHEDULE, Schedules.STEP, Schedules.EXPONENTIAL)
          .knownAs("step_size", "decay_steps");

  public static final Key<Integer> PERIOD =
      Key.of("train.schedule.period", Type.whole(1, MOST), 10, "epochs of the first cosine")
          .when(SCHEDULE, Schedules.COSINE_RESTARTS)
          .knownAs("t_0", "cycle", "restart_every");

  public static final Key<Integer> MULTIPLY =
      Key.of(
              "train.schedule.multiply",
              Type.whole(1, 1000),
              1,
              "how many times as long as the one before each cosine is")
          .when(SCHEDULE, Schedules.COSINE_RESTARTS)
          .knownAs("t_mult");

  public static final Key<Double> RISE =
      Key.of(
              "train.schedule.rise",
              Type.number(Interval.above(0).below(1)),
              0.3,
              "the fraction of the run in which the rate rises")
          .when(SCHEDULE, Schedules.ONE_CYCLE)
          .knownAs("pct_start");

  public static final Key<Double> START =
      Key.of(
              "train.schedule.start",
              Type.number(Interval.atLeast(1)),
              25.0,
              "how many times lower the first rate is")
          .when(SCHEDULE, Schedules.ONE_CYCLE)
          .knownAs("div_factor");

  public static final Key<Double> END =
      Key.of(
              "train.schedule.end",
              Type.number(Interval.atLeast(1)),
              1e4,
              "how many times lower than the first the last rate is")
          .when(SCHEDULE, Schedules.ONE_CYCLE)
          .knownAs("final_div_factor");

  public static final Key<Integer> SCALE =
      Key.of(
              "train.schedule.scale",
              Type.whole(1, MOST),
              1000,
              "steps after which the rate has fallen to 0.71 of itself; usual: as many as of warmup")
          .when(SCHEDULE, Schedules.INVERSE_SQRT)
          .knownAs("timescale");

  public static final Key<Integer> WAIT =
      Key.of(
              "train.schedule.patience",
              Type.whole(0, MOST),
              10,
              "reports in a row without a better loss that are borne before a drop")
          .when(SCHEDULE, Schedules.PLATEAU);

  public static final Key<Double> THRESHOLD =
      Key.of(
              "train.schedule.threshold",
              FRACTION,
              1e-4,
              "the fraction by which a loss has to be lower to be better")
          .when(SCHEDULE, Schedules.PLATEAU)
          .knownAs("min_delta");

  public static final Key<Integer> COOLDOWN =
      Key.of(
              "train.schedule.cooldown",
              Type.whole(0, MOST),
              0,
              "reports after a drop in which nothing is counted")
          .when(SCHEDULE, Schedules.PLATEAU);

  public static final Key<Integer> ACCUMULATE =
      Key.of("train.accumulate", Type.whole(1, 1 << 16), 1, "batches whose gradients make one step")
          .knownAs("accumulation_steps", "gradient_accumulation_steps", "accumulate_grad_batches");

  public static final Key<Boolean> GRAPHS =
      Key.of(
              "train.graphs",
              Type.flag(),
              false,
              "a GPU repeats whole steps as CUDA graphs, with the same results")
          .knownAs("cuda_graphs", "cudagraphs", "cuda_graph")
          .free();

  public static final Key<Integer> PATIENCE =
      Key.of(
              "train.patience",
              Type.whole(0, MOST),
              0,
              "stop after this many reports in a row without a better validation loss; 0: never")
          .knownAs("early_stopping", "early_stop");

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
              "what computes")
          .knownAs("backend", "accelerator");

  public static final Key<DropoutMasks> DROPOUT_MASKS =
      Key.of(
              "train.dropout_masks",
              Type.oneOf(DropoutMasks.class),
              DropoutMasks.GATUN,
              "who draws dropout masks between recurrent layers on a GPU; gatun: as on a CPU")
          .knownAs("cudnn_dropout");

  public static final Key<Precision> PRECISION =
      Key.of(
              "train.precision",
              Type.oneOf(Precision.class),
              Precision.FP32,
              "what products and recurrent layers compute in; all but fp32 need a GPU")
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
          RATE,
          WEIGHT_DECAY,
          CLIP,
          LOSS,
          DELTA,
          SMOOTHING,
          OPTIMIZER,
          BETA1,
          BETA2,
          EPSILON,
          MOMENTUM,
          NESTEROV,
          PLACE,
          GRAPHS,
          SCHEDULE,
          WARMUP,
          FLOOR,
          GAMMA,
          EVERY,
          PERIOD,
          MULTIPLY,
          RISE,
          START,
          END,
          SCALE,
          WAIT,
          THRESHOLD,
          COOLDOWN,
          ACCUMULATE,
          PATIENCE,
          REPORT_EVERY,
          CHECKPOINT_EVERY,
          SEED,
          INIT,
          OVERFIT,
          DEVICE,
          DROPOUT_MASKS,
          PRECISION,
          THREADS);

  private TrainKeys() {}
}
