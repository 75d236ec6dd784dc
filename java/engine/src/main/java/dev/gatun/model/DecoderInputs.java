package dev.gatun.model;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Where a plan takes what a decoder is shown.
 *
 * @param tokens I32 [T, N]
 * @param lengths I32 [N], the decoder's steps; null: all have as many as the call
 */
public record DecoderInputs(Tensor tokens, @Nullable Tensor lengths) {}
