package dev.gatun.model;

import dev.gatun.backend.RecurrentIo;
import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.backend.RecurrentSpec;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What says the output of a {@link SequenceToSequence} in a plan. */
final class DecoderPlan implements AutoCloseable {
  private final PlannedParts.Chain below;
  private final PlannedRecurrent recurrent;
  private final @Nullable LookingBack looking;
  private final PlannedParts.Chain above;
  final RecurrentSpec spec;

  /** I32 [T, N]: what it is shown. */
  final Tensor shown;

  /** I32 [N]: its steps; null where all have as many as the call. */
  final @Nullable Tensor lengths;

  /** What it starts from, written by whoever comes before. */
  final State initial;

  /** dL/dinitial; null in inference. */
  final @Nullable State initialGradient;

  final State last;

  DecoderPlan(
      SequenceToSequence layer, PlannedParts all, PlanContext context, EncoderPlan encoder) {
    PlannedParts parts = all.ofDecoder();
    int t = context.spec().maxLabels();
    int n = context.spec().maxBatch();
    boolean trains = context.spec().trains();
    shown = context.workspace().tensor(DType.I32, t, n);
    lengths = context.lengths() == null ? null : context.workspace().tensor(DType.I32, n);
    below = parts.chain(shown, null, SequenceToSequence.SHOWN, SequenceToSequence.SHOWN_DROPOUT);
    PlanContext own =
        parts.context(SequenceToSequence.DECODER, below.output(), below.gradient(), lengths);
    spec = layer.decoder().spec(own.inputSignal());
    initial = layer.bridged() ? RecurrentLayer.state(spec, own) : encoder.last;
    initialGradient =
        trains && layer.bridged() ? RecurrentLayer.state(spec, own) : encoder.lastGradient;
    last = RecurrentLayer.state(spec, own);
    Tensor y = own.newOutput();
    Tensor dy = own.newOutputGradient();
    RecurrentIo.Gradients gradients =
        trains
            ? new RecurrentIo.Gradients(
                dy, null, below.gradient(), initialGradient, own.parameters().gradients())
            : null;
    looking =
        layer.attention() == CrossAttention.NONE
            ? null
            : new LookingBack(layer, all, context, encoder, y, dy);
    try {
      above =
          parts.chain(
              looking == null ? y : looking.output(),
              looking == null ? dy : looking.gradient(),
              SequenceToSequence.OUTPUT_DROPOUT,
              SequenceToSequence.OUTPUT);
      recurrent =
          new PlannedRecurrent(
              spec, new RecurrentIo(below.output(), lengths, initial, y, last, gradients), own);
    } catch (RuntimeException | Error e) {
      if (looking != null) {
        looking.close();
      }
      throw e;
    }
  }

  /** The logits. */
  Tensor output() {
    return above.output();
  }

  @Nullable Tensor outputGradient() {
    return above.gradient();
  }

  /** Takes in what the encoder has given for its steps. */
  void read(int steps, int n) {
    if (looking != null) {
      looking.read(steps, n);
    }
  }

  /** Says t steps for what the encoder has read in {@code read} steps. */
  void forward(int t, int n, int read) {
    below.forward(t, n);
    recurrent.forward(t, n);
    if (looking != null) {
      looking.forward(t, n, read);
    }
    above.forward(t, n);
  }

  void backward(int t, int n) {
    above.backward(t, n);
    if (looking != null) {
      looking.backward(t, n);
    }
    recurrent.backward();
    below.backward(t, n);
  }

  Map<String, Tensor> observed() {
    return looking == null ? Map.of() : Map.of("attention", looking.weights);
  }

  void refresh() {
    recurrent.refresh();
  }

  long bytes() {
    return recurrent.bytes() + (looking == null ? 0 : looking.bytes());
  }

  @Override
  public void close() {
    recurrent.close();
    if (looking != null) {
      looking.close();
    }
  }
}
