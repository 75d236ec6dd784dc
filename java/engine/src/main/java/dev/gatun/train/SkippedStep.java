package dev.gatun.train;

import dev.gatun.model.NonFinite;
import org.jspecify.annotations.Nullable;

/**
 * A step without an update because something was not finite.
 *
 * @param step the step, from 1
 * @param epoch from 0
 * @param firstBatch the index in the epoch of its first batch, or of the one where it was seen
 * @param batches how many batches that may be in
 * @param cause what was not finite first
 * @param layer where it was seen first
 * @param parameter the first parameter with such a gradient
 * @param inRow how many steps in a row have been skipped, this one included; those do not count
 *     after which the loss scale can still fall
 * @param lossScale the scale from now on, as {@link dev.gatun.backend.Backend#lossScale}: above 1
 *     the step was skipped to find the right one
 * @param rateScale what the schedule's rate is multiplied with from now on
 */
public record SkippedStep(
    long step,
    int epoch,
    int firstBatch,
    int batches,
    Cause cause,
    String layer,
    String parameter,
    int inRow,
    double lossScale,
    double rateScale) {
  /** What was not finite first, in the order of a step. */
  public enum Cause {
    /** What the data gave. */
    INPUT("the input of layer %s is not finite"),
    /** A layer's output, of finite input. */
    OUTPUT("the output of layer %s is not finite"),
    /** The loss, of a finite output: targets, or an overflow. */
    LOSS("the loss is not finite, of a finite output of layer %s"),
    /** A gradient, of a finite loss. */
    GRADIENT("the loss is finite and a gradient in layer %s is not");

    private final String says;

    Cause(String says) {
      this.says = says;
    }

    /** What a look at the forward found; null: nothing. */
    static Cause of(@Nullable NonFinite fault) {
      return fault == null
          ? GRADIENT
          : switch (fault.place()) {
            case INPUT -> INPUT;
            case OUTPUT -> OUTPUT;
            case NEITHER -> LOSS;
          };
    }
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
    return "step %d (epoch %d, batch %d%s) skipped: %s, gradient of %s; %s"
        .formatted(
            step,
            epoch,
            firstBatch,
            batches > 1 ? " to " + (firstBatch + batches - 1) : "",
            cause.says.formatted(layer),
            parameter,
            ordinary()
                ? "the loss scale of fp16 falls to %.0f".formatted(lossScale)
                : inRow + " in a row" + (rateScale < 1 ? ", rate times " + rateScale : ""));
  }
}
