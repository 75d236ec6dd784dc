package dev.gatun.backend.cpu;

import dev.gatun.backend.Cell;
import dev.gatun.kernels.Activations;
import dev.gatun.kernels.Elementwise;
import dev.gatun.kernels.SimpleRnn;

/** The simple recurrent layer, with tanh or ReLU. */
class SimplePass extends Pass {
  private final boolean relu;

  /** Whether backward finds what the cell gave where the gates were: zoneout changes h. */
  private final boolean keepsGates;

  SimplePass(PassPlan plan, int layer, int direction) {
    super(plan, layer, direction);
    relu = plan.spec().cell() == Cell.RELU;
    keepsGates = training && regular.zonesState();
  }

  @Override
  void product(int stage, Rows rows, int active, int chunk, int chunks) {
    weights.recurrent.forward().multiply(active, rows.hSeen, rows.gates, chunk, chunks, true);
  }

  @Override
  void cell(int stage, Rows rows, int from, int to) {
    for (int i = from; i < to; i++) {
      long h = keepsGates ? rows.gates[i] : rows.h[i];
      activate(rows.gates[i], h);
      if (keepsGates) {
        Elementwise.copy(hidden, h, rows.h[i]);
      }
    }
  }

  @Override
  void cellBack(int stage, Rows rows, int from, int to) {
    for (int i = from; i < to; i++) {
      long h = keepsGates ? rows.gates[i] : rows.h[i];
      activateBack(h, rows.dh[i], rows.gates[i]);
    }
  }

  /** h of a row; h may be x. */
  void activate(long x, long h) {
    if (relu) {
      SimpleRnn.relu(hidden, x, h);
    } else {
      Activations.tanh(hidden, x, h);
    }
  }

  /** dL/dx of a row from its h; dx may be h. */
  void activateBack(long h, long dh, long dx) {
    if (relu) {
      SimpleRnn.reluBackward(hidden, h, dh, dx);
    } else {
      SimpleRnn.tanhBackward(hidden, h, dh, dx);
    }
  }

  @Override
  void productBack(int stage, Rows rows, int active, int chunk, int chunks) {
    weights.recurrent.back().multiply(active, rows.gates, rows.dhSeen, chunk, chunks, false);
  }

  @Override
  void recurrentGradients(Products products, long block) {
    previousStateGradient(products, gateRows, gates, gateRows, recurrentGradient(block));
    addBiasGradient(block);
  }
}
