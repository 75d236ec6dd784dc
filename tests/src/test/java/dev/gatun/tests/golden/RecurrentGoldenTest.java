package dev.gatun.tests.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Cell;
import dev.gatun.backend.CellOptions;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.Regularization;
import dev.gatun.tensor.Tensor;
import dev.gatun.tests.support.Host;
import dev.gatun.tests.support.Numbers;
import dev.gatun.tests.support.Stack;
import dev.gatun.tests.support.Stack.Part;
import dev.gatun.tests.support.Subjects;
import java.io.IOException;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Outputs and all gradients of PyTorch's LSTM, GRU and RNN, and of cells that it does not have. */
@Tag("backend")
class RecurrentGoldenTest {
  /** As the contract's, C eps sqrt(K) T per layer; the worst here is measured at 0.3. */
  private static final double C = 2;

  /** What ONNX Runtime computed in float32 agrees this far with float64. */
  private static final double ONNX_TOLERANCE = 1e-6;

  static Stream<Arguments> cases() throws IOException {
    return Golden.casesOf("rnn");
  }

  @Test
  void coversEveryCellAndShape() throws IOException {
    Set<String> names = new HashSet<>(Golden.namesOf("rnn"));
    for (String cell : new String[] {"lstm", "gru", "gru-reset-before", "tanh", "relu"}) {
      for (String layers : new String[] {"l1", "l2"}) {
        for (String direction : new String[] {"uni", "bi"}) {
          for (String lengths : new String[] {"full", "ragged"}) {
            String name = "rnn/%s-%s-%s-%s".formatted(cell, layers, direction, lengths);
            assertTrue(names.contains(name), name);
            assertTrue(!cell.equals("lstm") || names.contains(name + "-projection"), name);
          }
        }
      }
    }
    for (String cell : new String[] {"lstm", "gru"}) {
      for (String shape :
          new String[] {
            "l1-uni-full", "l2-bi-ragged", "l1-uni-ragged-wide", "l1-bi-ragged-nobias"
          }) {
        String name = "rnn/%s-%s-norm".formatted(cell, shape);
        assertTrue(names.contains(name), name);
      }
    }
    for (String shape :
        new String[] {
          "l1-uni-full-peephole",
          "l2-bi-ragged-peephole",
          "l1-uni-ragged-wide-peephole",
          "l1-uni-full-clip",
          "l2-bi-ragged-clip-peephole",
          "l1-bi-ragged-wide-clip-projection"
        }) {
      assertTrue(names.contains("rnn/lstm-" + shape), shape);
    }
    for (String cell : new String[] {"sigmoid", "softmax", "leaky-relu", "elu", "identity"}) {
      assertTrue(names.contains("rnn/" + cell + "-l1-uni-ragged-wide"), cell);
      assertTrue(names.contains("rnn/" + cell + "-l2-bi-empty"), cell);
    }
    assertEquals(81, names.size());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computesOutputsAndGradients(String backendName, String name) throws IOException {
    try (Golden golden = new Golden(name);
        Backend backend = Subjects.open(backendName, 1);
        Stack stack = stack(backend, golden)) {
      RecurrentSpec spec = stack.spec;
      for (WeightView view : stack.layout.weights()) {
        golden.read(view.name(), backend, stack.weight(view));
      }
      stack.given().forEach((key, tensor) -> golden.read(key, backend, tensor));
      Tensor lengths = stack.io.lengths();
      if (lengths != null) {
        golden.read("lengths", backend, lengths);
      }
      int t = (int) stack.io.x().dim(0);
      stack.plan.refresh();
      stack.plan.forward(t, (int) stack.io.x().dim(1));
      stack.plan.backward();
      int k = Math.max(spec.inputSize(), spec.outputSize()) + spec.stateSize() + 2;
      double tolerance = C * Numbers.roundoff(backend) * Math.sqrt(k) * t * spec.layers();
      for (String key : stack.written().keySet()) {
        golden.assertClose(key, stack.read(key), tolerance);
      }
      for (WeightView view : stack.layout.weights()) {
        double[] gradient = Host.read(backend, stack.gradient(view));
        golden.assertClose("grad." + view.name(), gradient, tolerance);
      }
      if (golden.has("onnxruntime.y")) {
        double[] onnx = golden.doubles("onnxruntime.y");
        Numbers.assertClose("ONNX Runtime's y", onnx, stack.read("y"), ONNX_TOLERANCE);
      }
    }
  }

  private static Stack stack(Backend backend, Golden golden) {
    long[] x = golden.shape("x");
    int projection = (int) golden.number("projection", 0);
    Cell cell =
        switch (golden.text("cell")) {
          case "lstm" -> Cell.LSTM;
          case "gru" -> Cell.GRU;
          case "gru-reset-before" -> Cell.GRU_RESET_BEFORE;
          case "tanh" -> Cell.TANH;
          case "relu" -> Cell.RELU;
          case "sigmoid" -> Cell.SIGMOID;
          case "softmax" -> Cell.SOFTMAX;
          case "leaky-relu" -> Cell.LEAKY_RELU;
          case "elu" -> Cell.ELU;
          case "identity" -> Cell.IDENTITY;
          default -> throw new IllegalArgumentException("unknown cell " + golden.text("cell"));
        };
    int hidden = (int) (golden.shape("weight_hh_l0")[0] / cell.gates());
    RecurrentSpec spec =
        new RecurrentSpec(
            cell,
            (int) x[2],
            hidden,
            projection,
            (int) golden.number("layers", 1),
            Boolean.parseBoolean(golden.text("bidirectional")),
            Boolean.parseBoolean(golden.text("bias")),
            0,
            Boolean.parseBoolean(golden.text("layer_norm"))
                ? Regularization.LAYER_NORM
                : Regularization.NONE,
            new CellOptions(golden.has("weight_ch_l0"), golden.number("clip", 0)));
    EnumSet<Part> parts = EnumSet.allOf(Part.class);
    if (!golden.has("lengths")) {
      parts.remove(Part.LENGTHS);
    }
    return new Stack(backend, spec, (int) x[0], (int) x[1], Mode.TRAINING, parts);
  }
}
