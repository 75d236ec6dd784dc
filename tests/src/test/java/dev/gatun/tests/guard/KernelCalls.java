package dev.gatun.tests.guard;

import static dev.gatun.tests.guard.KernelCall.doubles;
import static dev.gatun.tests.guard.KernelCall.floats;
import static dev.gatun.tests.guard.KernelCall.ints;
import static dev.gatun.tests.guard.KernelCall.positive;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;

import dev.gatun.bindings.NativeMemory;
import dev.gatun.kernels.Activations;
import dev.gatun.kernels.AttentionRows;
import dev.gatun.kernels.Ctc;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Gru;
import dev.gatun.kernels.GruResetBefore;
import dev.gatun.kernels.InputDecays;
import dev.gatun.kernels.LayerNorm;
import dev.gatun.kernels.Losses;
import dev.gatun.kernels.Lstm;
import dev.gatun.kernels.Optimizers;
import dev.gatun.kernels.PackedGemm;
import dev.gatun.kernels.PeepholeLstm;
import dev.gatun.kernels.Philox;
import dev.gatun.kernels.Reductions;
import dev.gatun.kernels.RegularGru;
import dev.gatun.kernels.RegularLstm;
import dev.gatun.kernels.RoundedGemm;
import dev.gatun.kernels.SimpleRnn;
import dev.gatun.kernels.Softmax;
import dev.gatun.kernels.SoftmaxCrossEntropy;
import dev.gatun.kernels.Species;
import dev.gatun.kernels.Tables;
import dev.gatun.kernels.TimePooling;
import dev.gatun.kernels.Weights;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;

/** Every kernel, once. */
final class KernelCalls {
  private KernelCalls() {}

  static List<KernelCall> all() {
    List<KernelCall> all = new ArrayList<>();
    elementwise(all);
    cells(all);
    regularized(all);
    products(all);
    losses(all);
    updates(all);
    return all;
  }

  private static void add(
      List<KernelCall> all,
      String name,
      IntFunction<List<KernelCall.Operand>> operands,
      KernelCall.Body body) {
    all.add(new KernelCall(name, operands, body));
  }

  private static IntFunction<List<KernelCall.Operand>> vectors(int count) {
    return n -> Collections.nCopies(count, floats(n));
  }

  private static void elementwise(List<KernelCall> all) {
    add(all, "tanh", vectors(2), (n, at) -> Activations.tanh(n, at[0], at[1]));
    add(all, "sigmoid", vectors(2), (n, at) -> Activations.sigmoid(n, at[0], at[1]));
    add(all, "exp", vectors(2), (n, at) -> Activations.exp(n, at[0], at[1]));
    add(all, "fill", vectors(1), (n, at) -> Elementwise.fill(n, at[0], 3f));
    add(all, "copy", vectors(2), (n, at) -> Elementwise.copy(n, at[0], at[1]));
    add(all, "add", vectors(2), (n, at) -> Elementwise.add(n, at[0], at[1]));
    add(all, "scale", vectors(1), (n, at) -> Elementwise.scale(n, 0.7f, at[0]));
    add(all, "axpy", vectors(2), (n, at) -> Elementwise.axpy(n, 0.7f, at[0], at[1]));
    add(all, "multiply", vectors(2), (n, at) -> Elementwise.multiply(n, at[0], at[1]));
    add(
        all,
        "addBias",
        n -> List.of(floats(3 * n), floats(n)),
        (n, at) -> Elementwise.addBias(3, n, at[0], n, at[1]));
    add(
        all,
        "columnSum",
        n -> List.of(floats(5 * n), floats(n)),
        (n, at) -> Elementwise.columnSum(5, n, at[0], n, at[1]));
    add(
        all,
        "gatherRows",
        n -> List.of(ints(5, 4), floats(4 * n), floats(5 * n)),
        (n, at) -> Elementwise.gatherRows(5, at[0], n, at[1], at[2], n));
    add(
        all,
        "scatterAddRows",
        n -> List.of(ints(5, 4), floats(5 * n), floats(4 * n)),
        (n, at) -> Elementwise.scatterAddRows(5, at[0], n, 0, n, at[1], n, at[2], 2));
    add(
        all,
        "limitRows",
        n -> List.of(ints(5, 4), ints(4, 5), floats(4 * n)),
        (n, at) -> {
          Tables.mark(5, at[0], at[1]);
          Tables.limit(0, 5, at[0], at[1], n, at[2], 0.1);
        });
    add(
        all,
        "dropout",
        vectors(2),
        (n, at) -> Philox.dropout(n, 5, at[0], at[1], 0.8, 0x123456789L, 1L << 40));
  }

