package dev.gatun.model;

import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** What reads the input of a {@link SequenceToSequence} in a plan. */
final class EncoderPlan implements AutoCloseable {
  private final PlannedParts.Chain below;
  private final PlannedRecurrent recurrent;
  final RecurrentSpec spec;
  final Tensor output;
  final State last;

  /** dL/doutput; null without attention or in inference. */
  final @Nullable Tensor outputGradient;

  /** dL/dlast; null in inference. */
  final @Nullable State lastGradient;

  EncoderPlan(SequenceToSequence layer, PlannedParts parts, PlanContext context) {
    boolean trains = context.spec().trains();
    below =
        parts.chain(
            context.input(),
            context.inputGradient(),
            SequenceToSequence.SOURCE,
            SequenceToSequence.SOURCE_DROPOUT);
    PlanContext own =
        parts.context(
            SequenceToSequence.ENCODER, below.output(), below.gradient(), context.lengths());
    spec = layer.encoder().spec(own.inputSignal());
    output = own.newOutput();
    outputGradient = layer.attention() == CrossAttention.NONE ? null : own.newOutputGradient();
    last = RecurrentLayer.state(spec, own);
    lastGradient = trains ? RecurrentLayer.state(spec, own) : null;
    RecurrentIo.Gradients gradients =
        trains
            ? new RecurrentIo.Gradients(
                outputGradient, lastGradient, below.gradient(), null, own.parameters().gradients())
            : null;
    recurrent =
        new PlannedRecurrent(
            spec,
            new RecurrentIo(below.output(), own.lengths(), null, output, last, gradients),
            own);
  }

  void forward(int t, int n) {
    below.forward(t, n);
    recurrent.forward(t, n);
  }

  void backward(int t, int n) {
    recurrent.backward();
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
