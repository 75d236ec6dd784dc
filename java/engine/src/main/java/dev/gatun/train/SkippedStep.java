package dev.gatun.train;

/**
 * A step without an update because a gradient was not finite.
 *
 * @param step the step, from 1
 * @param epoch from 0
 * @param firstBatch the index in the epoch of its first batch
 * @param batches how many batches it added up
 * @param parameter the first parameter with such a gradient
 * @param inRow how many steps in a row have been skipped, this one included
 */
public record SkippedStep(
    long step, int epoch, int firstBatch, int batches, String parameter, int inRow) {
  /** The layer that the parameter belongs to. */
  public String layer() {
    return parameter.substring(0, parameter.indexOf('.'));
  }

  /** One line for a log. */
  @Override
  public String toString() {
    return "step %d (epoch %d, batch %d%s) skipped: the gradient of %s in layer %s is not finite; %d in a row"
        .formatted(
            step,
            epoch,
            firstBatch,
            batches > 1 ? " to " + (firstBatch + batches - 1) : "",
            parameter,
            layer(),
            inRow);
  }
}
