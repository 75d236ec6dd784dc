package dev.gatun.backend.cuda;

import dev.gatun.backend.MaskKey;
import dev.gatun.backend.Mode;
import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentSpec;
import org.jspecify.annotations.Nullable;

/**
 * What a recurrent stack is to do, whichever way it is computed.
 *
 * @param weights where they lie
 * @param io the tensors to work on
 * @param mask of the dropout between layers; null: the weights are packed, never to be read again
 */
record StackPlan(
    RecurrentSpec spec, StackWeights weights, RecurrentIo io, Mode mode, @Nullable MaskKey mask) {}
