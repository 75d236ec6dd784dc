package dev.gatun.backend;

/** A function of the numbers of a row, by element but for softmax. Each gives a row as wide. */
public enum Activation {
  /** tanh(x). */
  TANH,
  /** max(0, x). */
  RELU,
  /** 1 / (1 + exp(-x)). */
  SIGMOID,
  /** exp(x) over the sum of exp(x) of the row. */
  SOFTMAX,
  /** x where it is above 0, else 0.01 x (Maas et al. 2013). */
  LEAKY_RELU,
  /** x where it is above 0, else exp(x) - 1 (Clevert et al. 2016, alpha 1). */
  ELU,
  /** x. */
  IDENTITY;

  /** The slope of {@link #LEAKY_RELU} below 0. */
  public static final double LEAK = 0.01;
}
