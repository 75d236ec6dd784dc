package dev.gatun.tests.cli;

import java.util.Locale;
import java.util.Random;

/** Small data and configurations that train in a second. */
final class Samples {
  private Samples() {}

  /** A wave of period 8 that a small network learns at once. */
  static String wave(int rows) {
    StringBuilder csv = new StringBuilder("day,level,other\n");
    for (int i = 0; i < rows; i++) {
      double level = 10 + 3 * Math.sin(i * Math.PI / 4);
      csv.append(String.format(Locale.ROOT, "%d,%.6f,%d%n", 100 + i, level, i % 5));
    }
    return csv.toString();
  }

  static final String SERIES =
      """
      data:
        type: series
        path: wave.csv
        time: day
        targets: level
        window: 8
        season: 8
        validation: 0.2
        test: 40
      model:
        cell: gru
        hidden: 8
      train:
        epochs: 12
        batch: 16
        rate: 0.02
        seed: 3
      """;

  /** Sentences with some variety, from a generator with a fixed seed. */
  static String prose(int sentences) {
    String[] who = {"the cat", "a dog", "the old man", "she"};
    String[] does = {"sees", "eats", "wants"};
    String[] what = {"the fish", "a hat", "nothing", "the red door"};
    Random random = new Random(7);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < sentences; i++) {
      text.append(who[random.nextInt(who.length)]).append(' ');
      text.append(does[random.nextInt(does.length)]).append(' ');
      text.append(what[random.nextInt(what.length)]).append(".\n");
    }
    return text.toString();
  }

  static final String TEXT =
      """
      data:
        type: text
        path: prose.txt
        validation: 0.1
      model:
        embedding: 8
        hidden: 16
        layers: 2
        dropout: 0.1
      train:
        epochs: 4
        batch: 8
        time_steps: 16
        rate: 0.01
        schedule: cosine
        clip: 5
        seed: 5
      """;
}
