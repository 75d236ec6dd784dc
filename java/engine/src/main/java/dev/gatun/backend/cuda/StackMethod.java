package dev.gatun.backend.cuda;

import org.jspecify.annotations.Nullable;

/**
 * The ways to compute a recurrent stack, in the order in which they are tried. Another way is a
 * constant here, what it {@link #takes}, and its case in {@link Stacks#open}.
 */
enum StackMethod {
  STANDARD(RnnAlgorithm.STANDARD, false),
  SMALL_H(RnnAlgorithm.SMALL_H, false),
  PERSIST_STATIC(RnnAlgorithm.PERSIST_STATIC, false),
  PERSIST_DYNAMIC(RnnAlgorithm.PERSIST_DYNAMIC, false),
  STANDARD_BY_LAYER(RnnAlgorithm.STANDARD, true),
  SMALL_H_BY_LAYER(RnnAlgorithm.SMALL_H, true),
  PERSIST_STATIC_BY_LAYER(RnnAlgorithm.PERSIST_STATIC, true),
  PERSIST_DYNAMIC_BY_LAYER(RnnAlgorithm.PERSIST_DYNAMIC, true),
  /** By our own kernels, a few launches for each step. */
  OWN_CELLS(null, false),
  /** By our own kernels, one launch for all steps of a layer and direction. */
  PERSISTENT_CELLS(null, false);

  private final @Nullable RnnAlgorithm algorithm;
  private final boolean layered;

  StackMethod(@Nullable RnnAlgorithm algorithm, boolean layered) {
    this.algorithm = algorithm;
    this.layered = layered;
  }

  /** cuDNN's, one call for all layers or one for each. */
  static StackMethod of(RnnAlgorithm algorithm, boolean layered) {
    for (StackMethod method : values()) {
      if (method.algorithm == algorithm && method.layered == layered) {
        return method;
      }
    }
    throw new IllegalArgumentException("no way to compute stacks by " + algorithm);
  }

  /** What has a {@link #label}; null if nothing has. */
  static @Nullable StackMethod named(String label) {
    for (StackMethod method : values()) {
      if (method.label().equals(label)) {
        return method;
      }
    }
    return null;
  }

  /** cuDNN's algorithm; null: not by cuDNN. */
  @Nullable RnnAlgorithm algorithm() {
    return algorithm;
  }

  /** Whether each layer is a call of its own, with a weight space of its own. */
  boolean layered() {
    return layered;
  }

  /** Its name in files and logs. */
  String label() {
    if (algorithm == null) {
      return this == OWN_CELLS ? "own-cells" : "persistent-cells";
    }
    return algorithm.label() + (layered ? "-by-layer" : "");
  }

  /** Whether it may compute a stack; cuDNN or a device may still not support it. */
  boolean takes(StackShape shape) {
    if (algorithm != null && shape.ours()) {
      return false;
    }
    boolean theirMasks = shape.drops() && !shape.separate();
    if (algorithm == null) {
      return !theirMasks;
    }
    boolean moves = layered != shape.separate(); // weights lie otherwise in the block
    if (moves && shape.packed()) {
      return false;
    }
    boolean one = layered ? shape.spec().layers() > 1 && !theirMasks : !shape.drops() || theirMasks;
    return one && algorithm.obstacle(shape.spec(), shape.time()) == null;
  }
}
