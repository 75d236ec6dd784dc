package dev.gatun.backend;

/** Who draws the masks of dropout between the layers of a recurrent stack. */
public enum DropoutMasks {
  /** We: by {@link MaskKey}, the same on every backend, one call of cuDNN for each layer. */
  GATUN("gatun"),

  /**
   * cuDNN, of the stacks that it runs in training: one call for all layers, and other masks than on
   * a CPU. Its generator goes on from call to call; {@link Backend#state} has where it stands, so
   * that a resumed run gets the masks that it would have got.
   */
  CUDNN("cudnn");

  private final String label;

  DropoutMasks(String label) {
    this.label = label;
  }

  /** Its name in files. */
  public String label() {
    return label;
  }
}
