package dev.gatun.backend.cuda;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The weights that a stack reads.
 *
 * @param block the flat block
 * @param layout where they lie in it
 * @param space where cuDNN wants them, if they are packed there; null: the stack sees to it
 */
record StackWeights(Tensor block, StackLayouts.Layout layout, @Nullable WeightSpace space) {}
