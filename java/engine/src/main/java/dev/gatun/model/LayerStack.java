package dev.gatun.model;

import dev.gatun.backend.Gates;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** The layers of a plan, run one after the other on the parameters as they are. */
final class LayerStack implements AutoCloseable {
  /** Layer numbers of masks that each layer has to itself; MaskKey allows 2^23 in all. */
  private static final int MASKS_PER_LAYER = 1024;

  private final ParameterSet parameters;
  private final List<LayerPlan> layers = new ArrayList<>();
  private final List<String> names = new ArrayList<>();

  /** The valid steps of the last layer's output; null: all have as many as the call. */
  private @Nullable Tensor lengths;

  private boolean keepsSteps = true;

  /** The version of the parameters that packed copies are of. */
  private long seenVersion;

  LayerStack(ParameterSet parameters) {
    this.parameters = parameters;
  }

  /**
   * Plans every layer on the one below; they are closed with this, also those before one that
   * fails.
   *
   * @param bottom what the first one gets
   * @param state where carried states are added
   */
  void plan(ModelSpec model, PlanContext bottom, CarriedState state) {
    PlanContext context = bottom;
    for (int i = 0; i < model.stages().size(); i++) {
      ModelSpec.Stage stage = model.stages().get(i);
      context =
          context.of(stage, parameters.layer(i), bottom.mask().withLayer(i * MASKS_PER_LAYER));
      LayerPlan layer = stage.layer().plan(context);
      layers.add(layer);
      names.add(stage.layer().name());
      state.add(stage.layer().name(), layer.state());
      if (bottom.spec().trains() && !stage.layer().statistics(stage.input()).isEmpty()) {
        state.moves(stage.layer().name());
      }
      context = context.above(layer);
      keepsSteps &= stage.layer().keepsSteps();
    }
    lengths = context.lengths();
  }

  int size() {
    return layers.size();
  }

  LayerPlan get(int index) {
    return layers.get(index);
  }

  /** What a layer is called. */
  String name(int index) {
    return names.get(index);
  }

  /** The last one added. */
  LayerPlan top() {
    return layers.getLast();
  }

  // Iterators would be objects in each step.

  void forward(int t, int n) {
    refresh();
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).forward(time(t, i), n);
    }
  }

  /** Runs all layers but the last, of which a decoder reads the input and says nothing. */
  void encode(int t, int n) {
    refresh();
    for (int i = 0; i < layers.size() - 1; i++) {
      layers.get(i).forward(time(t, i), n);
    }
    decoder().encode(time(t, layers.size() - 1), n);
  }

  /** The last layer of a model that decodes. */
  SequenceToSequencePlan decoder() {
    return (SequenceToSequencePlan) top();
  }

  void setStep(long step) {
    for (int i = 0; i < layers.size(); i++) {
      layers.get(i).setStep(step);
    }
  }

  private void refresh() {
    if (refreshDue()) {
      long version = parameters.version();
      for (int i = 0; i < layers.size(); i++) {
        layers.get(i).refresh();
      }
      seenVersion = version;
    }
  }

  void backward(int t, int n) {
    for (int i = layers.size() - 1; i >= 0; i--) {
      layers.get(i).backward(time(t, i), n);
    }
  }

  /** The steps of the last layer's output for t of the input. */
  int time(int t) {
    return time(t, layers.size());
  }

  /** The steps that a layer gets; those that one gives are what the next one would get. */
  int time(int t, int layer) {
    int steps = t;
    for (int i = 0; !keepsSteps && i < layer; i++) {
      steps = layers.get(i).time(steps);
    }
    return steps;
  }

  @Nullable Tensor lengths() {
    return lengths;
  }

  /** Whether every step of the input has one of the output. */
  boolean keepsSteps() {
    return keepsSteps;
  }

  /** {@link LayerPlan#observed} of all, each name after its layer's. */
  SequencedMap<String, Tensor> observed() {
    SequencedMap<String, Tensor> all = new LinkedHashMap<>();
    for (int i = 0; i < layers.size(); i++) {
      String prefix = names.get(i) + ".";
      layers.get(i).observed().forEach((key, tensor) -> all.put(prefix + key, tensor));
    }
    return all;
  }

  /** {@link LayerPlan#gates} of all, layers numbered on. */
  List<Gates> gates() {
    List<Gates> all = new ArrayList<>();
    for (LayerPlan layer : layers) {
      int first = all.isEmpty() ? 0 : all.getLast().layer() + 1;
      layer.gates().forEach(gates -> all.add(gates.inLayer(first + gates.layer())));
    }
    return all;
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
