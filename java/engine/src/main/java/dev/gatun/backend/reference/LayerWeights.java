package dev.gatun.backend.reference;

import dev.gatun.backend.RecurrentSpec;
import dev.gatun.backend.RecurrentSpec.Weight;
import dev.gatun.backend.RecurrentSpec.WeightView;
import org.jspecify.annotations.Nullable;

/**
 * The weights of one layer and direction within the stack's flat block.
 *
 * @param weights the block's values
 * @param gradients the block's gradients
 */
@SuppressWarnings("ArrayRecordComponent") // views of two blocks, never compared
record LayerWeights(
    RecurrentSpec spec, int layer, int direction, double[] weights, double[] gradients) {

  /** W x + b_W, [G*H, C]. */
  Affine input() {
    return affine(Weight.INPUT, Weight.INPUT_BIAS);
  }

  /** R h + b_R, [G*H, P or H]. */
  Affine recurrent() {
    return affine(Weight.RECURRENT, Weight.RECURRENT_BIAS);
  }

  /** W_r h, [P, H]; null without a projection. */
  @Nullable Affine projection() {
    return spec.projectionSize() == 0 ? null : matrix(Weight.PROJECTION);
  }

  /** The peepholes of i, f and o; null where there are none. */
  @Nullable Diagonal peepholes() {
    WeightView at = spec.weight(Weight.PEEPHOLE, layer, direction);
    return at == null
        ? null
        : new Diagonal(weights, gradients, Math.toIntExact(at.offset()), spec.hiddenSize());
  }

  /** The normalisation of W x, shifted by b_W; null where there is none. */
  @Nullable Norm inputNorm() {
    return norm(Weight.INPUT_NORM, Weight.INPUT_BIAS);
  }

  /** Of R h, shifted by b_R. */
  @Nullable Norm recurrentNorm() {
    return norm(Weight.RECURRENT_NORM, Weight.RECURRENT_BIAS);
  }

  /** Of c. */
  @Nullable Norm cellNorm() {
    return norm(Weight.CELL_NORM, Weight.CELL_NORM_BIAS);
  }

  private @Nullable Norm norm(Weight gain, Weight shift) {
    WeightView at = spec.weight(gain, layer, direction);
    if (at == null) {
      return null;
    }
    int shiftAt = spec.bias() ? Math.toIntExact(view(shift).offset()) : -1;
    int size = Math.toIntExact(at.size());
    return new Norm(weights, gradients, Math.toIntExact(at.offset()), shiftAt, size);
  }

  private Affine affine(Weight matrix, Weight bias) {
    Affine affine = matrix(matrix);
    // A normalised product is shifted after it is normalised.
    return spec.bias() && !spec.regularization().layerNorm()
        ? affine.withBias(Math.toIntExact(view(bias).offset()))
        : affine;
  }

  private Affine matrix(Weight weight) {
    WeightView view = view(weight);
    int rows = Math.toIntExact(view.shape()[0]);
    int columns = Math.toIntExact(view.shape()[1]);
    return Affine.of(weights, gradients, Math.toIntExact(view.offset()), rows, columns);
  }

  private WeightView view(Weight weight) {
    WeightView view = spec.weight(weight, layer, direction);
    if (view == null) {
      throw new IllegalStateException(spec + " has no " + weight + " in layer " + layer);
    }
    return view;
  }
}
