package com.example;

import module dev.gatun;
import module java.base;

/** Learns the next value of a sine, saves, loads, streams from two threads, closes. */
public final class Consumer {
  private static final ModelSpec LAYERS =
      ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(16).lastState(), Linear.of(1));

  private Consumer() {}

  public static void main(String[] args) throws Exception {
    Path file = Path.of(args[0]);
    try (Backend backend = Backends.open("cpu")) {
      train(backend, file);
      try (Model model = LAYERS.build(backend, 2)) {
        model.load(file);
        try (Session one = model.session();
            Session two = model.session();
            var threads = Executors.newFixedThreadPool(2)) {
          for (var error : threads.invokeAll(List.of(stream(one, 300), stream(two, 500)))) {
            if (!(error.get() < 0.1)) {
              throw new IllegalStateException("a forecast is off by " + error.get());
            }
          }
        }
      }
      System.out.println("trained, saved, loaded and streamed on " + backend.description());
    }
  }

  private static void train(Backend backend, Path file) throws IOException {
    float[][][] x = new float[256][32][1];
    float[][] y = new float[256][1];
    for (int i = 0; i < 256; i++) {
      for (int t = 0; t <= 32; t++) {
        (t < 32 ? x[i][t] : y[i])[0] = (float) Math.sin(0.3 * (i + t));
      }
    }
    var rate = Schedules.constant(0.01);
    try (var data = ArraySource.shuffled(Examples.features(x).values(y), 32, 7);
        var model = LAYERS.build(backend, 1);
        var adam = new RuleOptimizer(model.parameters(), AdamRule.DEFAULT, 1);
        var run = Trainer.of(model, NumericLoss.meanSquaredError(), adam, rate, data).epochs(20).build()) {
      run.run();
      model.save(file);
    }
  }

  private static Callable<Double> stream(Session session, int from) {
    return () -> {
      for (int t = 0; t < 32; t++) {
        session.step(new float[] {(float) Math.sin(0.3 * (from + t))});
      }
      return Math.abs(session.output().get(0) - Math.sin(0.3 * (from + 32)));
    };
  }
}
