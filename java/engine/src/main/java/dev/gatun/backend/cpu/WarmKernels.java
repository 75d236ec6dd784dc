package dev.gatun.backend.cpu;

import dev.gatun.backend.CellOptions;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.Regularization;
import dev.gatun.kernels.Activations;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.Gru;
import dev.gatun.kernels.GruResetBefore;
import dev.gatun.kernels.LayerNorm;
import dev.gatun.kernels.Lstm;
import dev.gatun.kernels.Optimizers;
import dev.gatun.kernels.PackedGemm;
import dev.gatun.kernels.PeepholeLstm;
import dev.gatun.kernels.Philox;
import dev.gatun.kernels.Reductions;
import dev.gatun.kernels.RegularGru;
import dev.gatun.kernels.RegularLstm;
import dev.gatun.kernels.SimpleRnn;
import dev.gatun.kernels.Softmax;
import dev.gatun.kernels.SoftmaxCrossEntropy;
import dev.gatun.kernels.Species;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Kernels that are compiled together, and a small call of each. Widths are whole vectors: a masked
 * tail that a plan needs is compiled when it comes.
 */
enum WarmKernels {
  /** Every plan's. */
  PRODUCTS {
    @Override
    void call(Scratch m) {
      PackedGemm.multiply(4, m.a, 0, m.b, 0, m.c, 0, K, PackedGemm.panelColumns());
      PackedGemm.multiply(4, m.a, 0, m.b, m.x, m.c, 0, K, PackedGemm.panelColumns());
      Elementwise.copy(UNITS, m.x, m.y);
      Elementwise.gatherRows(1, m.ids, UNITS, m.x, m.y, UNITS);
    }
  },

  LSTM_FORWARD {
    @Override
    void call(Scratch m) {
      Lstm.forward(UNITS, m.gates, m.x, m.y, m.z, m.h);
    }
  },

  LSTM_BACKWARD {
    @Override
    void call(Scratch m) {
      Lstm.backward(UNITS, m.gates, m.gates, m.x, m.y, m.z, m.h);
    }
  },

  GRU_FORWARD {
    @Override
    void call(Scratch m) {
      Gru.forward(UNITS, m.gates, m.b, m.x, m.h);
    }
  },

  GRU_BACKWARD {
    @Override
    void call(Scratch m) {
      Gru.backward(UNITS, m.gates, m.b, m.x, m.y, m.gates, m.b, m.h);
    }
  },

  GRU_RESET_BEFORE_FORWARD {
    @Override
    void call(Scratch m) {
      GruResetBefore.forwardGates(UNITS, m.gates, m.b, m.x, m.y);
      GruResetBefore.forwardState(UNITS, m.gates, m.b, m.x, m.h);
    }
  },

  GRU_RESET_BEFORE_BACKWARD {
    @Override
    void call(Scratch m) {
      GruResetBefore.backwardState(UNITS, m.gates, m.x, m.y, m.gates, m.h);
      GruResetBefore.backwardReset(UNITS, m.gates, m.x, m.y, m.gates, m.h);
    }
  },

  TANH_FORWARD {
    @Override
    void call(Scratch m) {
      Activations.tanh(UNITS, m.x, m.y);
    }
  },

  TANH_BACKWARD {
    @Override
    void call(Scratch m) {
      SimpleRnn.tanhBackward(UNITS, m.x, m.y, m.z);
    }
  },

  RELU_FORWARD {
    @Override
    void call(Scratch m) {
      SimpleRnn.relu(UNITS, m.x, m.y);
    }
  },

  RELU_BACKWARD {
    @Override
    void call(Scratch m) {
      SimpleRnn.reluBackward(UNITS, m.x, m.y, m.z);
    }
  },

  /** Of the simple cells beside tanh and ReLU. */
  ACTIVATION_FORWARD {
    @Override
    void call(Scratch m) {
      Activations.sigmoid(UNITS, m.x, m.y);
      Activations.elu(UNITS, m.x, m.y);
      SimpleRnn.leakyRelu(UNITS, 0.5f, m.x, m.y);
      Softmax.forward(UNITS, m.x, m.y);
    }
  },

