package dev.gatun.backend.cpu;

import dev.gatun.backend.Cell;
import dev.gatun.kernels.Activations;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.SimpleRnn;

/** The simple recurrent layer, with tanh or ReLU. */
final class SimplePass extends Pass {
  private final boolean relu;

  /** Whether backward finds what the cell gave where the gates were: zoneout changes h. */
  private final boolean keepsGates;

  SimplePass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    relu = plan.spec().cell() == Cell.RELU;
    keepsGates = training && regular.zonesState();
  }

  @Override
  void stepForward(Rows rows, int active) {
    weights.recurrent.forward().multiplyAdd(active, rows.hSeen, rows.gates);
    for (int i = 0; i < active; i++) {
      long to = keepsGates ? rows.gates[i] : rows.h[i];
      if (relu) {
        SimpleRnn.relu(hidden, rows.gates[i], to);
      } else {
        Activations.tanh(hidden, rows.gates[i], to);
      }
      if (keepsGates) {
        Elementwise.copy(hidden, to, rows.h[i]);
      }
    }
  }

  @Override
  void stepBackward(Rows rows, int active) {
    for (int i = 0; i < active; i++) {
      long h = keepsGates ? rows.gates[i] : rows.h[i];
      if (relu) {
        SimpleRnn.reluBackward(hidden, h, rows.dh[i], rows.gates[i]);
      } else {
        SimpleRnn.tanhBackward(hidden, h, rows.dh[i], rows.gates[i]);
      }
    }
    weights.recurrent.back().multiplySet(active, rows.gates, rows.dhSeen);
  }

  @Override
  void recurrentGradients(Products products, long block) {
    previousStateGradient(products, gateRows, gates, gateRows, recurrentGradient(block));
    addBiasGradient(block);
  }
}
