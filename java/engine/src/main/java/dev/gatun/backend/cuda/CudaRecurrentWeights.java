package dev.gatun.backend.cuda;

import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;

/** A copy of a stack's weights on the device, which stacks on other contexts may read. */
final class CudaRecurrentWeights implements RecurrentWeights {
  private final Workspace workspace;
  private final RecurrentSpec spec;
  private final Tensor values;

  /** Reserves the copy, to be filled by whoever made it. */
  CudaRecurrentWeights(Workspace workspace, RecurrentSpec spec) {
    this.workspace = workspace;
    this.spec = spec;
    values = workspace.real(spec.weightCount());
  }

  /** The flat block; its memory refuses use once this has been closed. */
  Tensor values() {
    return values;
  }

  @Override
  public RecurrentSpec spec() {
    return spec;
  }

  @Override
  public WeightType type() {
    return WeightType.FLOAT32;
  }

  @Override
  public long bytes() {
    return workspace.bytes();
  }

  @Override
  public void close() {
    workspace.close();
  }
}
