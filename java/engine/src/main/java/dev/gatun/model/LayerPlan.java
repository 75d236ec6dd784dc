package dev.gatun.model;

import dev.gatun.backend.Gates;
import dev.gatun.backend.Recurrent;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A layer bound to tensors for a plan's largest time and batch. Calls work on the dense prefix that
 * t and n shape, and allocate nothing.
 */
public interface LayerPlan extends AutoCloseable {
  /** What it writes; may be its input where it changes nothing. */
  Tensor output();

  /** dL/doutput, written by whoever follows; null in a plan for inference. */
  @Nullable Tensor outputGradient();

  /** The steps of its output for t of its input. */
  default int time(int t) {
    return t;
  }

  /**
   * The valid steps of its output, I32 [N].
   *
   * @param given those of its input; null: all have as many as the call
   */
  default @Nullable Tensor lengths(@Nullable Tensor given) {
    return given;
  }

  /** Overwrites the output from the input. */
  void forward(int t, int n);

  /**
   * Overwrites the input's gradient, where wanted, and adds to the parameters' gradients. Called
   * after forward with the same t and n.
   */
  void backward(int t, int n);

  /**
   * The state carried from one forward to the next by name: forward starts from it and leaves there
   * the state after its last step. Dense for the n of the last forward. Zeroed to start afresh.
   */
  default Map<String, Tensor> state() {
    return Map.of();
  }

  /**
   * What it looked at in the last forward, by name, for pictures: weights of an attention. Dense
   * for that forward's sizes.
   */
  default Map<String, Tensor> observed() {
    return Map.of();
  }

  /**
   * The norms of dL/dh_t at some steps of the last forward and backward, for {@link GradientFlow}:
   * a row for each direction, forwards first; none for what has no such state.
   *
   * @param points steps to look at, at most, from the first to the last
   */
  default double[][] stateGradients(int t, int n, int points) {
    return new double[0][];
  }

  /** Called with the number of the update that {@link Plan#setStep} sets: for what goes by it. */
  default void setStep(long update) {}

  /** Where it takes what a decoder is shown; null for layers that are none. */
  default @Nullable DecoderInputs decoderInputs() {
    return null;
  }

  /** What the gates of its recurrent layers were in the last forward: {@link Recurrent#gates}. */
  default List<Gates> gates() {
    return List.of();
  }

  /** Called before a forward when parameters have changed: packed copies are made again. */
  default void refresh() {}

  /** The bytes it holds outside of the plan's workspace. */
  default long bytes() {
    return 0;
  }

  @Override
  default void close() {}
}
