package dev.gatun.app.config;

import dev.gatun.optim.Place;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The keys under {@code train.optimizer:} and {@code train.schedule:}. */
public final class UpdateKeys {
  /** The update rules. */
  public enum Optimizers {
    ADAM,
    ADAMW,
    NADAM,
    SGD,
    ADAGRAD,
    ADADELTA,
    RMSPROP,
    LAMB,
    LION
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

  private static final int MOST = Integer.MAX_VALUE;
  private static final Type<Double> FRACTION = Type.number(Interval.atLeast(0).below(1));

  /** Rules that keep means of the gradient and of its square. */
  private static final List<Optimizers> MEANS =
      List.of(Optimizers.ADAM, Optimizers.ADAMW, Optimizers.NADAM, Optimizers.LAMB);

  public static final Key<Optimizers> OPTIMIZER =
      Key.of("train.optimizer.name", Type.oneOf(Optimizers.class), Optimizers.ADAM, "update rule")
          .knownAs("optim");

  public static final Key<Double> BETA1 =
      Key.of("train.optimizer.beta1", FRACTION, 0.9, "decay of the mean of gradients")
          .when(OPTIMIZER, with(MEANS, Optimizers.LION))
          .knownAs("beta_1", "betas");

  public static final Key<Double> BETA2 =
      Key.of("train.optimizer.beta2", FRACTION, 0.999, "decay of the mean of squared gradients")
          .when(OPTIMIZER, with(MEANS, Optimizers.LION))
          .defaultFor(OPTIMIZER, Map.of(Optimizers.LION, 0.99))
          .knownAs("beta_2");

  public static final Key<Double> EPSILON =
      Key.of(
              "train.optimizer.epsilon",
              Type.number(Interval.atLeast(1e-37)),
              1e-8,
              "added to the root")
          .when(OPTIMIZER, with(MEANS, Optimizers.ADAGRAD, Optimizers.ADADELTA, Optimizers.RMSPROP))
          .defaultFor(
              OPTIMIZER,
              Map.of(Optimizers.LAMB, 1e-6, Optimizers.ADADELTA, 1e-6, Optimizers.ADAGRAD, 1e-10))
          .knownAs("eps");

  public static final Key<Boolean> AMSGRAD =
      Key.of("train.optimizer.amsgrad", Type.flag(), false, "the root never falls")
          .when(OPTIMIZER, Optimizers.ADAM, Optimizers.ADAMW);

  public static final Key<Double> MOMENTUM_DECAY =
      Key.of(
              "train.optimizer.momentum_decay",
              Type.number(Interval.atLeast(0)),
              0.004,
              "how fast the momentum comes to beta1")
          .when(OPTIMIZER, Optimizers.NADAM);

  public static final Key<Double> KEEP =
      Key.of("train.optimizer.decay", FRACTION, 0.9, "decay of the mean of squared gradients")
          .when(OPTIMIZER, Optimizers.RMSPROP, Optimizers.ADADELTA)
          .defaultFor(OPTIMIZER, Map.of(Optimizers.ADADELTA, 0.95))
          .knownAs("rho", "smoothing_constant");

  public static final Key<Boolean> CENTERED =
      Key.of("train.optimizer.centered", Type.flag(), false, "the root is of a variance")
          .when(OPTIMIZER, Optimizers.RMSPROP);

  public static final Key<Double> RATE_DECAY =
      Key.of(
              "train.optimizer.rate_decay",
              Type.number(Interval.atLeast(0)),
              0.0,
              "how fast the rate falls besides")
          .when(OPTIMIZER, Optimizers.ADAGRAD)
          .knownAs("lr_decay");

  public static final Key<Double> MOMENTUM =
      Key.of("train.optimizer.momentum", FRACTION, 0.0, "decay of the velocity; 0: none")
          .when(OPTIMIZER, Optimizers.SGD, Optimizers.RMSPROP);

  public static final Key<Boolean> NESTEROV =
      Key.of("train.optimizer.nesterov", Type.flag(), false, "the step looks ahead")
          .when(OPTIMIZER, Optimizers.SGD);

  public static final Key<Boolean> DECAY_ALL =
      Key.of(
              "train.optimizer.decay_all",
              Type.flag(),
              false,
              "weight_decay is on biases and the gains of normalisation too")
          .knownAs("decay_biases");

  public static final Key<Place> PLACE =
      Key.of(
              "train.optimizer.place",
              Type.oneOf(Place.class),
              Place.DEVICE,
              "where a GPU's parameters are updated; host: by the CPU, which then keeps the moments")
          .knownAs("offload", "cpu_offload", "offload_optimizer")
          .free();

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

  static final List<Key<?>> ALL =
      List.of(
          OPTIMIZER,
          BETA1,
          BETA2,
          EPSILON,
          AMSGRAD,
          MOMENTUM_DECAY,
          KEEP,
          CENTERED,
          RATE_DECAY,
          MOMENTUM,
          NESTEROV,
          DECAY_ALL,
          PLACE,
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
          COOLDOWN);

  private UpdateKeys() {}

  private static Optimizers[] with(List<Optimizers> some, Optimizers... more) {
    return Stream.concat(some.stream(), Stream.of(more)).toArray(Optimizers[]::new);
  }
}
