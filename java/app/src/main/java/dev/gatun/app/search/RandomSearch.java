package dev.gatun.app.search;

import java.util.random.RandomGenerator;

/** Every trial drawn independently, evenly from each domain (Bergstra and Bengio 2012). */
public record RandomSearch() implements Strategy {
  @Override
  public double[] suggest(History history, RandomGenerator random) {
    return draw(history.space(), random);
  }

  static double[] draw(Space space, RandomGenerator random) {
    double[] places = new double[space.size()];
    for (int i = 0; i < places.length; i++) {
      places[i] = random.nextDouble();
    }
    return space.at(places);
  }
}
