package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Adds the second half of the features to the first: the sum of two directions.
 *
 * @param name the layer's name
 */
record DirectionSum(String name) implements Layer {
  @Override
  public Signal output(Signal input) {
    return input.withFeatures(input.width() / 2);
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context);
  }

  private static final class Planned implements LayerPlan {
    private final Backend backend;
    private final PlanContext context;
    private final int width;
    private final Tensor output;
    private final @Nullable Tensor gradient;

    Planned(PlanContext context) {
      this.context = context;
      backend = context.backend();
      width = context.outputSignal().width();
      output = context.newOutput();
      gradient = context.newOutputGradient();
    }

    @Override
    public Tensor output() {
      return output;
    }

    @Override
    public @Nullable Tensor outputGradient() {
      return gradient;
    }

    @Override
    public void forward(int t, int n) {
      int rows = context.inputSignal().rows(t, n);
      backend.copyColumns(rows, context.input(), 0, output, 0, width);
      backend.addColumns(rows, context.input(), width, output, 0, width);
    }

    @Override
    public void backward(int t, int n) {
      int rows = context.inputSignal().rows(t, n);
      Tensor dy = Objects.requireNonNull(gradient);
      Tensor dx = Objects.requireNonNull(context.inputGradient());
      backend.copyColumns(rows, dy, 0, dx, 0, width);
      backend.copyColumns(rows, dy, 0, dx, width, width);
    }
  }
}
