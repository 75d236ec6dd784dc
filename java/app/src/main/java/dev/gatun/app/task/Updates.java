package dev.gatun.app.task;

import dev.gatun.app.config.Config;
import dev.gatun.app.config.EmbeddingKeys;
import dev.gatun.app.config.Key;
import dev.gatun.app.config.StabilityKeys;
import dev.gatun.app.config.TrainKeys;
import dev.gatun.app.config.UpdateKeys;
import dev.gatun.app.config.WeightGroup;
import dev.gatun.backend.AdadeltaRule;
import dev.gatun.backend.AdagradRule;
import dev.gatun.backend.AdamRule;
import dev.gatun.backend.Backend;
import dev.gatun.backend.LambRule;
import dev.gatun.backend.LionRule;
import dev.gatun.backend.NadamRule;
import dev.gatun.backend.RmsPropRule;
import dev.gatun.backend.SgdRule;
import dev.gatun.backend.UpdateRule;
import dev.gatun.model.ParameterSet;
import dev.gatun.optim.Constraints;
import dev.gatun.optim.Optimizer;
import dev.gatun.optim.ParameterGroup;
import dev.gatun.optim.Plateau;
import dev.gatun.optim.RuleOptimizer;
import dev.gatun.optim.Schedule;
import dev.gatun.optim.Schedules;
import dev.gatun.optim.UpdateOptions;
import org.jspecify.annotations.Nullable;

/** From the keys under {@code train:} to optimizer and schedule. */
public final class Updates {
  private Updates() {}

  /** The optimizer. */
  public static Optimizer optimizer(Config config, ParameterSet parameters) {
    UpdateOptions options =
        UpdateOptions.DEFAULT
            .withMaxNorm(limit(config.get(TrainKeys.CLIP)))
            .with(constraints(config))
            .withPlace(config.get(UpdateKeys.PLACE));
    options = config.get(UpdateKeys.DECAY_ALL) ? options.decayingAll() : options;
    if (TokenLayers.embeds(config) && config.get(EmbeddingKeys.LAZY)) {
      if (config.get(UpdateKeys.OPTIMIZER) == UpdateKeys.Optimizers.LAMB) {
        throw config.error(
            EmbeddingKeys.LAZY, "true; lamb goes by whole tables; give another optimizer");
      }
    }
    if (TokenLayers.embeds(config) && config.get(EmbeddingKeys.FROZEN)) {
      options = options.withGroup(ParameterGroup.of(TokenLayers.names(config), 0, 0));
    }
    for (String names : config.get(TrainKeys.FROZEN)) {
      options = options.withGroup(ParameterGroup.of(names, 0, 0));
    }
    check(config, TrainKeys.FROZEN, options, parameters);
    for (WeightGroup each : config.get(StabilityKeys.GROUPS)) {
      ParameterGroup group = ParameterGroup.of(each.parameters(), each.rate(), each.decay());
      options = options.withGroup(each.clip() > 0 ? group.clippedAt(each.clip()) : group);
    }
    check(config, StabilityKeys.GROUPS, options, parameters);
    if (TokenLayers.embeds(config) && config.get(EmbeddingKeys.LAZY)) {
      options = options.withLazyRows(TokenLayers.names(config));
      check(config, EmbeddingKeys.LAZY, options, parameters);
    }
    return new RuleOptimizer(parameters, rule(config), options);
  }

  private static void check(
      Config config, Key<?> key, UpdateOptions options, ParameterSet parameters) {
    try {
      options.check(parameters);
    } catch (IllegalArgumentException e) {
      throw config.error(key, String.valueOf(e.getMessage()));
    }
  }

  /** 0 is written for no limit. */
  private static double limit(double value) {
    return value > 0 ? value : Double.POSITIVE_INFINITY;
  }

  private static Constraints constraints(Config config) {
    return new Constraints(
        limit(config.get(StabilityKeys.CLIP_VALUE)),
        config.get(StabilityKeys.L1),
        config.get(StabilityKeys.L2),
        limit(config.get(StabilityKeys.WEIGHT_LIMIT)),
        limit(config.get(StabilityKeys.ROW_NORM)));
  }

