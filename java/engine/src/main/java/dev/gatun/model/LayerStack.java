package dev.gatun.model;

import java.util.ArrayList;
import java.util.List;

/** The layers of a plan, run one after the other on the parameters as they are. */
final class LayerStack implements AutoCloseable {
  private final ParameterSet parameters;
  private final List<LayerPlan> layers = new ArrayList<>();

  /** The version of the parameters that packed copies are of. */
  private long seenVersion;

  LayerStack(ParameterSet parameters) {
    this.parameters = parameters;
  }

  /** Adds a layer to be closed with this. */
  void add(LayerPlan layer) {
    layers.add(layer);
  }

  /** The last one added. */
  LayerPlan top() {
    return layers.getLast();
  }

  // Iterators would be objects in each step.

  void forward(int t, int n) {
    if (refreshDue()) {
      long version = parameters.version();
      for (int i = 0; i < layers.size(); i++) {
        layers.get(i).refresh();
      }
      seenVersion = version;
    }
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).forward(t, n);
    }
  }

  void backward(int t, int n) {
    for (int i = layers.size() - 1; i >= 0; i--) {
      layers.get(i).backward(t, n);
    }
  }

  /** Whether the next forward makes packed copies again. */
  boolean refreshDue() {
    return parameters.version() != seenVersion;
  }

  /** The version of the parameters as they are. */
  long version() {
    return parameters.version();
  }

  long seenVersion() {
    return seenVersion;
  }

  /** Says what version packed copies are of, where a recording has made them. */
  void seen(long version) {
    seenVersion = version;
  }

  long bytes() {
    return layers.stream().mapToLong(LayerPlan::bytes).sum();
  }

  @Override
  public void close() {
    layers.reversed().forEach(LayerPlan::close);
  }
}
