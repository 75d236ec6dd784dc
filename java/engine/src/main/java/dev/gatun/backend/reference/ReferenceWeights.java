package dev.gatun.backend.reference;

import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.WeightView;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;

/** A copy of a stack's weights with the matrices rounded as their type says. */
final class ReferenceWeights implements RecurrentWeights {
  private final Workspace workspace;
  private final RecurrentSpec spec;
  private final WeightType type;
  private final Tensor values;
  private boolean closed;

  ReferenceWeights(Workspace workspace, RecurrentSpec spec, Tensor weights, WeightType type) {
    this.workspace = workspace;
    this.spec = spec;
    this.type = type;
    values = workspace.real(spec.weightCount());
    for (WeightView view : spec.weights()) {
      int rows = view.matrix() ? (int) view.shape()[0] : 1;
      long columns = view.size() / rows;
      for (int row = 0; row < rows; row++) {
        round(weights, view.offset() + row * columns, columns, view.matrix());
      }
    }
  }

  private void round(Tensor weights, long from, long columns, boolean matrix) {
    float largest = 0;
    for (long i = from; i < from + columns; i++) {
      largest = Math.max(largest, Math.abs((float) weights.get(i)));
    }
    float scale = WeightType.int8Scale(largest);
    for (long i = from; i < from + columns; i++) {
      double value = weights.get(i);
      values.set(
          i,
          switch (matrix ? type : WeightType.FLOAT32) {
            case FLOAT32 -> value;
            case BFLOAT16 -> WeightType.fromBfloat16(WeightType.toBfloat16((float) value));
            case INT8 -> (double) scale * WeightType.toInt8((float) value, scale);
          });
    }
  }

  /** The flat block. */
  Tensor values() {
    if (closed) {
      throw new IllegalStateException("the packed weights have been closed");
    }
    return values;
  }

  @Override
  public RecurrentSpec spec() {
    return spec;
  }

  @Override
  public WeightType type() {
    return type;
  }

  @Override
  public long bytes() {
    return workspace.bytes();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      workspace.close();
    }
  }
}
