package dev.gatun.backend.reference;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Hochreiter and Schmidhuber 1997 with forget gates (Gers et al. 2000); gates i, f, g, o. Perhaps
 * with peepholes (Gers and Schmidhuber 2000), and with a limit of c.
 */
final class LstmCell extends ReferenceCell {
  private final @Nullable Affine projection;
  private final @Nullable Norm cellNorm;
  private final @Nullable Diagonal peepholes;

  /** The largest absolute value of c. */
  private final double limit;

  private final double[] dInner;

  /** dL/dc before zoneout. */
  private final double[] dNew;

  LstmCell(LayerWeights weights) {
    super(weights);
    projection = weights.projection();
    cellNorm = weights.cellNorm();
    peepholes = weights.peepholes();
    limit = weights.spec().options().limit();
    dInner = new double[size];
    dNew = new double[size];
  }

  @Override
  void forward(Step step) {
    shares(step);
    if (peepholes != null) {
      peepholes.add(0, step.cBefore, a, 0);
      peepholes.add(1, step.cBefore, a, size);
    }
    for (int k = 0; k < size; k++) {
      double i = sigmoid(a[k] + u[k]);
      double f = sigmoid(a[size + k] + u[size + k]);
      double g = Math.tanh(a[2 * size + k] + u[2 * size + k]);
      step.gates[k] = i;
      step.gates[size + k] = f;
      step.gates[2 * size + k] = g;
      double c = f * step.cBefore[k] + i * step.candidateMask[k] * g;
      step.cNew[k] = Math.clamp(c, -limit, limit);
      step.c[k] = step.freshCell[k] * step.cNew[k] + (1 - step.freshCell[k]) * step.cBefore[k];
    }
    if (peepholes != null) {
      peepholes.add(2, step.cNew, a, 3 * size);
    }
    if (cellNorm != null) {
      cellNorm.apply(step.cNew, step.cHat);
    }
    for (int k = 0; k < size; k++) {
      step.gates[3 * size + k] = sigmoid(a[3 * size + k] + u[3 * size + k]);
      step.squashed[k] = Math.tanh(step.cNew[k]);
      step.inner[k] = step.gates[3 * size + k] * step.squashed[k];
    }
    if (projection != null) {
      projection.apply(step.inner, step.h, 0);
    } else {
      System.arraycopy(step.inner, 0, step.h, 0, size);
    }
  }

  @Override
  void backward(Step step, double[] dh, double[] dc, double[] dx) {
    if (projection != null) {
      Arrays.fill(dInner, 0);
      projection.back(dh, 0, step.inner, dInner);
    } else {
      System.arraycopy(dh, 0, dInner, 0, size);
    }
    for (int k = 0; k < size; k++) {
      double squashed = step.squashed[k];
      double o = step.gates[3 * size + k];
      dNew[k] = dInner[k] * o * (1 - squashed * squashed);
      da[3 * size + k] = dInner[k] * squashed * o * (1 - o);
    }
    if (cellNorm != null) {
      cellNorm.back(dNew, step.cHat);
    }
    if (peepholes != null) {
      peepholes.back(2, da, 3 * size, step.cNew, dNew);
    }
    for (int k = 0; k < size; k++) {
      double i = step.gates[k];
      double f = step.gates[size + k];
      double g = step.gates[2 * size + k];
      double kept = step.candidateMask[k];
      boolean limited = Math.abs(step.cNew[k]) >= limit;
      double dck = limited ? 0 : step.freshCell[k] * dc[k] + dNew[k];
      da[k] = dck * kept * g * i * (1 - i);
      da[size + k] = dck * step.cBefore[k] * f * (1 - f);
      da[2 * size + k] = dck * kept * i * (1 - g * g);
      dc[k] = (1 - step.freshCell[k]) * dc[k] + dck * f;
    }
    if (peepholes != null) {
      peepholes.back(0, da, 0, step.cBefore, dc);
      peepholes.back(1, da, size, step.cBefore, dc);
    }
    System.arraycopy(da, 0, du, 0, da.length);
    Arrays.fill(dh, 0);
    sharesBack(step, dx);
  }
}
