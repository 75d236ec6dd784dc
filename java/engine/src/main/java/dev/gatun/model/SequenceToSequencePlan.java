package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.backend.Feedback;
import dev.gatun.backend.FeedbackIo;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A {@link SequenceToSequence} in a plan. */
final class SequenceToSequencePlan implements LayerPlan {
  private final Backend backend;
  private final PlannedParts parts;
  private final EncoderPlan encoder;
  private final @Nullable StateBridge bridge;
  private final DecoderPlan decoder;

  /** I32 [T, N]: what a batch says that the decoder is shown. */
  private final Tensor given;

  private final @Nullable Sampled sampled;

  /** Steps that the encoder has read. */
  private int read;

  /**
   * Scheduled sampling: a first pass on what is given, a second on what comes of it.
   *
   * @param probability F64 [1], of the step that is set
   */
  private record Sampled(ScheduledSampling schedule, Tensor probability, Feedback feedback) {}

  SequenceToSequencePlan(SequenceToSequence layer, PlanContext context) {
    backend = context.backend();
    parts = new PlannedParts(context, layer.name(), layer.parts(context.inputSignal()));
    List<Runnable> made = new ArrayList<>(List.of(parts::close));
    try {
      encoder = new EncoderPlan(layer, parts, context);
      made.add(encoder::close);
      decoder = new DecoderPlan(layer, parts, context, encoder);
      made.add(decoder::close);
      bridge = layer.bridged() ? new StateBridge(parts, context, encoder, decoder) : null;
      ScheduledSampling schedule = context.spec().trains() ? layer.sampling() : null;
      given =
          schedule == null
              ? decoder.shown
              : context.workspace().tensor(DType.I32, decoder.shown.shape());
      sampled = schedule == null ? null : sampled(schedule, context, decoder, given);
    } catch (RuntimeException | Error e) {
      made.reversed().forEach(Runnable::run);
      throw e;
    }
  }

  private static Sampled sampled(
      ScheduledSampling schedule, PlanContext context, DecoderPlan decoder, Tensor given) {
    Tensor probability = context.workspace().tensor(DType.F64, 1);
    FeedbackIo io =
        new FeedbackIo(
            decoder.output(),
            given,
            decoder.shown,
            probability,
            context.mask().withLayer(context.mask().layer() + SequenceToSequence.FEEDBACK_MASK));
    return new Sampled(schedule, probability, context.backend().feedback(io));
  }

  @Override
  public Tensor output() {
    return decoder.output();
  }

  @Override
  public @Nullable Tensor outputGradient() {
    return decoder.outputGradient();
  }

  @Override
  public DecoderInputs decoderInputs() {
    return new DecoderInputs(given, decoder.lengths);
  }

  /** The weights of the attention, [T, N, T]: what each step of the decoder looked at. */
  @Override
  public Map<String, Tensor> observed() {
    return decoder.observed();
  }

  @Override
  public void setStep(long step) {
    if (sampled != null) {
      backend.fill(sampled.probability, sampled.schedule.at(step));
    }
  }

  @Override
  public void forward(int t, int n) {
    encode(t, n);
    if (sampled != null) {
      backend.copy(given, decoder.shown);
      decoder.forward(t, n, read);
      sampled.feedback.run(t, n);
    }
    decoder.forward(t, n, read);
  }

  /** Reads t steps of the input and makes what the decoder starts from. */
  void encode(int t, int n) {
    encoder.forward(t, n);
    if (bridge != null) {
      bridge.forward(n);
    }
    decoder.read(t, n);
    read = t;
  }

  /** Goes on from the decoder's state, after {@link #encode} of as many sequences. */
  void decode(int t, int n) {
    decoder.forward(t, n, read);
  }

  /** Its tensors are for whoever decodes step by step. */
  DecoderPlan decoder() {
    return decoder;
  }

  @Override
  public void backward(int t, int n) {
    decoder.backward(t, n);
    if (bridge != null) {
      bridge.backward(n);
    }
    encoder.backward(t, n);
  }

  @Override
  public void refresh() {
    parts.refresh();
    encoder.refresh();
    decoder.refresh();
  }

  @Override
  public long bytes() {
    return parts.bytes() + encoder.bytes() + decoder.bytes();
  }

  @Override
  public void close() {
    decoder.close();
    encoder.close();
    parts.close();
  }
}
