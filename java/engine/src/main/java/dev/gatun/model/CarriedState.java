package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.tensor.Tensor;
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
