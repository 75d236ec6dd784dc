package dev.gatun.backend.cuda;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The sequences that a part of a stack works on, [t, n, width] each.
 *
 * @param x input
 * @param maskedX where a ragged batch's input lies with zeros on padding; may be x
 * @param y output
 * @param dy null in inference, as those that follow
 * @param maskedDy as maskedX, of dy
 * @param dx overwritten
 */
record PartIo(
    Tensor x,
    Tensor maskedX,
    Tensor y,
    @Nullable Tensor dy,
    @Nullable Tensor maskedDy,
    @Nullable Tensor dx) {}
