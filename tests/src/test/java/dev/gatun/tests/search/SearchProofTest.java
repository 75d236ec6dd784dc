package dev.gatun.tests.search;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.search.GaussianProcessSearch;
import dev.gatun.app.search.MemoryLog;
import dev.gatun.app.search.RandomSearch;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TreeParzenSearch;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the strategies reach in 60 trials: by 5 seeds in every build, by 20 with {@code
 * -Dgatun.search.seeds=20}. Optuna's figures, of search.py, are of 20.
 */
class SearchProofTest {
  private static final int TRIALS = 60;

  /** Of processor time: with what is compiled in these trials, and slack for a slow machine. */
  private static final double MILLISECONDS = 200;

  private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

  private static Map<String, Double> optuna() throws IOException {
    try (InputStream in = SearchProofTest.class.getResourceAsStream("/search/optuna.csv")) {
      if (in == null) {
        throw new IOException("no optuna.csv");
      }
      Map<String, Double> medians = new HashMap<>();
      List<String> lines = new String(in.readAllBytes(), UTF_8).lines().skip(1).toList();
      for (String line : lines) {
        int comma = line.lastIndexOf(',');
        medians.put(line.substring(0, comma), Double.valueOf(line.substring(comma + 1)));
      }
      return medians;
    }
  }

  @ParameterizedTest
  @EnumSource
  void bayesianStrategiesBeatRandomSearchAndThePeer(TestFunctions function) throws IOException {
    int seeds = Integer.getInteger("gatun.search.seeds", 5);
    String name = function.name().toLowerCase(Locale.ROOT);
    double peer = optuna().getOrDefault(name + ",tpe", Double.NaN);
    double random = function.median(new RandomSearch(), seeds, TRIALS);
    double process = function.median(new GaussianProcessSearch(), seeds, TRIALS);
    double parzen = function.median(new TreeParzenSearch(), seeds, TRIALS);
    String figures =
        "%s, %d seeds: random %.4f, Gaussian process %.4f, TPE %.4f, Optuna's TPE %.4f"
            .formatted(name, seeds, random, process, parzen, peer);
    System.out.println(figures);
    assertTrue(process <= random / 2, figures);
    assertTrue(parzen <= random / 2, figures);
    if (seeds >= 20) { // the median of five is too coarse to hold against one of twenty
      assertTrue(process <= peer, figures);
    }
  }

  /** The last of 500 trials take no longer than they may. */
  @Test
  void fiveHundredTrialsAreNotTooMany() {
    for (var strategy : List.of(new GaussianProcessSearch(), new TreeParzenSearch())) {
      Study study =
          Study.of(TestFunctions.HARTMANN6.space).strategy(new RandomSearch()).seed(1).open();
      study.optimize(TestFunctions.HARTMANN6::regret, 495);
      var log = new MemoryLog();
      Study second = Study.of(TestFunctions.HARTMANN6.space).strategy(strategy).log(log).open();
      study.trials().forEach(t -> second.tell(second.ask(study.values(t)), t.values().getFirst()));
      long start = CPU.getCurrentThreadCpuTime();
      second.optimize(TestFunctions.HARTMANN6::regret, 5);
      double each = (CPU.getCurrentThreadCpuTime() - start) / 5e6;
      System.out.printf("%s: %.1f ms a trial after 495%n", strategy, each);
      assertTrue(each < MILLISECONDS, strategy + ": " + each + " ms");
    }
  }
}
