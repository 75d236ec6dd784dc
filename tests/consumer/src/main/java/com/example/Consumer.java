package com.example;

import module dev.gatun;
import module java.base;

/** Learns the next value of a sine, saves, loads, streams from two threads, closes. */
public final class Consumer {
  private static final int STEPS = 32;
  private static final ModelSpec LAYERS =
      ModelSpec.of(Signal.features(1), RecurrentLayer.lstm(16).lastState(), Linear.of(1));

  private Consumer() {}

  public static void main(String[] args) throws Exception {
    onlyGatunOnThePath();
    Path file = Path.of(args[0]);
    try (Backend backend = Backends.open("cpu")) {
      train(backend, file);
      try (Model model = LAYERS.build(backend, 2)) {
        model.load(file);
        try (Session one = model.session();
            Session two = model.session();
            var threads = Executors.newFixedThreadPool(2)) {
          for (var error : threads.invokeAll(List.of(stream(one, 300), stream(two, 500)))) {
            require(error.get() < 0.1, "a forecast is off by " + error.get());
          }
        }
      }
      System.out.println("trained, saved, loaded and streamed on " + backend.description());
    }
  }

  private static void train(Backend backend, Path file) throws IOException {
    float[][][] x = new float[256][STEPS][1];
    float[][] y = new float[256][1];
    for (int i = 0; i < x.length; i++) {
      for (int t = 0; t < STEPS; t++) {
        x[i][t][0] = sine(i + t);
      }
      y[i][0] = sine(i + STEPS);
    }
    try (var data = ArraySource.shuffled(Examples.features(x).values(y), 32, 7);
        var model = LAYERS.build(backend, 1);
        var adam = new Adam(model.parameters(), AdamRule.DEFAULT, 1);
        var trainer =
            Trainer.of(model, new MeanSquaredError(), adam, Schedules.constant(0.01), data)
                .epochs(20)
                .build()) {
      trainer.run();
      model.save(file);
    }
  }

  private static Callable<Double> stream(Session session, int from) {
    return () -> {
      for (int t = 0; t < STEPS; t++) {
        session.step(new float[] {sine(from + t)});
      }
      return Math.abs(session.output().get(0) - sine(from + STEPS));
    };
  }

  private static float sine(int i) {
    return (float) Math.sin(0.3 * i);
  }

  private static void onlyGatunOnThePath() {
    String path = System.getProperty("jdk.module.path", System.getProperty("java.class.path"));
    List<String> others =
        Stream.of(path.split(File.pathSeparator))
            .map(element -> new File(element).getName())
            .filter(name -> !name.matches("classes|gatun-.*|jspecify-.*|openblas-.*"))
            .toList();
    require(others.isEmpty(), "on the path besides Gatun: " + others);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalStateException(message);
    }
  }
}
