package dev.gatun.tests.cli;

import dev.gatun.persist.SafetensorsWriter;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** Files for {@code gatun rnn}: one tanh layer of two units over one feature, all zeros. */
final class SmallStack {
  private SmallStack() {}

  static void write(Path weights, Path inputs, int steps) throws IOException {
    try (Workspace memory = Workspace.host(DType.F32)) {
      SequencedMap<String, Tensor> stack = new LinkedHashMap<>();
      stack.put("weight_ih_l0", memory.real(2, 1));
      stack.put("weight_hh_l0", memory.real(2, 2));
      SafetensorsWriter.write(weights, stack, Map.of());
      SequencedMap<String, Tensor> given = new LinkedHashMap<>();
      given.put("x", memory.real(steps, 1, 1));
      SafetensorsWriter.write(inputs, given, Map.of());
    }
  }
}
