package dev.gatun.tests.search;

import dev.gatun.app.search.Space;
import dev.gatun.app.search.Strategy;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.Trial;
import java.util.stream.LongStream;

/**
 * Functions with known least values, as regret: Branin and Hartmann's of six variables (Dixon and
 * Szego 1978), and one of mixed parameters, one of them conditional. search.py has the same.
 */
enum TestFunctions {
  BRANIN(Space.empty().uniform("x", -5, 10).uniform("y", 0, 15)) {
    @Override
    double regret(Trial trial) {
      double x = trial.real("x");
      double y = trial.real("y");
      double root = y - 5.1 / (4 * Math.PI * Math.PI) * x * x + 5 / Math.PI * x - 6;
      return root * root + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10 - 0.39788735772973816;
    }
  },
  HARTMANN6(cube()) {
    private static final double[][] A = {
      {10, 3, 17, 3.5, 1.7, 8},
      {.05, 10, 17, .1, 8, 14},
      {3, 3.5, 1.7, 10, 17, 8},
      {17, 8, .05, 10, .1, 14}
    };
    private static final int[][] P = {
      {1312, 1696, 5569, 124, 8283, 5886},
      {2329, 4135, 8307, 3736, 1004, 9991},
      {2348, 1451, 3522, 2883, 3047, 6650},
      {4047, 8828, 8732, 5743, 1091, 381}
    };
    private static final double[] C = {1, 1.2, 3, 3.2};

    @Override
    double regret(Trial trial) {
      double value = 3.322368011415515;
      for (int i = 0; i < C.length; i++) {
        double exponent = 0;
        for (int j = 0; j < 6; j++) {
          double distance = trial.real("x" + (j + 1)) - 1e-4 * P[i][j];
          exponent += A[i][j] * distance * distance;
        }
        value -= C[i] * Math.exp(-exponent);
      }
      return value;
    }
  },
  MIXED(
      Space.empty()
          .categorical("cell", "lstm", "gru", "rnn")
          .logUniform("rate", 1e-4, 1)
          .logInteger("hidden", 8, 512)
          .integer("layers", 1, 4)
          .uniform("forget", 0, 3)
          .when("cell", "lstm")) {
    @Override
    double regret(Trial trial) {
      String cell = trial.text("cell");
      double best = cell.equals("lstm") ? -2 : cell.equals("gru") ? -2.5 : -3;
      double rate = Math.log10(trial.real("rate")) - best;
      double hidden = Math.log(trial.integer("hidden")) / Math.log(2) - 7;
      double value = cell.equals("lstm") ? 0 : cell.equals("gru") ? 0.1 : 0.5;
      value += rate * rate + 0.3 * hidden * hidden + 0.2 * Math.abs(trial.integer("layers") - 2);
      return trial.has("forget") ? value + 2 * Math.pow(trial.real("forget") - 1, 2) : value;
    }
  };

  @SuppressWarnings("ImmutableEnumChecker") // no space changes
  final Space space;

  TestFunctions(Space space) {
    this.space = space;
  }

  private static Space cube() {
    Space cube = Space.empty();
    for (int i = 1; i <= 6; i++) {
      cube = cube.uniform("x" + i, 0, 1);
    }
    return cube;
  }

  abstract double regret(Trial trial);

  /** The median over seeds 0, 1, ... of the least regret in so many trials. */
  double median(Strategy strategy, int seeds, int trials) {
    double[] least =
        LongStream.range(0, seeds)
            .mapToDouble(
                seed ->
                    Study.of(space)
                        .strategy(strategy)
                        .seed(seed)
                        .open()
                        .optimize(this::regret, trials)
                        .best()
                        .values()
                        .getFirst())
            .sorted()
            .toArray();
    return (least[seeds / 2] + least[(seeds - 1) / 2]) / 2;
  }
}
