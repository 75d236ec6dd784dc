package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Control;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;

/**
 * Where the last forward of a plan first met something that is not finite.
 *
 * @param layer the layer; the one that takes the input, or gave the last output
 * @param place in what of it
 */
public record NonFinite(String layer, Place place) {
  /** In what. */
  public enum Place {
    INPUT,
    OUTPUT,
    /** In none of them. */
    NEITHER
  }

  /** Looks at the input and every layer's output, in order. Waits for a device. */
  public static NonFinite of(Plan plan) {
    LayerStack layers = plan.layers;
    Tensor input = plan.input();
    if (input.dtype().isReal() && !finite(plan, input, plan.time())) {
      return new NonFinite(layers.name(0), Place.INPUT);
    }
    for (int i = 0; i < layers.size(); i++) {
      if (!finite(plan, layers.get(i).output(), layers.time(plan.time(), i + 1))) {
        return new NonFinite(layers.name(i), Place.OUTPUT);
      }
    }
    return new NonFinite(layers.name(layers.size() - 1), Place.NEITHER);
  }

  private static boolean finite(Plan plan, Tensor tensor, int time) {
    Backend backend = plan.backend;
    long rows = tensor.rank() == 3 ? (long) time * plan.batch() : plan.batch();
    Tensor used = tensor.view(0, rows * tensor.dim(-1));
    try (Workspace device = backend.workspace();
        Workspace host = Workspace.host(DType.F64)) {
      Tensor control = device.tensor(DType.F64, Control.SIZE);
      Tensor read = host.tensor(DType.F64, Control.SIZE);
      backend.prepareUpdate(used, Double.POSITIVE_INFINITY, control);
      backend.copy(control, read);
      return read.get(Control.NON_FINITE) < 0;
    }
  }
}
