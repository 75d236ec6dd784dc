package dev.gatun.model;

import dev.gatun.backend.Gates;
import dev.gatun.model.RecurrentStack.Part;
import dev.gatun.model.RecurrentStack.Place;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parts of a {@link RecurrentStack} in a plan, each a plan of its own on the one below. */
final class RecurrentStackPlan implements LayerPlan {
  private final LayerPlan[] parts;
  private final Map<String, Tensor> state = new LinkedHashMap<>();

  RecurrentStackPlan(List<Part> stack, PlanContext context) {
    List<LayerPlan> plans = new ArrayList<>();
    Tensor x = context.input();
    Tensor dx = context.inputGradient();
    long end = 0;
    try {
      for (Part part : stack) {
        Place place = part.place(end, context.backend());
        end = place.end();
        LayerPlan plan = part.layer().plan(part.context(context, place, x, dx));
        plans.add(plan);
        plan.state().forEach((key, tensor) -> state.put(key + "_l" + part.number(), tensor));
        x = plan.output();
        dx = plan.outputGradient();
      }
    } catch (RuntimeException | Error e) {
      plans.reversed().forEach(LayerPlan::close);
      throw e;
    }
    parts = plans.toArray(LayerPlan[]::new);
  }

  @Override
  public Tensor output() {
    return parts[parts.length - 1].output();
  }

  @Override
  public @Nullable Tensor outputGradient() {
    return parts[parts.length - 1].outputGradient();
  }

  @Override
  public void forward(int t, int n) {
    for (LayerPlan part : parts) {
      part.forward(t, n);
    }
  }

  @Override
  public void backward(int t, int n) {
    for (int i = parts.length - 1; i >= 0; i--) {
      parts[i].backward(t, n);
    }
  }

  /** Of the topmost layer that has some. */
  @Override
  public double[][] stateGradients(int t, int n, int points) {
    double[][] norms = new double[0][];
    for (int i = parts.length - 1; i >= 0 && norms.length == 0; i--) {
      norms = parts[i].stateGradients(t, n, points);
    }
    return norms;
  }

  @Override
  public Map<String, Tensor> state() {
    return state;
  }

  @Override
  public List<Gates> gates() {
    List<Gates> all = new ArrayList<>();
    for (LayerPlan part : parts) {
      int first = all.isEmpty() ? 0 : all.getLast().layer() + 1;
      part.gates().forEach(gates -> all.add(gates.inLayer(first + gates.layer())));
    }
    return all;
  }

  @Override
  public void refresh() {
    for (LayerPlan part : parts) {
      part.refresh();
    }
  }

  @Override
  public long bytes() {
    long bytes = 0;
    for (LayerPlan part : parts) {
      bytes += part.bytes();
    }
    return bytes;
  }

  @Override
  public void close() {
    for (int i = parts.length - 1; i >= 0; i--) {
      parts[i].close();
    }
  }
}
