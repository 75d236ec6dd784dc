package dev.gatun.train;

/**
 * A step without an update because a gradient was not finite.
 *
 * @param step the step, from 1
 * @param epoch from 0
 * @param firstBatch the index in the epoch of its first batch
 * @param batches how many batches it added up
 * @param parameter the first parameter with such a gradient
 * @param inRow how many steps in a row have been skipped, this one included; those do not count
 *     after which the loss scale can still fall
 * @param lossScale the scale from now on, as {@link dev.gatun.backend.Backend#lossScale}: above 1
 *     the step was skipped to find the right one
 */
public record SkippedStep(
    long step,
    int epoch,
    int firstBatch,
    int batches,
    String parameter,
    int inRow,
    double lossScale) {
  /** The layer that the parameter belongs to. */
  public String layer() {
    return parameter.substring(0, parameter.indexOf('.'));
  }

  /** Whether nothing is wrong: the gradient was too large for half precision with its scale. */
  public boolean ordinary() {
    return lossScale > 1;
  }

  /** How a log ranks it. */
  System.Logger.Level level() {
    return ordinary() ? System.Logger.Level.INFO : System.Logger.Level.WARNING;
  }

  /** One line for a log. */
  @Override
  public String toString() {
    return "step %d (epoch %d, batch %d%s) skipped: the gradient of %s in layer %s is not finite; %s"
        .formatted(
            step,
            epoch,
            firstBatch,
            batches > 1 ? " to " + (firstBatch + batches - 1) : "",
            parameter,
            layer(),
            ordinary()
                ? "the loss scale of fp16 falls to %.0f".formatted(lossScale)
                : inRow + " in a row");
  }
}
