package dev.gatun.backend.cuda;

import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.Workspace;

/** A copy of a stack's weights on the device, which stacks on other contexts may read. */
final class CudaRecurrentWeights implements RecurrentWeights {
  private final Workspace workspace;
  private final RecurrentSpec spec;
  private final StackWeights values;

  /**
   * Takes over what has been copied.
   *
   * @param workspace of the copy, closed with this
   * @param values in inference no one asks for their gradients
   */
  CudaRecurrentWeights(Workspace workspace, RecurrentSpec spec, StackWeights values) {
    this.workspace = workspace;
    this.spec = spec;
    this.values = values;
  }

  /**
   * The weights.
   *
   * @throws IllegalStateException if they have been closed
   */
  StackWeights values() {
    DeviceMemory.address(values.block());
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
