package dev.gatun.model;

import dev.gatun.backend.Attention;
import dev.gatun.backend.AttentionIo;
import dev.gatun.backend.AttentionSpec;
import dev.gatun.backend.Backend;
import dev.gatun.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A decoder's attention over what the encoder gave, and what comes of both together. */
final class LookingBack implements AutoCloseable {
  private final Backend backend;
  private final EncoderPlan encoder;
  private final Tensor said;
  private final @Nullable Tensor saidGradient;
  private final int saidWidth;
  private final int readWidth;
  private final PlannedParts.Chain query;
  private final PlannedParts.Chain key;
  private final Attention attention;
  private final Tensor context;
  private final @Nullable Tensor contextGradient;
  private final Tensor joined;
  private final @Nullable Tensor joinedGradient;
  private final PlannedParts.Chain combined;

  /** dL/dsaid by way of the query; null in inference. */
  private final @Nullable Tensor queryGradient;

  /** dL/d of the encoder's outputs as keys; null in inference. */
  private final @Nullable Tensor keyGradient;

  /** [Tq, N, Tk]: what each step looked at. */
  final Tensor weights;

  LookingBack(
      SequenceToSequence layer,
      PlannedParts parts,
      PlanContext plan,
      EncoderPlan encoder,
      Tensor said,
      @Nullable Tensor saidGradient) {
    this.backend = plan.backend();
    this.encoder = encoder;
    this.said = said;
    this.saidGradient = saidGradient;
    int t = plan.spec().maxLabels();
    int read = plan.spec().maxTime();
    int n = plan.spec().maxBatch();
    boolean trains = plan.spec().trains();
    saidWidth = Math.toIntExact(said.dim(-1));
    readWidth = Math.toIntExact(encoder.output.dim(-1));
    queryGradient = trains ? plan.workspace().real(t, n, saidWidth) : null;
    keyGradient = trains ? plan.workspace().real(read, n, readWidth) : null;
    PlannedParts later = parts.ofDecoder();
    query = later.chain(said, queryGradient, SequenceToSequence.QUERY);
    key = parts.chain(encoder.output, keyGradient, SequenceToSequence.KEY);
    context = plan.workspace().real(t, n, readWidth);
    contextGradient = trains ? plan.workspace().real(t, n, readWidth) : null;
    weights = plan.workspace().real(t, n, read);
    boolean additive = layer.attention() == CrossAttention.ADDITIVE;
    Parameter vector = additive ? parts.parameters(SequenceToSequence.SCORE).get("weight") : null;
    AttentionIo.Gradients gradients =
        contextGradient == null
            ? null
            : new AttentionIo.Gradients(
                contextGradient,
                query.gradient(),
                key.gradient(),
                encoder.outputGradient,
                vector == null ? null : vector.gradient());
    AttentionSpec.Score score = additive ? AttentionSpec.Score.ADDITIVE : AttentionSpec.Score.DOT;
    double scale = layer.attention() == CrossAttention.SCALED_DOT ? 1 / Math.sqrt(readWidth) : 1;
    joined = plan.workspace().real(t, n, (long) saidWidth + readWidth);
    joinedGradient = trains ? plan.workspace().real(t, n, (long) saidWidth + readWidth) : null;
    combined =
        later.chain(joined, joinedGradient, SequenceToSequence.COMBINE, SequenceToSequence.TANH);
    // Last, as nothing after it can fail then and leave it open.
    attention =
        backend.attention(
            new AttentionSpec(score, scale, t, read, n),
            new AttentionIo(
                query.output(),
                key.output(),
                encoder.output,
                plan.lengths(),
                vector == null ? null : vector.value(),
                weights,
                context,
                gradients));
  }

  Tensor output() {
    return combined.output();
  }

  @Nullable Tensor gradient() {
    return combined.gradient();
  }

  /** Makes keys of the {@code read} steps of the encoder, once for all that look back at them. */
  void read(int read, int n) {
    key.forward(read, n);
  }

  /** Looks from t steps back at {@code read}. */
  void forward(int t, int n, int read) {
    query.forward(t, n);
    attention.forward(t, read, n);
    backend.copyColumns(t * n, said, 0, joined, 0, saidWidth);
    backend.copyColumns(t * n, context, 0, joined, saidWidth, readWidth);
    combined.forward(t, n);
  }

  /** Overwrites the gradients of what was said and of the encoder's outputs. */
  void backward(int t, int n) {
    Tensor dJoined = Objects.requireNonNull(joinedGradient);
    Tensor dSaid = Objects.requireNonNull(saidGradient);
    combined.backward(t, n);
    backend.copyColumns(
        t * n, dJoined, saidWidth, Objects.requireNonNull(contextGradient), 0, readWidth);
    attention.backward(t, t, n);
    query.backward(t, n);
    key.backward(t, n);
    backend.copyColumns(t * n, dJoined, 0, dSaid, 0, saidWidth);
    backend.addColumns(t * n, Objects.requireNonNull(queryGradient), 0, dSaid, 0, saidWidth);
    backend.addColumns(
        t * n,
        Objects.requireNonNull(keyGradient),
        0,
        Objects.requireNonNull(encoder.outputGradient),
        0,
        readWidth);
  }

  long bytes() {
    return attention.bytes();
  }

  @Override
  public void close() {
    attention.close();
  }
}
