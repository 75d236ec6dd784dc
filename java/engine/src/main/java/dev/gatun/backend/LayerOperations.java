package dev.gatun.backend;

import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What layers but the recurrent ones compute: operations on rows of activations, and their
 * gradients.
 *
 * <p>Row counts are given with each call: tensors hold a plan's largest sizes and a call works on
 * the dense prefix. Letters: M rows (t*n or n), C or K input features, O outputs, V classes.
 */
public interface LayerOperations {
  /** y [rows, O] = x [rows, K] weight' [O, K] + bias [O]. */
  void linear(int rows, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y);

  /**
   * The gradients of {@link #linear}: dx is overwritten (null: not wanted), dWeight and dBias are
   * accumulated into.
   */
  void linearBackward(
      int rows,
      Tensor x,
      Tensor weight,
      Tensor dy,
      @Nullable Tensor dx,
      Tensor dWeight,
      @Nullable Tensor dBias);

  /**
   * y [rows, E] = table [V, E] at the rows {@code ids}, I32 [rows].
   *
   * @throws IllegalArgumentException if an id is outside 0 to V-1 (host backends)
   */
  void embedding(int rows, Tensor ids, Tensor table, Tensor y);

  /** Adds each row of dy [rows, E] to the row of dTable [V, E] that its id names. */
  default void embeddingBackward(int rows, Tensor ids, Tensor dy, Tensor dTable) {
    embeddingBackward(rows, ids, dy, dTable, -1);
  }

  /**
   * As {@link #embeddingBackward(int, Tensor, Tensor, Tensor)}, leaving one id's rows out.
   *
   * @param padding the id that gets nothing; negative: none
   */
  void embeddingBackward(int rows, Tensor ids, Tensor dy, Tensor dTable, int padding);

  /**
   * Scales each row of {@code table} [V, E] that an id names and whose norm is above {@code
   * maxNorm} by maxNorm / (norm + 1e-7), as PyTorch's {@code embedding_renorm_}; other rows stay.
   *
   * @param ids I32 [rows]
   * @param maxNorm the largest Euclidean norm, above 0
   * @param marks I32 [V], overwritten
   * @throws IllegalArgumentException if an id is outside 0 to V-1 (host backends)
   */
  void limitRows(int rows, Tensor ids, double maxNorm, Tensor table, Tensor marks);

  /**
   * y = x / (1 - rate) where {@code key}'s mask keeps an element, else 0. Applied to dy it is its
   * own backward. y may be x.
   *
   * @param size the number of elements from the start
   */
  void dropout(long size, Tensor x, Tensor y, double rate, MaskKey key);

  /** Binds an activation to its tensors. */
  RowActivation activation(Activation function, ActivationIo io);

  /**
   * Binds an attention over time to its tensors.
   *
   * @return for the caller to close
   */
  Attention attention(AttentionSpec spec, AttentionIo io);

  /** Binds a pooling over time to its tensors. */
  RowPooling pooling(PoolingKind kind, PoolingIo io);

  /** Binds windows over time to their tensors. */
  Unfolding unfold(UnfoldSpec spec, UnfoldIo io);

  /**
   * Binds a batch normalisation to its tensors.
   *
   * @param epsilon added to a variance
   * @param momentum how far running statistics move towards a batch's, 0 to 1
   */
  BatchNormalization batchNorm(double epsilon, double momentum, BatchNormIo io);

  /**
   * Binds scheduled sampling (Bengio et al. 2015, "Scheduled sampling for sequence prediction with
   * recurrent neural networks") of whole sequences at once, after a first pass (Mihaylova and
   * Martins 2019, "Scheduled sampling for transformers").
   */
  Feedback feedback(FeedbackIo io);

  /** Binds a decay of missing inputs to its tensors. */
  InputDecay inputDecay(InputDecayIo io);

  /** to[:, toColumn..+columns] = from[:, fromColumn..+columns] for the first rows of both. */
  void copyColumns(int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns);

  /** As {@link #copyColumns}, of real elements, which are added to those of {@code to}. */
  void addColumns(int rows, Tensor from, int fromColumn, Tensor to, int toColumn, int columns);
}
