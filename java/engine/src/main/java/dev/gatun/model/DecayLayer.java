package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.InputDecay;
import dev.gatun.backend.InputDecayIo;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets missing inputs fade from the last value that was there towards a mean, at a rate learnt for
 * each: the input decay of GRU-D (Che et al. 2018, "Recurrent neural networks for multivariate time
 * series with missing values", equation 10). First in a model, before any recurrent layer; takes
 * what {@link dev.gatun.data.MissingValues#DECAY} gives, 3 C features a step: C values, C masks, C
 * ages. Gives 2 C: the values, faded where the mask is 0, and the masks; or 3 C, the ages after
 * them.
 *
 * @param name the layer's name
 * @param means [C] that values fade to, in the unit of what comes in
 * @param givesAges whether it gives the ages too, as {@link RecurrentLayer#decayed} takes
 */
public record DecayLayer(String name, List<Double> means, boolean givesAges) implements Layer {
  /** At first a value loses a tenth of its distance from the mean in a step. */
  private static final double FIRST_RATE = 0.1;

  /** Copies the means and checks them. */
  public DecayLayer {
    means = List.copyOf(means);
    if (means.isEmpty()) {
      throw new IllegalArgumentException("a decay needs at least one input");
    }
    for (int c = 0; c < means.size(); c++) {
      if (!Double.isFinite(means.get(c))) {
        throw new IllegalArgumentException(
            "decay %s: the mean of input %d is %s; values can only fade to a finite number"
                .formatted(name, c, means.get(c)));
      }
    }
  }

  /** A layer called {@code decay}. */
  public static DecayLayer of(List<Double> means) {
    return new DecayLayer("decay", means, false);
  }

  /** The same that gives the ages too. */
  public DecayLayer withAges() {
    return new DecayLayer(name, means, true);
  }

  @Override
  public Signal output(Signal input) {
    int inputs = means.size();
    if (input.isTokens() || input.width() != 3 * inputs) {
      throw new IllegalArgumentException(
          "decay %s of %d inputs takes %d features, values, masks and ages, not %s"
              .formatted(name, inputs, 3 * inputs, input));
    }
    return input.withFeatures((givesAges ? 3 : 2) * inputs);
  }

  /** {@code rate} [2, C]: w and b of exp(-max(0, w age + b)). */
  @Override
  public List<ParameterSpec> parameters(Signal input) {
    int inputs = means.size();
    Initializer initial =
        (values, random) -> {
          for (int c = 0; c < inputs; c++) {
            values.set(c, FIRST_RATE);
            values.set(inputs + c, 0);
          }
        };
    return List.of(new ParameterSpec("rate", new long[] {2, inputs}, initial));
  }

  @Override
  public LayerPlan plan(PlanContext context) {
    return new Planned(context, means, givesAges);
  }

  private static final class Planned implements LayerPlan {
    private final PlanContext context;
    private final Backend backend;
    private final int inputs;
    private final Tensor output;
    private final @Nullable Tensor gradient;

    /** [T, N, 2 C], the values and masks: the output itself unless that has the ages too. */
    private final Tensor faded;

    private final @Nullable Tensor fadedGradient;
    private final InputDecay bound;

    Planned(PlanContext context, List<Double> means, boolean givesAges) {
      this.context = context;
      inputs = means.size();
      output = context.newOutput();
      gradient = context.newOutputGradient();
      faded = givesAges ? pairs() : output;
      fadedGradient = givesAges && gradient != null ? pairs() : gradient;
      backend = context.backend();
      Tensor mean = context.workspace().real(inputs);
      try (Workspace host = Workspace.host(backend.real())) {
        Tensor values = host.real(inputs);
        for (int c = 0; c < inputs; c++) {
          values.set(c, means.get(c));
        }
        backend.copy(values, mean);
      }
      Parameter rate = context.parameters().get("rate");
      InputDecayIo.Gradients gradients =
          fadedGradient == null
              ? null
              : new InputDecayIo.Gradients(
                  fadedGradient, rate.gradient(), context.inputGradient(), pairs());
      bound =
          backend.inputDecay(
              new InputDecayIo(context.input(), mean, rate.value(), faded, gradients));
    }

    private Tensor pairs() {
      int rows = context.spec().maxTime();
      return context.workspace().real(rows, context.spec().maxBatch(), 2L * inputs);
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
      bound.forward(rows);
      if (faded != output) {
        backend.copyColumns(rows, faded, 0, output, 0, 2 * inputs);
        backend.copyColumns(rows, context.input(), 2 * inputs, output, 2 * inputs, inputs);
      }
    }

    @Override
    public void backward(int t, int n) {
      int rows = context.inputSignal().rows(t, n);
      if (gradient != null && fadedGradient != null && fadedGradient != gradient) {
        backend.copyColumns(rows, gradient, 0, fadedGradient, 0, 2 * inputs);
      }
      bound.backward(rows);
      Tensor dx = context.inputGradient();
      if (dx != null && gradient != null && fadedGradient != gradient) {
        backend.addColumns(rows, gradient, 2 * inputs, dx, 2 * inputs, inputs);
      }
    }
  }
}
