package dev.gatun.tests.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.Backends;
import dev.gatun.GradientCheck;
import dev.gatun.backend.Backend;
import dev.gatun.model.Initializers;
import dev.gatun.model.Layer;
import dev.gatun.model.LayerPlan;
import dev.gatun.model.Linear;
import dev.gatun.model.Model;
import dev.gatun.model.ModelSpec;
import dev.gatun.model.Parameter;
import dev.gatun.model.ParameterSpec;
import dev.gatun.model.Plan;
import dev.gatun.model.PlanContext;
import dev.gatun.model.PlanSpec;
import dev.gatun.model.Signal;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A layer of one's own: a learnt gain for each feature. */
class CustomLayerTest {
  /** y = gain * x, for host backends. */
  private record Gain(String name) implements Layer {
    @Override
    public Signal output(Signal input) {
      return input;
    }

    @Override
    public List<ParameterSpec> parameters(Signal input) {
      return List.of(
          new ParameterSpec("gain", new long[] {input.width()}, Initializers.constant(1)));
    }

    @Override
    public LayerPlan plan(PlanContext context) {
      Parameter gain = context.parameters().get("gain");
      Tensor x = context.input();
      Tensor y = context.newOutput();
      Tensor dy = context.newOutputGradient();
      int width = context.inputSignal().width();
      return new LayerPlan() {
        @Override
        public Tensor output() {
          return y;
        }

        @Override
        public @Nullable Tensor outputGradient() {
          return dy;
        }

        @Override
        public void forward(int t, int n) {
          for (int i = 0; i < t * n * width; i++) {
            y.set(i, x.get(i) * gain.value().get(i % width));
          }
        }

        @Override
        public void backward(int t, int n) {
          Tensor slope = Objects.requireNonNull(dy);
          for (int i = 0; i < t * n * width; i++) {
            int c = i % width;
            gain.gradient().set(c, gain.gradient().get(c) + slope.get(i) * x.get(i));
            if (context.inputGradient() != null) {
              context.inputGradient().set(i, slope.get(i) * gain.value().get(c));
            }
          }
        }
      };
    }
  }

  @Test
  void trainsWithin() {
    ModelSpec spec =
        ModelSpec.of(Signal.features(3), Linear.of(4), new Gain("gain"), Linear.of(2).named("out"));
    SplittableRandom random = new SplittableRandom(1);
    try (Backend backend = Backends.open("reference");
        Model model = spec.build(backend, 6);
        Plan plan = model.plan(PlanSpec.training(2, 3))) {
      for (int i = 0; i < plan.input().size(); i++) {
        plan.input().set(i, random.nextDouble(-1, 1));
      }
      Tensor slopes = Objects.requireNonNull(plan.outputGradient());
      for (int i = 0; i < slopes.size(); i++) {
        slopes.set(i, random.nextDouble(-1, 1));
      }
      double[] weights = slopes.toDoubles();
      plan.forward(2, 3);
      plan.backward();
      GradientCheck check =
          new GradientCheck(
              () -> {
                plan.forward(2, 3);
                double sum = 0;
                for (int i = 0; i < weights.length; i++) {
                  sum += weights[i] * plan.output().get(i);
                }
                return sum;
              });
      for (Parameter parameter : model.parameters().list()) {
        GradientCheck.Result result =
            check.check(parameter.name(), parameter.value(), parameter.gradient());
        assertTrue(result.norm() > 0 && result.within(1e-8), result.toString());
      }
    }
  }
}
