package dev.gatun.tests.device;

import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.persist.Json;
import dev.gatun.tests.support.DnnStack;
import dev.gatun.tests.support.DnnStack.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How the weights of a stack lie, and whether those of its layers one after the other are it. */
final class WeightSpaceQuestion {
  private static final int LAYERS = 3;

  private WeightSpaceQuestion() {}

  static void ask(Map<String, Json> answers) {
    int[] cells = {cudnn_h.CUDNN_LSTM(), cudnn_h.CUDNN_GRU(), cudnn_h.CUDNN_RNN_TANH()};
    for (int cell : cells) {
      for (int directions = 1; directions <= 2; directions++) {
        String name =
            (cell == cells[0] ? "lstm" : cell == cells[1] ? "gru" : "tanh")
                + (directions == 1 ? "_one_way" : "_both_ways");
        answers.put(name, Json.of(compare(cell, 7, 10, directions)));
      }
    }
  }

  private static Map<String, Json> compare(int cell, int input, int hidden, int directions) {
    Map<String, Json> found = new LinkedHashMap<>();
    List<Long> whole = new ArrayList<>();
    List<Long> joined = new ArrayList<>();
    long wholeBytes;
    try (DnnStack stack = RawStack.open(shape(cell, input, hidden, LAYERS, directions))) {
      wholeBytes = stack.weightBytes;
      for (int pseudo = 0; pseudo < LAYERS * directions; pseudo++) {
        offsets(stack, pseudo, 0, whole);
      }
    }
    long start = 0;
    for (int layer = 0; layer < LAYERS; layer++) {
      int width = layer == 0 ? input : directions * hidden;
      try (DnnStack stack = RawStack.open(shape(cell, width, hidden, 1, directions))) {
        for (int direction = 0; direction < directions; direction++) {
          offsets(stack, direction, start, joined);
        }
        start += stack.weightBytes;
      }
    }
    found.put("bytes", Json.of(wholeBytes));
    found.put("layers_together_bytes", Json.of(start));
    found.put("weights_bytes", Json.of(bytes(cell, input, hidden, directions)));
    found.put("layers_one_after_the_other", Json.of(whole.equals(joined)));
    found.put("offsets", Json.of(whole.toString()));
    return found;
  }

  private static Shape shape(int cell, int input, int hidden, int layers, int directions) {
    return RawStack.shape(cell, input, hidden, layers, directions, 2, 2);
  }

  private static void offsets(DnnStack stack, int pseudoLayer, long start, List<Long> into) {
    for (boolean bias : new boolean[] {false, true}) {
      for (int number = 0; number < 2 * stack.shape.gates(); number++) {
        into.add(start + stack.offset(pseudoLayer, number, bias));
      }
    }
  }

  private static long bytes(int cell, int input, int hidden, int directions) {
    long elements = 0;
    for (int layer = 0; layer < LAYERS; layer++) {
      long width = layer == 0 ? input : (long) directions * hidden;
      elements += (width + hidden + 2) * hidden * directions * DnnStack.gates(cell);
    }
    return elements * Float.BYTES;
  }
}
