package dev.gatun.model;

import dev.gatun.model.RecurrentStack.Part;
import dev.gatun.model.RecurrentStack.Place;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The parts of a layer in a plan: each found by name, with its place among the parameters. */
final class PlannedParts implements AutoCloseable {
  private final PlanContext context;
  private final String layer;
  private final Map<String, Part> parts;
  private final Map<String, LayerParameters> parameters;
  private final List<LayerPlan> plans;

  /**
   * Finds each part's parameters.
   *
   * @param context the layer's
   * @param layer its name: what the names of parts begin with
   */
  PlannedParts(PlanContext context, String layer, List<Part> all) {
    this(context, layer, new LinkedHashMap<>(), new LinkedHashMap<>(), new ArrayList<>());
    long end = 0;
    for (Part part : all) {
      Place place = part.place(end, context.backend());
      end = place.end();
      String name = part.layer().name();
      parts.put(name, part);
      parameters.put(name, context.parameters().part(name, place.from(), place.layout().size()));
    }
  }

  private PlannedParts(
      PlanContext context,
      String layer,
      Map<String, Part> parts,
      Map<String, LayerParameters> parameters,
      List<LayerPlan> plans) {
    this.context = context;
    this.layer = layer;
    this.parts = parts;
    this.parameters = parameters;
    this.plans = plans;
  }

  /** The same parts for a decoder's steps: {@link PlanSpec#maxLabels}. */
  PlannedParts ofDecoder() {
    PlanContext c = context;
    PlanContext own =
        new PlanContext(
            c.backend(),
            c.workspace(),
            c.spec().ofDecoder(),
            c.inputSignal(),
            c.outputSignal(),
            c.input(),
            c.inputGradient(),
            c.lengths(),
            c.parameters(),
            c.mask(),
            c.shared());
    return new PlannedParts(own, layer, parts, parameters, plans);
  }

  /** Whether there is a part, by its name within the layer. */
  boolean has(String key) {
    return parts.containsKey(name(key));
  }

  private String name(String key) {
    return layer + "." + key;
  }

  /** A part's parameters. */
  LayerParameters parameters(String key) {
    return Objects.requireNonNull(parameters.get(name(key)), key);
  }

  /** What a part binds to. */
  PlanContext context(String key, Tensor x, @Nullable Tensor dx, @Nullable Tensor lengths) {
    Part part = Objects.requireNonNull(parts.get(name(key)), key);
    return new PlanContext(
        context.backend(),
        context.workspace(),
        context.spec(),
        part.input(),
        part.output(),
        x,
        dx,
        lengths,
        parameters(key),
        context.mask().withLayer(context.mask().layer() + part.number()),
        context.shared());
  }

  /** Plans a part, which is closed with this. */
  LayerPlan plan(String key, Tensor x, @Nullable Tensor dx) {
    Part part = Objects.requireNonNull(parts.get(name(key)), key);
    LayerPlan plan = part.layer().plan(context(key, x, dx, null));
    plans.add(plan);
    return plan;
  }

  /** Plans parts on one another, leaving out those that are not there. */
  Chain chain(Tensor x, @Nullable Tensor dx, String... keys) {
    List<LayerPlan> chain = new ArrayList<>();
    Tensor top = x;
    Tensor gradient = dx;
    for (String key : keys) {
      if (has(key)) {
        LayerPlan plan = plan(key, top, gradient);
        chain.add(plan);
        top = plan.output();
        gradient = plan.outputGradient();
      }
    }
    return new Chain(chain.toArray(LayerPlan[]::new), top, gradient);
  }

  void refresh() {
    for (int i = 0; i < plans.size(); i++) { // an iterator would be an object each time
      plans.get(i).refresh();
    }
  }

  long bytes() {
    return plans.stream().mapToLong(LayerPlan::bytes).sum();
  }

  @Override
  public void close() {
    plans.reversed().forEach(LayerPlan::close);
  }

  /** Plans that run one after another. */
  static final class Chain {
    private final LayerPlan[] plans;
    private final Tensor output;
    private final @Nullable Tensor gradient;

    Chain(LayerPlan[] plans, Tensor output, @Nullable Tensor gradient) {
      this.plans = plans;
      this.output = output;
      this.gradient = gradient;
    }

    /** Of the last; the chain's input without any. */
    Tensor output() {
      return output;
    }

    /** dL/doutput; that of the chain's input without any plan. */
    @Nullable Tensor gradient() {
      return gradient;
    }

    void forward(int t, int n) {
      for (LayerPlan plan : plans) {
        plan.forward(t, n);
      }
    }

    void backward(int t, int n) {
      for (int i = plans.length - 1; i >= 0; i--) {
        plans[i].backward(t, n);
      }
    }
  }
}
