package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.tensor.Tensor;
import dev.gatun.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** The states that the layers of a plan carry from one batch to the next. */
final class CarriedState {
  private final SequencedMap<String, Tensor> named = new LinkedHashMap<>();
  private final List<Tensor> tensors = new ArrayList<>();

  // Made when a batch first asks for them: most never do.
  private final List<Tensor> before = new ArrayList<>();
  private final List<Tensor> after = new ArrayList<>();
  private boolean due;

  /** A layer whose statistics a second run of the same steps would move again; null: none. */
  private @Nullable String moving;

  /** Says that a layer's forward moves its running statistics. */
  void moves(String layer) {
    moving = layer;
  }

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
   *
   * @param lengths of the plan, those of the batch before and after this; null: it has none
   * @throws IllegalArgumentException if a layer keeps statistics, which would move twice
   */
  void runAhead(
      LayerStack layers,
      Batch data,
      @Nullable Tensor lengths,
      Backend backend,
      Workspace workspace) {
    if (moving != null) {
      throw new IllegalArgumentException(
          "layer %s keeps statistics of batches, and these go on by %d of %d steps: it would take"
                  .formatted(moving, data.carried(), data.time())
              + " most of them in more than once; train on all the steps that a batch goes on by");
    }
    if (before.isEmpty()) {
      for (Tensor tensor : tensors) {
        before.add(workspace.tensor(tensor.dtype(), tensor.shape()));
        after.add(workspace.tensor(tensor.dtype(), tensor.shape()));
      }
    }
    copy(backend, tensors, before);
    if (lengths != null) {
      backend.fill(lengths, data.carried());
    }
    layers.forward(data.carried(), data.size());
    if (lengths != null) {
      backend.fill(lengths, data.time());
    }
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
