package dev.gatun.backend;

import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.RecurrentSpec.WeightView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the weights of a stack lie in its flat block. What lies between them belongs to no weight:
 * it is zero, in the block and in that of the gradients, and has to stay so.
 *
 * @param weights every weight, in the order of {@link RecurrentSpec#weights}, with its place
 * @param size elements of the block
 * @param alignment what the block's first byte in its memory is a multiple of
 */
public record WeightLayout(List<WeightView> weights, long size, int alignment) {
  /** Takes a copy of the list. */
  public WeightLayout {
    weights = List.copyOf(weights);
  }

  /** One weight after another, as {@link RecurrentSpec#weights} has them. */
  public static WeightLayout packed(RecurrentSpec spec) {
    return new WeightLayout(spec.weights(), spec.weightCount(), 1);
  }

  /** One weight of the stack, or null where the stack has none. */
  public @Nullable WeightView weight(Weight weight, int layer, int direction) {
    for (WeightView view : weights) {
      if (view.weight() == weight && view.layer() == layer && view.direction() == direction) {
        return view;
      }
    }
    return null;
  }
}