  ACTIVATION_BACKWARD {
    @Override
    void call(Scratch m) {
      SimpleRnn.sigmoidBackward(UNITS, m.x, m.y, m.z);
      SimpleRnn.eluBackward(UNITS, m.x, m.y, m.z);
      SimpleRnn.leakyReluBackward(UNITS, 0.5f, m.x, m.y, m.z);
      Softmax.backward(UNITS, m.x, m.y, m.z);
    }
  },

  LAYER_NORM_FORWARD {
    @Override
    void call(Scratch m) {
      LayerNorm.normalize(UNITS, m.x, 1, m.y);
      LayerNorm.scaleShift(UNITS, m.x, m.b, m.h, m.y);
      Elementwise.addProduct(UNITS, m.x, m.b, m.y);
    }
  },

  LAYER_NORM_BACKWARD {
    @Override
    void call(Scratch m) {
      LayerNorm.backward(UNITS, m.x, m.y, m.b, 1, m.gates, m.h, m.z);
    }
  },

  REGULAR_LSTM_FORWARD {
    @Override
    void call(Scratch m) {
      RegularLstm.state(UNITS, m.gates, m.b, m.b, m.x, m.y, m.z);
      RegularLstm.output(UNITS, m.gates, m.y, m.y, m.h);
    }
  },

  REGULAR_LSTM_BACKWARD {
    @Override
    void call(Scratch m) {
      RegularLstm.outputBackward(UNITS, m.gates, m.x, m.h, m.gates, m.y);
      RegularLstm.stateBackward(UNITS, m.gates, m.b, m.b, m.x, m.y, m.gates, m.z);
    }
  },

  PEEPHOLE_LSTM_FORWARD {
    @Override
    void call(Scratch m) {
      Elementwise.addProduct(UNITS, m.x, m.b, m.y);
      PeepholeLstm.state(UNITS, m.gates, m.b, m.b, 1, m.x, m.y, m.z);
      PeepholeLstm.output(UNITS, m.gates, m.y, m.y, m.h);
    }
  },

  PEEPHOLE_LSTM_BACKWARD {
    @Override
    void call(Scratch m) {
      RegularLstm.outputBackward(UNITS, m.gates, m.x, m.h, m.gates, m.y);
      PeepholeLstm.limitBackward(UNITS, 1, m.x, m.b, m.z, m.y);
      PeepholeLstm.peepholeBackward(UNITS, m.b, m.x, m.gates, m.z, m.h);
      RegularLstm.stateBackward(UNITS, m.gates, m.b, m.b, m.x, m.y, m.gates, m.z);
    }
  },

  REGULAR_GRU_FORWARD {
    @Override
    void call(Scratch m) {
      RegularGru.forward(UNITS, m.gates, m.b, m.x, m.y, m.h);
    }
  },

  REGULAR_GRU_BACKWARD {
    @Override
    void call(Scratch m) {
      RegularGru.backward(UNITS, m.gates, m.b, m.x, m.y, m.z, m.gates, m.b, m.h);
    }
  },

  /** Of dropout inside a cell. */
  MASKS {
    @Override
    void call(Scratch m) {
      Philox.mask(UNITS, 0, m.x, 1, 0.5, 0, 0);
      Elementwise.product(UNITS, m.x, m.y, m.z);
      Elementwise.mix(UNITS, m.x, m.y, m.z, m.h);
      Elementwise.split(UNITS, m.x, m.y, m.z);
    }
  },

  /** What comes with every training, in the order of a step. */
  TRAINING {
    @Override
    void call(Scratch m) {
      SoftmaxCrossEntropy.rows(1, UNITS, m.x, m.ids, 0, 0, m.z, m.y, 1);
      Elementwise.add(UNITS, m.x, m.z);
      Elementwise.columnSum(16, PackedGemm.panelColumns(), m.b, PackedGemm.panelColumns(), m.z);
      Elementwise.scatterAddRows(1, m.ids, UNITS, 0, UNITS, m.x, UNITS, m.z, -1);
      Reductions.sumOfSquares(2L * UNITS, m.b);
      Optimizers.adam(UNITS, m.x, m.y, m.z, m.h, 1, 0, 0, 1, 0.1f, 0.9f, 0.1f, 1, 1);
    }
  };

