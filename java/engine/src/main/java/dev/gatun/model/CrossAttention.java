package dev.gatun.model;

/** How a decoder's step d looks at an encoder's outputs e: what they are scored by. */
public enum CrossAttention {
  /** Not at all: what the encoder's last state holds is all that the decoder gets. */
  NONE,
  /** d·e, which must be of one width (Luong et al. 2015). */
  DOT,
  /**
   * d·e / sqrt(width), likewise of one width (Vaswani et al. 2017, "Attention is all you need").
   */
  SCALED_DOT,
  /** (W d)·e (Luong et al. 2015). */
  GENERAL,
  /** v·tanh(W d + b + U e) (Bahdanau et al. 2015). */
  ADDITIVE;

  /** Whether d and e are multiplied as they are, so that both have to be of one width. */
  public boolean needsOneWidth() {
    return this == DOT || this == SCALED_DOT;
  }
}
