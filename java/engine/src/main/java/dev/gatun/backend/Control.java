package dev.gatun.backend;

/**
 * The slots of the control tensor, F64 [{@link #SIZE}], through which one parameter update is
 * steered without the host waiting for a device.
 */
public final class Control {
  /** The learning rate, set before an update. */
  public static final int RATE = 0;

  /** Updates done so far; skipped ones do not count. Advanced by {@code prepareUpdate}. */
  public static final int UPDATES = 1;

  /** The norm of the gradient before clipping, written by {@code prepareUpdate}. */
  public static final int NORM = 2;

  /** The factor an optimizer applies to gradients, written by {@code prepareUpdate}. */
  public static final int FACTOR = 3;

  /** The index of the first non-finite gradient or -1; if not -1 the update is skipped. */
  public static final int NON_FINITE = 4;

  /** The penalty on parameters that the gradient has in it, of {@link WeightOperations}. */
  public static final int PENALTY = 5;

  /** The number of slots. */
  public static final int SIZE = 8;

  private Control() {}
}
