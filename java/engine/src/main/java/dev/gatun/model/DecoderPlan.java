package dev.gatun.model;

import dev.gatun.backend.RecurrentIo.State;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What says the output of a {@link SequenceToSequence} in a plan. */
final class DecoderPlan implements AutoCloseable {
  private final PlannedParts.Chain below;
  private final RecurrencePlan recurrent;
  private final @Nullable LookingBack looking;
  private final PlannedParts.Chain above;
  final Recurrence layers;

  /** I32 [T, N]: what it is shown. */
  final Tensor shown;

  /** I32 [N]: its steps; null where all have as many as the call. */
  final @Nullable Tensor lengths;

  /** What it starts from, written by whoever comes before. */
  final List<State> initial;

  /** dL/dinitial; null in inference. */
  final @Nullable List<State> initialGradient;

  final List<State> last;

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
    layers = layer.decoder();
    boolean bridged = layer.bridged();
    initial = bridged ? RecurrencePlan.states(layers, own) : encoder.last;
    initialGradient = trains && bridged ? RecurrencePlan.states(layers, own) : encoder.lastGradient;
    last = RecurrencePlan.states(layers, own);
    recurrent =
        new RecurrencePlan(
            layers, own, new RecurrencePlan.States(initial, initialGradient, last, null), true);
    Tensor y = recurrent.output();
    Tensor dy = recurrent.outputGradient();
    LookingBack made = null;
    try {
      made =
          layer.attention() == CrossAttention.NONE
              ? null
              : new LookingBack(layer, all, context, encoder, y, dy);
      above =
          parts.chain(
              made == null ? y : made.output(),
              made == null ? dy : made.gradient(),
              SequenceToSequence.OUTPUT_DROPOUT,
              SequenceToSequence.OUTPUT);
    } catch (RuntimeException | Error e) {
      if (made != null) {
        made.close();
      }
      recurrent.close();
      throw e;
    }
    looking = made;
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
    recurrent.backward(t, n);
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
