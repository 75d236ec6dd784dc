package dev.gatun.backend.cpu;

import dev.gatun.backend.Cell;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.kernels.Activations;
import dev.gatun.kernels.SimpleRnn;

/** The simple recurrent layer, with tanh or ReLU. */
final class SimplePass extends Pass {
  private final boolean relu;

  SimplePass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    relu = plan.spec().cell() == Cell.RELU;
  }

  @Override
  void stepForward(Rows rows, int active) {
    weights.recurrent.forward().multiplyAdd(active, rows.hPrevious, rows.gates);
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
    weights.recurrent.back().multiplySet(active, rows.gates, rows.dh);
  }

  @Override
  void recurrentGradients(Products products, long block) {
    previousStateGradient(products, gateRows, gates, gateRows, weight(block, Weight.RECURRENT));
    addBiasGradient(block);
  }
}