  /**
   * HotSpot compiles for good what has been called 600 times where calls and rounds of its loops
   * come to 15,000, counted after the 200 calls that make it compile for a start. Below 5,000 it
   * leaves the callers alone, which have no loops.
   */
  private static final int CALLS = 1_200;

  /** Rounds of every loop: few make C2 unroll less than real sizes are worth. */
  private static final int ROUNDS = 16;

  private static final int K = ROUNDS;
  private static final int UNITS = ROUNDS * Species.lanes();

  /** Memory to work on, all zeros at first: rows of four times UNITS floats, and B [K, panel]. */
  static final class Scratch {
    final long[] a = new long[4];
    final long[] c = new long[4];
    final long ids;
    final long b;
    final long gates;
    final long x;
    final long y;
    final long z;
    final long h;
    private long next;

    Scratch(Arena arena) {
      int row = 4 * UNITS * Float.BYTES;
      next = arena.allocate(15L * row, 64).address() - row;
      for (int i = 0; i < a.length; i++) {
        a[i] = next += row;
        c[i] = next += row;
      }
      ids = next += row;
      b = next += row;
      gates = next += row;
      x = next += row;
      y = next += row;
      z = next += row;
      h = next += row;
    }
  }

  /** Those of a stack's passes forward. */
  static List<WarmKernels> forward(RecurrentSpec spec) {
    boolean regular = Regularizer.changesCell(spec);
    boolean optional = !spec.options().equals(CellOptions.NONE);
    List<WarmKernels> kernels = new ArrayList<>();
    kernels.add(
        switch (spec.cell()) {
          case LSTM ->
              optional ? PEEPHOLE_LSTM_FORWARD : regular ? REGULAR_LSTM_FORWARD : LSTM_FORWARD;
          case GRU -> regular ? REGULAR_GRU_FORWARD : GRU_FORWARD;
          case GRU_RESET_BEFORE -> GRU_RESET_BEFORE_FORWARD;
          case TANH -> TANH_FORWARD;
          case RELU -> RELU_FORWARD;
          case SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY -> ACTIVATION_FORWARD;
        });
    if (spec.regularization().layerNorm()) {
      kernels.add(LAYER_NORM_FORWARD);
    }
    if (!spec.regularization().equals(Regularization.NONE)) {
      kernels.add(MASKS);
    }
    return kernels;
  }

  /** And backward. */
  static List<WarmKernels> backward(RecurrentSpec spec) {
    boolean regular = Regularizer.changesCell(spec);
    boolean optional = !spec.options().equals(CellOptions.NONE);
    List<WarmKernels> kernels = new ArrayList<>();
    kernels.add(
        switch (spec.cell()) {
          case LSTM ->
              optional ? PEEPHOLE_LSTM_BACKWARD : regular ? REGULAR_LSTM_BACKWARD : LSTM_BACKWARD;
          case GRU -> regular ? REGULAR_GRU_BACKWARD : GRU_BACKWARD;
          case GRU_RESET_BEFORE -> GRU_RESET_BEFORE_BACKWARD;
          case TANH -> TANH_BACKWARD;
          case RELU -> RELU_BACKWARD;
          case SIGMOID, SOFTMAX, LEAKY_RELU, ELU, IDENTITY -> ACTIVATION_BACKWARD;
        });
    if (spec.regularization().layerNorm()) {
      kernels.add(LAYER_NORM_BACKWARD);
    }
    return kernels;
  }

  abstract void call(Scratch memory);

  /**
   * Calls each kernel often enough to be compiled, as long as {@code go} says so.
   *
   * @return whether it came to the end
   */
  final boolean warm(BooleanSupplier go) {
    try (Arena arena = Arena.ofConfined()) {
      Scratch memory = new Scratch(arena);
      for (int i = 0; i < CALLS; i++) {
        if (!go.getAsBoolean()) {
          return false;
        }
        call(memory);
      }
    }
    return true;
  }
}
