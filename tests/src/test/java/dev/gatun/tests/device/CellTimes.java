package dev.gatun.tests.device;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.persist.Json;
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import dev.gatun.tests.support.Subjects;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Milliseconds of our own cells, step by step and in one launch; medians, warm. */
final class CellTimes {
  private static final String SETTING = "gatun.cuda.cells";
  private static final int RUNS = DeviceRun.size(21, 3);
  private static final int CALLS = DeviceRun.size(10, 1);
  private static final Set<Part> PARTS = EnumSet.complementOf(EnumSet.of(Part.LENGTHS));

  private CellTimes() {}

  static void ask(Map<String, Json> answers) {
    int[][] shapes =
        DeviceRun.small()
            ? new int[][] {{8, 3, 2}}
            : new int[][] {
              {32, 64, 32},
              {64, 64, 32},
              {64, 64, 512},
              {128, 64, 32},
              {128, 64, 256},
              {128, 100, 1},
              {152, 64, 32},
            };
    Map<String, RecurrentSpec> cells = new LinkedHashMap<>();
    for (int[] sizes : shapes) {
      int h = sizes[0];
      RecurrentSpec lstm = RecurrentSpec.of(Cell.LSTM, h, h);
      Regularization none = Regularization.NONE;
      cells.put("lstm", lstm);
      if (!DeviceRun.small()) {
        cells.put("lstm_norm", lstm.regularized(Regularization.LAYER_NORM));
        cells.put("lstm_zoneout", lstm.regularized(none.withZoneout(0.1, 0.1)));
        cells.put("lstm_variational", lstm.regularized(none.withVariational(0.2, 0.2)));
        cells.put("gru", RecurrentSpec.of(Cell.GRU, h, h));
        cells.put("gru_reset_before", RecurrentSpec.of(Cell.GRU_RESET_BEFORE, h, h));
        cells.put("tanh", RecurrentSpec.of(Cell.TANH, h, h));
      }
      cells.forEach(
          (name, spec) -> {
            Map<String, Json> times = new LinkedHashMap<>();
            for (String steps : new String[] {"stepwise", "persistent"}) {
              times.put(steps, Json.of(time(spec, sizes[1], sizes[2], steps)));
            }
            answers.put("%s_h%d_t%d_n%d".formatted(name, h, sizes[1], sizes[2]), Json.of(times));
          });
    }
  }

  private static String time(RecurrentSpec spec, int t, int n, String steps) {
    System.setProperty(SETTING, steps);
    try (Backend backend = Subjects.open(Subjects.OWN_CELLS);
        Stack stack = new Stack(backend, spec, t, n, Mode.TRAINING, PARTS)) {
      stack.randomize(new Random(1));
      double[] forward = new double[RUNS];
      double[] both = new double[RUNS];
      for (int i = -2; i < RUNS; i++) {
        double one = milliseconds(stack, () -> stack.plan.forward(t, n));
        double two =
            milliseconds(
                stack,
                () -> {
                  stack.plan.forward(t, n);
                  stack.plan.backward();
                });
        if (i >= 0) {
          forward[i] = one;
          both[i] = two;
        }
      }
      return "%.4f forward, %.4f with backward".formatted(median(forward), median(both));
    } finally {
      System.clearProperty(SETTING);
    }
  }

  /** Of one of some calls, which the host asks for at once and then waits for. */
  private static double milliseconds(Stack stack, Runnable call) {
    stack.read("hn");
    final long start = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      call.run();
    }
    stack.read("hn");
    return (System.nanoTime() - start) * 1e-6 / CALLS;
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }
}
