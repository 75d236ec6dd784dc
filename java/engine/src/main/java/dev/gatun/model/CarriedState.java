package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** The states that the layers of a plan carry from one batch to the next. */
final class CarriedState {
  private final SequencedMap<String, Tensor> named = new LinkedHashMap<>();
  private final List<Tensor> tensors = new ArrayList<>();

  // Made when a batch first asks for them: most never do.
  private final List<Tensor> before = new ArrayList<>();
  private final List<Tensor> after = new ArrayList<>();
  private boolean due;

  void add(String layer, Map<String, Tensor> states) {
    states.forEach(
        (key, tensor) -> {
          named.put(layer + "." + key, tensor);
          tensors.add(tensor);
        });
  }

  SequencedMap<String, Tensor> named() {
    return Collections.unmodifiableSequencedMap(named);
  }

  /**
   * Runs the first steps of a batch by themselves for the state after them, which {@link #settle}
   * then puts in place of the state after all of it. The state before is left as it was.
   */
  void runAhead(LayerStack layers, int steps, int n, Backend backend, Workspace workspace) {
    if (before.isEmpty()) {
      for (Tensor tensor : tensors) {
        before.add(workspace.tensor(tensor.dtype(), tensor.shape()));
        after.add(workspace.tensor(tensor.dtype(), tensor.shape()));
      }
    }
    copy(backend, tensors, before);
    layers.forward(steps, n);
    copy(backend, tensors, after);
    copy(backend, before, tensors);
    due = true;
  }

  /** Takes the state that was run ahead for, if there is one. */
  void settle(Backend backend) {
    if (due) {
      copy(backend, after, tensors);
      due = false;
    }
  }

  private static void copy(Backend backend, List<Tensor> from, List<Tensor> to) {
    for (int i = 0; i < from.size(); i++) {
      backend.copy(from.get(i), to.get(i));
    }
  }

  void reset(Backend backend) {
    for (int i = 0; i < tensors.size(); i++) { // an iterator would be an object each time
      backend.fill(tensors.get(i), 0);
    }
  }

  /** Checks that a batch of n sequences can go on where one of {@code before} ended. */
  static void checkContinues(ModelSpec model, int n, int before) {
    if (!model.streams()) {
      throw new IllegalArgumentException(
          "the batch continues the one before, but the model has a layer that looks ahead in time"
              + " (bidirectional) or at all of it (pooling): carried state has no meaning");
    }
    if (n != before) {
      throw new IllegalArgumentException(
          "the batch continues the one before, but has %d sequences and that had %d"
              .formatted(n, before));
    }
  }
}
