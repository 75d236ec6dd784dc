package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentWeights;
import dev.gatun.backend.WeightType;
import java.util.HashMap;
import java.util.Map;

/**
 * A copy of a model's parameters, and its recurrent layers packed, shared by the sessions that were
 * made from one version. The last one to leave frees it.
 */
public final class FrozenWeights {
  private final ParameterSet parameters;
  private final WeightType type;
  private final long version;
  private final Map<String, RecurrentWeights> packed = new HashMap<>();
  private int users;

  FrozenWeights(ParameterSet source, Backend context, WeightType type) {
    version = source.version();
    parameters = source.frozenCopy(context);
    this.type = type;
  }

  ParameterSet parameters() {
    return parameters;
  }

  /** Whether a session made now would get the same. */
  boolean isCurrent(ParameterSet source) {
    return version == source.version();
  }

  /** A layer's packed weights, made by the first session that has the layer. */
  synchronized RecurrentWeights packed(PlanContext layer, RecurrentSpec stack) {
    return packed.computeIfAbsent(
        layer.parameters().layer(),
        name -> layer.backend().pack(stack, layer.parameters().values(), type));
  }

  /** The bytes of all of it. */
  synchronized long bytes() {
    long bytes = parameters.values().size() * parameters.values().dtype().bytes();
    for (RecurrentWeights weights : packed.values()) {
      bytes += weights.bytes();
    }
    return bytes;
  }

  synchronized void enter() {
    users++;
  }

  /** One session less; true if it was the last and everything has been freed. */
  synchronized boolean leave() {
    users--;
    if (users > 0) {
      return false;
    }
    packed.values().forEach(RecurrentWeights::close);
    parameters.close();
    return true;
  }
}