  private static UpdateRule rule(Config config) {
    double decay = config.get(TrainKeys.WEIGHT_DECAY);
    UpdateKeys.Optimizers name = config.get(UpdateKeys.OPTIMIZER);
    return switch (name) {
      case SGD -> {
        double momentum = config.get(UpdateKeys.MOMENTUM);
        boolean nesterov = config.get(UpdateKeys.NESTEROV);
        if (nesterov && momentum == 0) {
          throw config.error(UpdateKeys.NESTEROV, "true; it needs a momentum above 0");
        }
        yield new SgdRule(momentum, nesterov, decay);
      }
      case ADAM, ADAMW ->
          new AdamRule(
              config.get(UpdateKeys.BETA1),
              config.get(UpdateKeys.BETA2),
              config.get(UpdateKeys.EPSILON),
              decay,
              name == UpdateKeys.Optimizers.ADAMW,
              config.get(UpdateKeys.AMSGRAD));
      case NADAM ->
          new NadamRule(
              config.get(UpdateKeys.BETA1),
              config.get(UpdateKeys.BETA2),
              config.get(UpdateKeys.EPSILON),
              config.get(UpdateKeys.MOMENTUM_DECAY),
              decay);
      case ADAGRAD ->
          new AdagradRule(config.get(UpdateKeys.EPSILON), config.get(UpdateKeys.RATE_DECAY), decay);
      case ADADELTA ->
          new AdadeltaRule(config.get(UpdateKeys.KEEP), config.get(UpdateKeys.EPSILON), decay);
      case RMSPROP ->
          new RmsPropRule(
              config.get(UpdateKeys.KEEP),
              config.get(UpdateKeys.EPSILON),
              config.get(UpdateKeys.CENTERED),
              config.get(UpdateKeys.MOMENTUM),
              decay);
      case LAMB ->
          new LambRule(
              config.get(UpdateKeys.BETA1),
              config.get(UpdateKeys.BETA2),
              config.get(UpdateKeys.EPSILON),
              decay);
      case LION -> new LionRule(config.get(UpdateKeys.BETA1), config.get(UpdateKeys.BETA2), decay);
    };
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
    return rule(config).moments().size();
  }

  /**
   * The rate of each step.
   *
   * @param epochSteps steps of an epoch
   */
  public static Schedule schedule(Config config, long epochSteps) {
    double rate = config.get(TrainKeys.RATE);
    int warmup = config.get(UpdateKeys.WARMUP);
    long steps = steps(config, epochSteps);
    if (warmup >= steps) {
      throw config.error(
          UpdateKeys.WARMUP, "%d; the run has %d steps; give less".formatted(warmup, steps));
    }
    Schedule main = schedule(config, rate, epochSteps, steps - warmup);
    return warmup > 0 ? Schedules.warmup(warmup, main) : main;
  }

  private static Schedule schedule(Config config, double rate, long epochSteps, long steps) {
    return switch (config.get(UpdateKeys.SCHEDULE)) {
      case CONSTANT, PLATEAU -> Schedules.constant(rate);
      case COSINE -> Schedules.cosine(rate, rate * config.get(UpdateKeys.FLOOR), steps);
      case COSINE_RESTARTS ->
          Schedules.cosineRestarts(
              rate,
              rate * config.get(UpdateKeys.FLOOR),
              config.get(UpdateKeys.PERIOD) * epochSteps,
              config.get(UpdateKeys.MULTIPLY));
      case STEP ->
          Schedules.stepDecay(
              rate, config.get(UpdateKeys.EVERY) * epochSteps, config.get(UpdateKeys.GAMMA));
      case EXPONENTIAL ->
          Schedules.exponential(
              rate,
              Math.pow(
                  config.get(UpdateKeys.GAMMA), 1.0 / (config.get(UpdateKeys.EVERY) * epochSteps)));
      case ONE_CYCLE ->
          Schedules.oneCycle(
              rate,
              steps,
              config.get(UpdateKeys.RISE),
              config.get(UpdateKeys.START),
              config.get(UpdateKeys.END));
      case INVERSE_SQRT -> Schedules.inverseSquareRoot(rate, config.get(UpdateKeys.SCALE));
    };
  }

  /** What lowers the schedule's rate on a plateau; null for none. */
  public static @Nullable Plateau plateau(Config config) {
    return config.get(UpdateKeys.SCHEDULE) != UpdateKeys.Schedules.PLATEAU
        ? null
        : new Plateau(
            config.get(UpdateKeys.GAMMA),
            config.get(UpdateKeys.WAIT),
            config.get(UpdateKeys.THRESHOLD),
            config.get(UpdateKeys.COOLDOWN),
            config.get(UpdateKeys.FLOOR));
  }

  /** The steps of the whole run. */
  public static long steps(Config config, long epochSteps) {
    long all = config.get(TrainKeys.EPOCHS) * epochSteps;
    int limit = config.get(TrainKeys.STEPS);
    return limit > 0 ? Math.min(limit, all) : all;
  }
}
