package dev.gatun.tests.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.DropoutMasks;
import dev.gatun.backend.Mode;
import dev.gatun.backend.Precision;
import dev.gatun.backend.RecurrentAlgorithms;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.persist.Json;
import dev.gatun.tests.support.DeviceRun;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** What computes stacks of some shapes fastest, and that it is asked once. */
@OnDevice
class MeasuredIT {
  private static final EnumSet<Part> PARTS = EnumSet.of(Part.DY, Part.DX);
  private final List<String> lines = new ArrayList<>();

  private final Handler ear =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          lines.add(entry.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private static void plan(Backend backend, Cell cell, int layers, int[] sizes, Mode mode) {
    RecurrentSpec spec = RecurrentSpec.of(cell, sizes[0], sizes[0]).stacked(layers, 0);
    new Stack(backend, spec, sizes[1], sizes[2], mode, PARTS).close();
  }

  private static Map<String, Json> choices(Precision precision) {
    int[][] shapes =
        DeviceRun.small()
            ? new int[][] {{8, 3, 2}}
            : new int[][] {
              {64, 64, 32}, {128, 100, 1}, {256, 150, 64}, {512, 25, 16}, {1024, 25, 64},
            };
    try (Backend backend =
        Backends.open("cuda", 1, precision, DropoutMasks.GATUN, RecurrentAlgorithms.MEASURED)) {
      for (Cell cell : List.of(Cell.LSTM, Cell.GRU)) {
        for (int[] sizes : shapes) {
          for (Mode mode : Mode.values()) {
            plan(backend, cell, 1, sizes, mode);
            plan(backend, cell, 2, sizes, mode);
          }
        }
      }
      return Json.parse(backend.choices()).asObject().get("stacks").asObject().values();
    }
  }

  @Test
  void choosesOnce() {
    Logger logger = Logger.getLogger("dev.gatun.backend.cuda.StackChoices");
    logger.addHandler(ear);
    try {
      Map<String, Json> all = new LinkedHashMap<>();
      for (Precision precision : List.of(Precision.FP32, Precision.FP16)) {
        Map<String, Json> choices = choices(precision);
        lines.forEach(line -> all.put(line.replaceAll(" runs by .*", ""), Json.of(line)));
        lines.clear();
        assertEquals(choices, choices(precision));
        assertEquals(choices.size(), lines.size());
        for (String line : lines) {
          assertTrue(line.contains(" (measured before: standard "), line);
        }
        lines.clear();
      }
      DeviceRun.report("measured", Json.of(all));
    } finally {
      logger.removeHandler(ear);
    }
  }
}
