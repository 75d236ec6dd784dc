package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Where gradients vanish or explode (Bengio et al. 1994, Pascanu et al. 2013): their norm in each
 * layer, and along the steps of time.
 *
 * @param layers the norm of the gradient of each layer's parameters, by its name, from the input up
 * @param steps the steps of the input, from 0, that {@code states} are of; a layer that a stride
 *     gives fewer steps is looked at as far into its own
 * @param states for each recurrent layer the norm of dL/dh_t of its top, over all sequences, at
 *     those steps; of one that runs in both directions for each of them, the other as {@link
 *     #REVERSE}
 */
public record GradientFlow(
    SequencedMap<String, Double> layers,
    List<Integer> steps,
    SequencedMap<String, List<Double>> states) {
  /** Ends the name of a layer where its direction from the last step to the first is meant. */
  public static final String REVERSE = " reverse";

  /**
   * Looks at a plan between its backward and the update. Waits for a device and allocates: for now
   * and then, not for every step.
   *
   * @param plan for training, after its backward
   * @param points steps of time to look at, at most, and no more than any layer has; each costs
   *     about a step of the layer
   */
  public static GradientFlow of(Plan plan, ParameterSet parameters, int points) {
    SequencedMap<String, Double> layers = new LinkedHashMap<>();
    try (Workspace device = plan.backend.workspace();
        Workspace host = Workspace.host(DType.F64)) {
      Tensor control = device.tensor(DType.F64, Control.SIZE);
      Tensor read = host.tensor(DType.F64, Control.SIZE);
      for (Parameter parameter : parameters.list()) {
        double norm = norm(plan.backend, parameter.gradient(), control, read);
        String layer = parameter.name().substring(0, parameter.name().indexOf('.'));
        layers.merge(layer, norm * norm, Double::sum);
      }
    }
    layers.replaceAll((layer, squares) -> Math.sqrt(squares));
    int taken = Math.min(points, plan.time());
    for (int i = 0; i < plan.layers.size(); i++) {
      taken = Math.min(taken, plan.layers.time(plan.time(), i));
    }
    List<Integer> steps = new ArrayList<>();
    for (int i = 0; i < taken; i++) {
      steps.add(StateGradients.step(i, taken, plan.time()));
    }
    SequencedMap<String, List<Double>> states = new LinkedHashMap<>();
    for (int i = 0; i < plan.layers.size(); i++) {
      int time = plan.layers.time(plan.time(), i);
      double[][] norms = plan.layers.get(i).stateGradients(time, plan.batch(), taken);
      for (int d = 0; d < norms.length; d++) {
        String name = plan.layers.name(i) + (d == 0 ? "" : REVERSE);
        states.put(name, Arrays.stream(norms[d]).boxed().toList());
      }
    }
    return new GradientFlow(layers, steps, states);
  }

  private static double norm(Backend backend, Tensor gradient, Tensor control, Tensor read) {
    backend.prepareUpdate(gradient, Double.POSITIVE_INFINITY, control);
    backend.copy(control, read);
    return read.get(Control.NORM);
  }
}
