package dev.gatun.backend.cpu;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.Activations;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.PackedGemm;
import dev.gatun.kernels.SimpleRnn;

/** The simple recurrent layer, with tanh or ReLU. */
final class SimplePass extends Pass {
  private final boolean relu;
  private final long packed;
  private final long packedBack;
  private final long biasSum;

  SimplePass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    relu = plan.spec().cell() == Cell.RELU;
    packed = plan.floats(PackedGemm.packedFloats(out, gateRows));
    packedBack = training ? plan.floats(PackedGemm.packedFloats(gateRows, out)) : 0;
    biasSum = bias ? plan.floats(gateRows) : 0;
  }

  @Override
  void packState(long block) {
    long recurrent = weight(block, Weight.RECURRENT);
    packTransposed(recurrent, gateRows, out, packed);
    if (training) {
      packPlain(recurrent, gateRows, out, packedBack);
    }
    if (bias) {
      Elementwise.copy(gateRows, weight(block, Weight.INPUT_BIAS), biasSum);
      Elementwise.add(gateRows, weight(block, Weight.RECURRENT_BIAS), biasSum);
    }
  }

  @Override
  long inputBias() {
    return biasSum;
  }

  @Override
  void stepForward(Rows rows, int active) {
    PackedGemm.multiplyAdd(active, rows.hPrevious, 0, packed, rows.gates, 0, out, gateRows);
    for (int i = 0; i < active; i++) {
      if (relu) {
        SimpleRnn.relu(hidden, rows.gates[i], rows.h[i]);
      } else {
        Activations.tanh(hidden, rows.gates[i], rows.h[i]);
      }
    }
  }

  @Override
  void stepBackward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      if (relu) {
        SimpleRnn.reluBackward(hidden, rows.h[i], rows.dh[i], rows.gates[i]);
      } else {
        SimpleRnn.tanhBackward(hidden, rows.h[i], rows.dh[i], rows.gates[i]);
      }
    }
    PackedGemm.multiplySet(active, rows.gates, 0, packedBack, rows.dh, 0, gateRows, out);
  }

  @Override
  void recurrentGradients(Products products, long block) {
    previousStateGradient(products, gateRows, gates, gateRows, weight(block, Weight.RECURRENT));
    addBiasGradient(block);
  }
}
