package dev.gatun.model;

import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What reads the input of a {@link SequenceToSequence} in a plan. */
final class EncoderPlan implements AutoCloseable {
  private final PlannedParts.Chain below;
  private final RecurrencePlan recurrent;
  final Recurrence layers;
  final Tensor output;
  final List<State> last;

  /** dL/doutput; null without attention or in inference. */
  final @Nullable Tensor outputGradient;

  /** dL/dlast; null in inference. */
  final @Nullable List<State> lastGradient;

  EncoderPlan(SequenceToSequence layer, PlannedParts parts, PlanContext context) {
    layers = layer.encoder();
    below =
        parts.chain(
            context.input(),
            context.inputGradient(),
            SequenceToSequence.SOURCE,
            SequenceToSequence.SOURCE_DROPOUT);
    PlanContext own =
        parts.context(
            SequenceToSequence.ENCODER, below.output(), below.gradient(), context.lengths());
    last = RecurrencePlan.states(layers, own);
    lastGradient = context.spec().trains() ? RecurrencePlan.states(layers, own) : null;
    recurrent =
        new RecurrencePlan(
            layers,
            own,
            new RecurrencePlan.States(null, null, last, lastGradient),
            layer.attention() != CrossAttention.NONE);
    output = recurrent.output();
    outputGradient = recurrent.outputGradient();
  }

  void forward(int t, int n) {
    below.forward(t, n);
    recurrent.forward(t, n);
  }

  void backward(int t, int n) {
    recurrent.backward(t, n);
    below.backward(t, n);
  }

  void refresh() {
    recurrent.refresh();
  }

  long bytes() {
    return recurrent.bytes();
  }

  @Override
  public void close() {
    recurrent.close();
  }
}
