package dev.gatun.tests.device;

import dev.gatun.bindings.generated.cudart.cudart_h;
import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.persist.Json;
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.DnnStack;
import dev.gatun.tests.support.DnnStack.Shape;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.opentest4j.AssertionFailedError;

/** Milliseconds of forward and of both backward calls by each algorithm; medians, warm. */
final class AlgorithmTimes {
  private static final int RUNS = DeviceRun.size(21, 3);

  private AlgorithmTimes() {}

  static void ask(Map<String, Json> answers) {
    Map<String, Integer> algorithms = new LinkedHashMap<>();
    algorithms.put("standard", cudnn_h.CUDNN_RNN_ALGO_STANDARD());
    algorithms.put("small_h", cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H());
    algorithms.put("persist_static", cudnn_h.CUDNN_RNN_ALGO_PERSIST_STATIC());
    algorithms.put("persist_dynamic", cudnn_h.CUDNN_RNN_ALGO_PERSIST_DYNAMIC());
    int[][] shapes =
        DeviceRun.small()
            ? new int[][] {{8, 3, 2}}
            : new int[][] {
              {64, 64, 32}, {128, 64, 32}, {128, 100, 1}, {192, 64, 32}, {256, 150, 16},
              {256, 150, 64}, {384, 64, 32}, {512, 25, 16}, {512, 25, 64}, {1024, 25, 64},
              {1536, 50, 16}, {2048, 25, 64},
            };
    for (int cell : new int[] {cudnn_h.CUDNN_LSTM(), cudnn_h.CUDNN_GRU()}) {
      for (int[] sizes : shapes) {
        Shape shape = RawStack.equal(cell, sizes[0], sizes[1], sizes[2]);
        Map<String, Json> times = new LinkedHashMap<>();
        algorithms.forEach((name, code) -> times.put(name, Json.of(time(shape, code))));
        String kind = cell == cudnn_h.CUDNN_LSTM() ? "lstm" : "gru";
        answers.put("%s_h%d_t%d_n%d".formatted(kind, sizes[0], sizes[1], sizes[2]), Json.of(times));
      }
    }
  }

  private static String time(Shape shape, int algorithm) {
    try (DnnStack stack = RawStack.open(shape, algorithm)) {
      double[] forward = new double[RUNS];
      double[] backward = new double[RUNS];
      for (int i = -2; i < RUNS; i++) {
        int before = stack.synchronize();
        final long start = System.nanoTime();
        int status = stack.forward();
        int end = stack.synchronize();
        final long middle = System.nanoTime();
        int data = stack.backwardData();
        int weights = stack.backwardWeights();
        int last = stack.synchronize();
        final long done = System.nanoTime();
        for (int each : new int[] {before, status, end, data, weights, last}) {
          if (each != cudart_h.cudaSuccess()) {
            return "statuses %d %d %d %d %d".formatted(status, end, data, weights, last);
          }
        }
        if (i >= 0) {
          forward[i] = (middle - start) * 1e-6;
          backward[i] = (done - middle) * 1e-6;
        }
      }
      return "%.4f forward, %.4f backward, %d bytes of reserve"
          .formatted(median(forward), median(backward), stack.reserveBytes);
    } catch (AssertionFailedError e) {
      return "refused: " + e.getMessage();
    }
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return values[values.length / 2];
  }
}
