package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.SgdRule;
import dev.gatun.model.ParameterSet;
import dev.gatun.optim.Adam;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.Place;
import dev.gatun.optim.Plateau;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Schedules;
import dev.gatun.optim.Sgd;
import org.jspecify.annotations.Nullable;

/** From the keys under {@code train:} to optimizer and schedule. */
public final class Updates {
  private Updates() {}

  /** The update rule. */
  public static Optimizer optimizer(Config config, ParameterSet parameters) {
    double clip = config.get(TrainKeys.CLIP);
    double maxNorm = clip > 0 ? clip : Double.POSITIVE_INFINITY;
    double decay = config.get(TrainKeys.WEIGHT_DECAY);
    Place place = config.get(TrainKeys.PLACE);
    TrainKeys.Optimizers name = config.get(TrainKeys.OPTIMIZER);
    if (name == TrainKeys.Optimizers.SGD) {
      double momentum = config.get(TrainKeys.MOMENTUM);
      boolean nesterov = config.get(TrainKeys.NESTEROV);
      if (nesterov && momentum == 0) {
        throw config.error(TrainKeys.NESTEROV, "true; it needs a momentum above 0");
      }
      return new Sgd(parameters, new SgdRule(momentum, nesterov, decay), maxNorm, place);
    }
    AdamRule rule =
        new AdamRule(
            config.get(TrainKeys.BETA1),
            config.get(TrainKeys.BETA2),
            config.get(TrainKeys.EPSILON),
            decay,
            name == TrainKeys.Optimizers.ADAMW);
    return new Adam(parameters, rule, maxNorm, place);
  }

  /** Whether steps are to be graphs, which only a GPU has. */
  public static boolean graphs(Config config, Backend backend) {
    boolean wanted = config.get(TrainKeys.GRAPHS);
    if (wanted && !backend.hasGraphs()) {
      throw config.error(
          TrainKeys.GRAPHS,
          "true; the backend %s has none, only a GPU does: leave it out, or use --device cuda"
              .formatted(backend.name()));
    }
    return wanted;
  }

  /** How many parameter-sized buffers the update rule keeps. */
  public static int moments(Config config) {
    return switch (config.get(TrainKeys.OPTIMIZER)) {
      case ADAM, ADAMW -> 2;
      case SGD -> config.get(TrainKeys.MOMENTUM) > 0 ? 1 : 0;
    };
  }

  /**
   * The rate of each step.
   *
   * @param epochSteps steps of an epoch
   */
  public static Schedule schedule(Config config, long epochSteps) {
    double rate = config.get(TrainKeys.RATE);
    int warmup = config.get(TrainKeys.WARMUP);
    long steps = steps(config, epochSteps);
    if (warmup >= steps) {
      throw config.error(
          TrainKeys.WARMUP, "%d; the run has %d steps; give less".formatted(warmup, steps));
    }
    Schedule main = schedule(config, rate, epochSteps, steps - warmup);
    return warmup > 0 ? Schedules.warmup(warmup, main) : main;
  }

  private static Schedule schedule(Config config, double rate, long epochSteps, long steps) {
    return switch (config.get(TrainKeys.SCHEDULE)) {
      case CONSTANT, PLATEAU -> Schedules.constant(rate);
      case COSINE -> Schedules.cosine(rate, rate * config.get(TrainKeys.FLOOR), steps);
      case COSINE_RESTARTS ->
          Schedules.cosineRestarts(
              rate,
              rate * config.get(TrainKeys.FLOOR),
              config.get(TrainKeys.PERIOD) * epochSteps,
              config.get(TrainKeys.MULTIPLY));
      case STEP ->
          Schedules.stepDecay(
              rate, config.get(TrainKeys.EVERY) * epochSteps, config.get(TrainKeys.GAMMA));
      case EXPONENTIAL ->
          Schedules.exponential(
              rate,
              Math.pow(
                  config.get(TrainKeys.GAMMA), 1.0 / (config.get(TrainKeys.EVERY) * epochSteps)));
      case ONE_CYCLE ->
          Schedules.oneCycle(
              rate,
              steps,
              config.get(TrainKeys.RISE),
              config.get(TrainKeys.START),
              config.get(TrainKeys.END));
      case INVERSE_SQRT -> Schedules.inverseSquareRoot(rate, config.get(TrainKeys.SCALE));
    };
  }

  /** What lowers the schedule's rate on a plateau; null for none. */
  public static @Nullable Plateau plateau(Config config) {
    return config.get(TrainKeys.SCHEDULE) != TrainKeys.Schedules.PLATEAU
        ? null
        : new Plateau(
            config.get(TrainKeys.GAMMA),
            config.get(TrainKeys.WAIT),
            config.get(TrainKeys.THRESHOLD),
            config.get(TrainKeys.COOLDOWN),
            config.get(TrainKeys.FLOOR));
  }

  /** The steps of the whole run. */
  public static long steps(Config config, long epochSteps) {
    long all = config.get(TrainKeys.EPOCHS) * epochSteps;
    int limit = config.get(TrainKeys.STEPS);
    return limit > 0 ? Math.min(limit, all) : all;
  }
}