  private static void cells(List<KernelCall> all) {
    add(
        all,
        "Lstm.forward",
        n -> List.of(floats(4 * n), floats(n), floats(n), floats(n), floats(n)),
        (n, at) -> Lstm.forward(n, at[0], at[1], at[2], at[3], at[4]));
    add(
        all,
        "Lstm.forward without tanhC",
        n -> List.of(floats(4 * n), floats(n), floats(n), floats(n)),
        (n, at) -> Lstm.forward(n, at[0], at[1], at[2], 0, at[3]));
    add(
        all,
        "Lstm.backward",
        n -> List.of(floats(4 * n), floats(4 * n), floats(n), floats(n), floats(n), floats(n)),
        (n, at) -> Lstm.backward(n, at[0], at[1], at[2], at[3], at[4], at[5]));
    add(
        all,
        "Gru.forward",
        n -> List.of(floats(3 * n), floats(3 * n), floats(n), floats(n)),
        (n, at) -> Gru.forward(n, at[0], at[1], at[2], at[3]));
    add(
        all,
        "Gru.backward",
        n ->
            List.of(
                floats(3 * n),
                floats(3 * n),
                floats(n),
                floats(n),
                floats(3 * n),
                floats(3 * n),
                floats(n)),
        (n, at) -> Gru.backward(n, at[0], at[1], at[2], at[3], at[4], at[5], at[6]));
    add(
        all,
        "GruResetBefore.forwardGates",
        n -> List.of(floats(3 * n), floats(2 * n), floats(n), floats(n)),
        (n, at) -> GruResetBefore.forwardGates(n, at[0], at[1], at[2], at[3]));
    add(
        all,
        "GruResetBefore.forwardState",
        n -> List.of(floats(3 * n), floats(3 * n), floats(n), floats(n)),
        (n, at) -> GruResetBefore.forwardState(n, at[0], at[1], at[2], at[3]));
    add(
        all,
        "GruResetBefore.backwardState",
        n -> List.of(floats(3 * n), floats(n), floats(n), floats(3 * n), floats(n)),
        (n, at) -> GruResetBefore.backwardState(n, at[0], at[1], at[2], at[3], at[4]));
    add(
        all,
        "GruResetBefore.backwardReset",
        vectors(5),
        (n, at) -> GruResetBefore.backwardReset(n, at[0], at[1], at[2], at[3], at[4]));
    add(all, "elu", vectors(2), (n, at) -> Activations.elu(n, at[0], at[1]));
    add(all, "leakyRelu", vectors(2), (n, at) -> SimpleRnn.leakyRelu(n, 0.01f, at[0], at[1]));
    add(all, "eluBackward", vectors(3), (n, at) -> SimpleRnn.eluBackward(n, at[0], at[1], at[2]));
    add(
        all,
        "leakyReluBackward",
        vectors(3),
        (n, at) -> SimpleRnn.leakyReluBackward(n, 0.01f, at[0], at[1], at[2]));
    add(
        all,
        "sigmoidBackward",
        vectors(3),
        (n, at) -> SimpleRnn.sigmoidBackward(n, at[0], at[1], at[2]));
    add(all, "softmax", vectors(2), (n, at) -> Softmax.forward(n, at[0], at[1]));
    add(all, "Softmax.backward", vectors(3), (n, at) -> Softmax.backward(n, at[0], at[1], at[2]));
    add(all, "relu", vectors(2), (n, at) -> SimpleRnn.relu(n, at[0], at[1]));
    add(all, "tanhBackward", vectors(3), (n, at) -> SimpleRnn.tanhBackward(n, at[0], at[1], at[2]));
    add(all, "reluBackward", vectors(3), (n, at) -> SimpleRnn.reluBackward(n, at[0], at[1], at[2]));
  }

