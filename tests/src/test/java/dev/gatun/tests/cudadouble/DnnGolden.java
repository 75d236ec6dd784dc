package dev.gatun.tests.cudadouble;

import dev.gatun.bindings.generated.cudnn.cudnn_h;
import dev.gatun.tests.golden.Golden;
import dev.gatun.tests.support.DnnStack;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.IntStream;

/** A golden stack as cuDNN takes it: the longest sequence first, in one of its layouts. */
final class DnnGolden implements AutoCloseable {
  final Golden golden;
  final DnnStack.Shape shape;

  /** The golden's number of each sequence. */
  private final int[] order;

  DnnGolden(String name, int layout) throws IOException {
    golden = new Golden(name);
    int time = (int) golden.shape("x")[0];
    int batch = (int) golden.shape("x")[1];
    long[] given = golden.has("lengths") ? golden.longs("lengths") : null;
    int[] all = IntStream.range(0, batch).map(b -> given == null ? time : (int) given[b]).toArray();
    order =
        IntStream.range(0, batch)
            .boxed()
            .sorted((a, b) -> all[b] - all[a])
            .mapToInt(b -> b)
            .toArray();
    int[] lengths = Arrays.stream(order).map(b -> all[b]).toArray();
    int cell =
        switch (golden.text("cell")) {
          case "lstm" -> cudnn_h.CUDNN_LSTM();
          case "gru" -> cudnn_h.CUDNN_GRU();
          case "tanh" -> cudnn_h.CUDNN_RNN_TANH();
          default -> cudnn_h.CUDNN_RNN_RELU();
        };
    long[] recurrent = golden.shape("weight_hh_l0");
    shape =
        new DnnStack.Shape(
            cell,
            (int) golden.shape("x")[2],
            (int) recurrent[0] / DnnStack.gates(cell),
            (int) recurrent[1],
            (int) golden.number("layers", 1),
            Boolean.parseBoolean(golden.text("bidirectional")) ? 2 : 1,
            layout,
            layout == cudnn_h.CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED() ? lengths[0] : time,
            lengths);
  }

  /** Calls back for each gate's matrix and bias. */
  void forEachPart(DnnStack stack, PartVisitor visitor) {
    for (int p = 0; p < shape.layers() * shape.directions(); p++) {
      String suffix =
          "_l" + p / shape.directions() + (p % shape.directions() == 1 ? "_reverse" : "");
      for (int k = 0; k < 2 * shape.gates(); k++) {
        String side = (k < shape.gates() ? "ih" : "hh") + suffix;
        int gate = k % shape.gates();
        int count = shape.hidden() * (int) golden.shape("weight_" + side)[1];
        visitor.visit("weight_" + side, stack.offset(p, k, false), gate * count, count);
        if (golden.has("bias_" + side)) {
          int first = gate * shape.hidden();
          visitor.visit("bias_" + side, stack.offset(p, k, true), first, shape.hidden());
        }
      }
      if (shape.output() < shape.hidden()) {
        int count = shape.output() * shape.hidden();
        visitor.visit("weight_hr" + suffix, stack.offset(p, 8, false), 0, count);
      }
    }
  }

  /** PyTorch's name, the offset in the weight space in bytes, and the elements of PyTorch's. */
  interface PartVisitor {
    void visit(String key, long offset, int from, int count);
  }

  /** The golden's x, y or their gradients in the stack's layout; 0 on padding. */
  double[] rows(String key) {
    int width = (int) golden.shape(key)[2];
    double[] from = golden.doubles(key);
    double[] rows = new double[shape.rows() * width];
    for (int b = 0; b < order.length; b++) {
      for (int t = 0; t < shape.lengths()[b]; t++) {
        int source = (t * order.length + order[b]) * width;
        System.arraycopy(from, source, rows, shape.row(t, b) * width, width);
      }
    }
    return rows;
  }

  /** The golden's states or their gradients in the stack's order. */
  double[] states(String key) {
    long[] dims = golden.shape(key);
    int width = (int) dims[2];
    double[] from = golden.doubles(key);
    double[] states = new double[from.length];
    for (int row = 0; row < dims[0]; row++) {
      for (int b = 0; b < order.length; b++) {
        int source = (row * order.length + order[b]) * width;
        System.arraycopy(from, source, states, (row * order.length + b) * width, width);
      }
    }
    return states;
  }

  @Override
  public void close() throws IOException {
    golden.close();
  }
}
