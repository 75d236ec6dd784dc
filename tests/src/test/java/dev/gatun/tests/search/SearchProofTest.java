package dev.gatun.tests.search;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.search.GaussianProcessSearch;
import dev.gatun.app.search.MemoryLog;
import dev.gatun.app.search.RandomSearch;
import dev.gatun.app.search.Study;
import dev.gatun.app.search.TreeParzenSearch;
import dev.gatun.app.search.gaussian.Algebra;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the strategies reach in 60 trials: by 3 seeds in every build, by 20 with {@code
 * -Dgatun.search.seeds=20}. Optuna's figures, of search.py, are of 20.
 */
class SearchProofTest {
  private static final int TRIALS = 60;

  /** Of processor time, which a machine's other work leaves nearly alone. */
  private static final double MILLISECONDS = 50;

  /** Trials that are timed; before them as many warm the virtual machine up. */
  private static final int TIMED = 11;

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
    int seeds = Integer.getInteger("gatun.search.seeds", 3);
    String name = function.name().toLowerCase(Locale.ROOT);
    double peer = optuna().getOrDefault(name + ",tpe", Double.NaN);
    double random = function.median(new RandomSearch(), seeds, TRIALS);
    double process = function.median(new GaussianProcessSearch(), seeds, TRIALS);
    double parzen = function.median(new TreeParzenSearch(), seeds, TRIALS);
    String figures =
        "%s, %d seeds: random %.4f, Gaussian process %.4f, TPE %.4f, Optuna's TPE %.4f"
            .formatted(name, seeds, random, process, parzen, peer);
    System.out.println(figures + ", " + Algebra.best());
    assertTrue(process <= random / 2, figures);
    assertTrue(parzen <= random / 2, figures);
    assertTrue(process <= peer, figures);
    if (seeds >= 20) { // the median of three is too coarse to hold TPE against one of twenty
      assertTrue(parzen <= peer, figures);
    }
  }

  /** Around the 500th a trial's choice takes no longer than it may. */
  @Test
  void fiveHundredTrialsAreNotTooMany() {
    for (var strategy : List.of(new GaussianProcessSearch(), new TreeParzenSearch())) {
      Study study =
          Study.of(TestFunctions.HARTMANN6.space).strategy(new RandomSearch()).seed(1).open();
      study.optimize(TestFunctions.HARTMANN6::regret, 500 - TIMED);
      var log = new MemoryLog();
      Study second = Study.of(TestFunctions.HARTMANN6.space).strategy(strategy).log(log).open();
      study.trials().forEach(t -> second.tell(second.ask(study.values(t)), t.values().getFirst()));
      timed(second);
      double[] each = timed(second);
      System.out.printf("%s: %.1f ms a trial at 500%n", strategy, each[TIMED / 2]);
      assertTrue(each[TIMED / 2] < MILLISECONDS, strategy + ": " + Arrays.toString(each) + " ms");
    }
  }

  /** Milliseconds of processor time, ascending. */
  private static double[] timed(Study study) {
    double[] each = new double[TIMED];
    for (int i = 0; i < TIMED; i++) {
      long start = CPU.getCurrentThreadCpuTime();
      study.optimize(TestFunctions.HARTMANN6::regret, 1);
      each[i] = (CPU.getCurrentThreadCpuTime() - start) / 1e6;
    }
    Arrays.sort(each);
    return each;
  }
}