  private static void regularized(List<KernelCall> all) {
    add(
        all,
        "RegularLstm.state",
        n -> List.of(floats(4 * n), floats(n), floats(n), floats(n), floats(n), floats(n)),
        (n, at) -> RegularLstm.state(n, at[0], at[1], at[2], at[3], at[4], at[5]));
    add(
        all,
        "RegularLstm.output",
        n -> List.of(floats(4 * n), floats(n), floats(n), floats(n)),
        (n, at) -> RegularLstm.output(n, at[0], at[1], at[2], at[3]));
    add(
        all,
        "RegularLstm.outputBackward",
        n -> List.of(floats(4 * n), floats(n), floats(n), floats(4 * n), floats(n)),
        (n, at) -> RegularLstm.outputBackward(n, at[0], at[1], at[2], at[3], at[4]));
    add(
        all,
        "RegularLstm.stateBackward",
        n ->
            List.of(
                floats(3 * n),
                floats(n),
                floats(n),
                floats(n),
                floats(n),
                floats(3 * n),
                floats(n)),
        (n, at) -> RegularLstm.stateBackward(n, at[0], at[1], at[2], at[3], at[4], at[5], at[6]));
    add(
        all,
        "PeepholeLstm.state",
        n -> List.of(floats(4 * n), floats(n), floats(n), floats(n), floats(n), floats(n)),
        (n, at) -> PeepholeLstm.state(n, at[0], at[1], at[2], 0.3f, at[3], at[4], at[5]));
    add(
        all,
        "PeepholeLstm.output",
        n -> List.of(floats(4 * n), floats(n), floats(n), floats(n)),
        (n, at) -> PeepholeLstm.output(n, at[0], at[1], at[2], at[3]));
    add(
        all,
        "PeepholeLstm.limitBackward",
        vectors(4),
        (n, at) -> PeepholeLstm.limitBackward(n, 0.3f, at[0], at[1], at[2], at[3]));
    add(
        all,
        "PeepholeLstm.peepholeBackward",
        vectors(5),
        (n, at) -> PeepholeLstm.peepholeBackward(n, at[0], at[1], at[2], at[3], at[4]));
    add(
        all,
        "RegularGru.forward",
        n -> List.of(floats(3 * n), floats(3 * n), floats(n), floats(n), floats(n)),
        (n, at) -> RegularGru.forward(n, at[0], at[1], at[2], at[3], at[4]));
    add(
        all,
        "RegularGru.backward",
        n ->
            List.of(
                floats(3 * n),
                floats(3 * n),
                floats(n),
                floats(n),
                floats(n),
                floats(3 * n),
                floats(3 * n),
                floats(n)),
        (n, at) -> RegularGru.backward(n, at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7]));
    add(all, "normalize", vectors(2), (n, at) -> LayerNorm.normalize(n, at[0], 1e-5f, at[1]));
    add(
        all,
        "scaleShift",
        vectors(4),
        (n, at) -> LayerNorm.scaleShift(n, at[0], at[1], at[2], at[3]));
    add(
        all,
        "LayerNorm.backward",
        vectors(6),
        (n, at) -> LayerNorm.backward(n, at[0], at[1], at[2], 2f, at[3], at[4], at[5]));
    add(all, "mix", vectors(4), (n, at) -> Elementwise.mix(n, at[0], at[1], at[2], at[3]));
    add(all, "split", vectors(3), (n, at) -> Elementwise.split(n, at[0], at[1], at[2]));
    add(all, "product", vectors(3), (n, at) -> Elementwise.product(n, at[0], at[1], at[2]));
    add(all, "addProduct", vectors(3), (n, at) -> Elementwise.addProduct(n, at[0], at[1], at[2]));
    add(
        all,
        "mask",
        vectors(1),
        (n, at) -> Philox.mask(n, 5, at[0], 1.25f, 0.8, 0x123456789L, 1L << 40));
  }

  /** One to seven rows, each an operand of its own; 2n columns, so up to two panels and a rest. */
  private static void products(List<KernelCall> all) {
    for (int rows = 1; rows <= 7; rows++) {
      int m = rows;
      IntFunction<List<KernelCall.Operand>> operands =
          n -> {
            List<KernelCall.Operand> list = new ArrayList<>();
            list.add(floats((int) PackedGemm.packedFloats(5, 2 * n)));
            list.addAll(Collections.nCopies(m, floats(5)));
            list.addAll(Collections.nCopies(m, floats(2 * n)));
            list.add(floats(2 * n));
            return list;
          };
      add(
          all,
          "multiply of " + m,
          operands,
          (n, at) -> PackedGemm.multiply(m, at, 1, at[0], 0, at, 1 + m, 5, 2 * n));
      add(
          all,
          "multiply from a start of " + m,
          operands,
          (n, at) -> PackedGemm.multiply(m, at, 1, at[0], at[1 + 2 * m], at, 1 + m, 5, 2 * n));
    }
    IntFunction<List<KernelCall.Operand>> weights =
        n -> List.of(floats(5 * n), floats((int) PackedGemm.packedFloats(5, n)));
    add(all, "pack", weights, (n, at) -> PackedGemm.pack(at[0], n, 1, 5, n, at[1]));
    add(all, "pack transposed", weights, (n, at) -> PackedGemm.pack(at[0], 1, 5, 5, n, at[1]));
    add(
        all,
        "transpose",
        n -> List.of(floats(5 * n), floats(5 * n)),
        (n, at) -> PackedGemm.transpose(5, n, at[0], n, at[1], 5));
    rounded(all);
  }

  private static void rounded(List<KernelCall> all) {
    int half = 2;
    int quarter = 4;
    add(
        all,
        "pack bfloat16",
        n -> List.of(floats(5 * n), floats((int) PackedGemm.packedFloats(5, n) / half)),
        (n, at) -> RoundedGemm.packBfloat16(at[0], 5, n, at[1]));
    add(
        all,
        "pack int8",
        n ->
            List.of(
                floats(5 * n), floats((int) PackedGemm.packedFloats(5, n) / quarter), floats(n)),
        (n, at) -> RoundedGemm.packInt8(at[0], 5, n, at[1], at[2]));
    for (int rows : new int[] {1, 3}) {
      int m = rows;
      for (int share : new int[] {half, quarter}) {
        IntFunction<List<KernelCall.Operand>> operands =
            n -> {
              List<KernelCall.Operand> list = new ArrayList<>();
              list.add(floats((int) PackedGemm.packedFloats(5, 2 * n) / share));
              list.add(floats(2 * n));
              list.addAll(Collections.nCopies(m, floats(5)));
              list.addAll(Collections.nCopies(m, floats(2 * n)));
              return list;
            };
        long[] a = new long[m];
        long[] c = new long[m];
        add(
            all,
            (share == half ? "bfloat16 product of " : "int8 product of ") + m,
            operands,
            (n, at) -> {
              System.arraycopy(at, 2, a, 0, m);
              System.arraycopy(at, 2 + m, c, 0, m);
              int panels = PackedGemm.panels(2 * n);
              if (share == half) {
                RoundedGemm.multiplyBfloat16(m, a, at[0], c, 5, 2 * n, 0, panels, true);
              } else {
                RoundedGemm.multiplyInt8(m, a, at[0], at[1], c, 5, 2 * n, 0, panels, true);
              }
            });
      }
    }
  }

  private static void losses(List<KernelCall> all) {
    add(
        all,
        "softmax",
        n -> List.of(floats(3 * n), ints(3, n), doubles(3), floats(3 * n)),
        (n, at) -> SoftmaxCrossEntropy.rows(3, n, at[0], at[1], 0, 0, at[2], at[3], 0.3f));
    add(
        all,
        "softmax without gradient",
        n -> List.of(floats(3 * n), ints(3, n), doubles(3)),
        (n, at) -> SoftmaxCrossEntropy.rows(3, n, at[0], at[1], 0, 0, at[2], 0, 0.3f));
    // zeros of operands for doubles are three equal labels here: five steps or more
    add(
        all,
        "Ctc.sequence",
        n ->
            List.of(
                floats(6 * n),
                doubles(2),
                floats(6 * n),
                doubles((int) Ctc.scratch(6, 3)),
                doubles(1)),
        (n, at) ->
            result(at[4], Ctc.sequence(6, n, at[0], 4L * n, at[1], 3, n - 1, at[2], 0.3f, at[3])));
    add(
        all,
        "softmax, weighted and smoothed",
        n -> List.of(floats(3 * n), ints(3, n), doubles(3), floats(3 * n), floats(n)),
        (n, at) -> SoftmaxCrossEntropy.rows(3, n, at[0], at[1], at[4], 0.1, at[2], at[3], 0.3f));
    for (int kind = Losses.SQUARED; kind <= Losses.GAUSSIAN; kind++) {
      int each = kind;
      add(
          all,
          "element loss " + kind,
          n -> List.of(floats(6 * n), floats(3 * n), floats(3), floats(6 * n), doubles(1)),
          (n, at) -> {
            double sum = Losses.rows(each, 0.4, 3, n, 2 * n, at[0], at[1], at[2], 0.3f, at[3]);
            result(at[4], sum);
          });
    }
    add(
        all,
        "sumOfSquares",
        n -> List.of(floats(n), doubles(1)),
        (n, at) -> result(at[1], Reductions.sumOfSquares(n, at[0])));
    add(
        all,
        "dot",
        n -> List.of(floats(n), floats(n), doubles(1)),
        (n, at) -> result(at[2], Reductions.dot(n, at[0], at[1])));
    add(
        all,
        "additive attention backward",
        n -> List.of(floats(n), floats(n), floats(3 * n), floats(2 * n), floats(3), floats(5 * n)),
        (n, at) -> {
          long d = at[5];
          AttentionRows.additiveBackward(
              3, n, 0.5f, at[0], at[1], at[2], n, at[3], at[4], d, d + 4L * n, d + 16L * n);
        });
    add(
        all,
        "max over time and back",
        n -> List.of(floats(3 * n), floats(n), ints(n, 3), floats(4 * n)),
        (n, at) -> {
          TimePooling.max(3, n, at[0], n, at[1], at[2]);
          TimePooling.maxBackward(4, n, at[1], at[2], at[3], n);
        });
    add(
        all,
        "inputDecays",
        n ->
            List.of(
                floats(6 * n),
                floats(n),
                floats(2 * n),
                floats(4 * n),
                floats(4 * n),
                floats(4 * n),
                floats(6 * n)),
        (n, at) -> {
          InputDecays.forward(2, n, at[0], at[1], at[2], at[3]);
          InputDecays.backward(2, n, at[0], at[1], at[2], at[4], at[5], at[6]);
        });
    add(
        all,
        "firstNonFinite",
        n -> List.of(floats(n), doubles(1)),
        (n, at) -> result(at[1], (double) Reductions.firstNonFinite(n, at[0])));
    add(
        all,
        "largest",
        n -> List.of(floats(n), doubles(1)),
        (n, at) -> result(at[1], (double) Reductions.largest(n, at[0])));
  }

  private static void result(long address, double value) {
    NativeMemory.ALL.set(JAVA_DOUBLE_UNALIGNED, address, value);
  }

  /** They take whole vectors alone, so that sizes here are rounded up to these. */
  private static void updates(List<KernelCall> all) {
    int lanes = Species.lanes();
    IntFunction<List<KernelCall.Operand>> five =
        n -> {
          int up = Math.ceilDiv(n, lanes) * lanes;
          return List.of(floats(up), floats(up), positive(up), positive(up), positive(up));
        };
    add(
        all,
        "limits, penalties and averages",
        vectors(2),
        (n, at) -> {
          Weights.clamp(n, 0.5f, at[0]);
          Weights.average(n, 0.1f, at[0], at[1]);
          Weights.penalize(n, 0.1f, 0.1f, at[0], at[1]);
          Weights.sumOfAbsolutes(n, at[0]);
        });
    add(
        all,
        "descend and momentum",
        five,
        (n, at) -> {
          int up = Math.ceilDiv(n, lanes) * lanes;
          Optimizers.descend(up, at[0], at[1], 0.5f, 0.1f, 0.1f, 0.9f);
          Optimizers.momentum(up, at[0], at[1], at[2], 0.5f, 0.1f, 0.1f, 0.9f, 1, 0.9f);
        });
    add(
        all,
        "adam and its kin",
        five,
        (n, at) -> {
          int up = Math.ceilDiv(n, lanes) * lanes;
          long p = at[0];
          long g = at[1];
          Optimizers.adam(
              up, p, g, at[2], at[3], 0.5f, 0.1f, 0.1f, 1, 0.1f, 0.9f, 0.1f, 0.5f, 1e-3f);
          Optimizers.adaptive(
              up, p, g, at[2], at[3], 0.5f, 0.1f, 0.1f, 0.9f, 0.1f, 0.5f, 1e-3f, 0.2f, 1, 0.1f);
          Optimizers.amsgrad(
              up, p, g, at[2], at[3], at[4], 0.5f, 0.1f, 0.1f, 0.9f, 0.1f, 0.5f, 1e-3f, 1);
        });
    add(
        all,
        "roots and signs",
        five,
        (n, at) -> {
          int up = Math.ceilDiv(n, lanes) * lanes;
          long p = at[0];
          long g = at[1];
          Optimizers.rms(up, p, g, at[2], 0.5f, 0.1f, 0.9f, 0.1f, 1e-3f);
          Optimizers.centeredRms(up, p, g, at[2], at[3], 0.5f, 0.1f, 0.9f, 0.1f, 1e-3f);
          Optimizers.adadelta(up, p, g, at[3], at[4], 0.5f, 0.1f, 0.9f, 0.1f, 1e-3f);
          Optimizers.lion(up, p, g, at[2], 0.5f, 0.1f, 0.1f, 0.01f);
        });
  }
}
