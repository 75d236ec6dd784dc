package dev.gatun.backend.cpu;

import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import dev.gatun.tensor.Workspace;

/** The packed weights of a stack, pass by pass. */
final class CpuRecurrentWeights implements RecurrentWeights {
  private final RecurrentSpec spec;
  private final WeightType type;
  private final Workspace workspace;
  private final PassWeights[][] passes;
  private boolean closed;

  /** For inference. */
  CpuRecurrentWeights(Workspace workspace, RecurrentSpec spec, WeightType type) {
    this(workspace, spec, type, false, false);
  }

  /**
   * Reserves them; they hold nothing before the first {@link #pack}.
   *
   * @param workspace owned from now on
   * @param training whether backward reads them too
   * @param inputGradient whether that of the stack's own input is wanted
   */
  CpuRecurrentWeights(
      Workspace workspace,
      RecurrentSpec spec,
      WeightType type,
      boolean training,
      boolean inputGradient) {
    this.workspace = workspace;
    this.spec = spec;
    this.type = type;
    passes = new PassWeights[spec.layers()][spec.directions()];
    try {
      for (int layer = 0; layer < spec.layers(); layer++) {
        for (int direction = 0; direction < spec.directions(); direction++) {
          boolean dx = training && (layer > 0 || inputGradient);
          passes[layer][direction] =
              new PassWeights(workspace, spec, layer, direction, type, training, dx);
        }
      }
    } catch (RuntimeException | Error e) {
      workspace.close();
      throw e;
    }
  }

  PassWeights pass(int layer, int direction) {
    if (closed) {
      throw new IllegalStateException("the packed weights have been closed");
    }
    return passes[layer][direction];
  }

  /** Packs the flat block at an address. */
  void pack(long block) {
    for (PassWeights[] layer : passes) {
      for (PassWeights pass : layer) {
        pass.pack(block);
      }
    }
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
