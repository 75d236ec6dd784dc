package dev.gatun.backend.cuda;

import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.WeightLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Where the weights of stacks lie, asked of cuDNN once for each. A backend and its forks, which may
 * work with each other's weights, share it.
 */
final class StackLayouts {
  /**
   * Of one stack.
   *
   * @param weights where the flat block has them
   * @param places where cuDNN wants them; null if it does not run this stack
   */
  record Layout(WeightLayout weights, @Nullable WeightPlaces places) {}

  private final Map<RecurrentSpec, Layout> known = new ConcurrentHashMap<>();

  /** A stack's; the same whoever runs it. */
  Layout of(CudaContext context, RecurrentSpec spec) {
    return known.computeIfAbsent(spec, stack -> ask(context, stack));
  }

  private static Layout ask(CudaContext context, RecurrentSpec spec) {
    WeightLayout packed = WeightLayout.packed(spec);
    if (!CudnnRecurrent.supports(spec, Mode.INFERENCE, 1)) {
      return new Layout(packed, null);
    }
    WeightPlaces places = CudnnRecurrent.places(context, spec);
    WeightLayout joined = places.layout();
    return new Layout(joined == null ? packed : joined, places);
  }
}
