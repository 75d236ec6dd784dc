package dev.gatun.model;

import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Copies batches into a plan. The views that match a batch's buffers with the plan's are made once
 * for each batch object: a prefetcher has a few that come round again.
 */
final class BatchBindings {
  /** A prefetcher's buffers and an accumulation's micro-batches; beyond, views are made anew. */
  private static final int CAPACITY = 32;

  private final Tensor input;
  private final @Nullable Tensor lengths;
  private final @Nullable Tensor targets;
  private final @Nullable Tensor weights;
  private final @Nullable Tensor labelLengths;
  private final @Nullable DecoderInputs decoder;
  private final @Nullable Binding[] bindings = new Binding[CAPACITY];
  private int next;

  BatchBindings(
      Tensor input,
      @Nullable Tensor lengths,
      @Nullable BoundLoss loss,
      @Nullable DecoderInputs decoder) {
    this.decoder = decoder;
    this.input = input;
    this.lengths = lengths;
    targets = loss == null ? null : loss.targets();
    weights = loss == null ? null : loss.weights();
    labelLengths = loss == null ? null : loss.labelLengths();
  }

  /** Refuses lengths that the plan has no room for, and lengths of sequences that overlap. */
  void check(Batch batch) {
    if (batch.ragged() && lengths == null) {
      throw new IllegalArgumentException(
          "the batch has sequences of different lengths and the plan was made for equal ones");
    }
    if (batch.ragged() && batch.carried() < batch.time()) {
      throw new IllegalArgumentException(
          "the batch overlaps the next, which sequences of different lengths cannot");
    }
  }

  void copy(Batch batch, Backend backend) {
    Binding binding = find(batch);
    binding.input.copy(backend);
    copyLengths(batch, backend, lengths, binding.lengths);
    if (decoder != null && binding.decoder != null) {
      binding.decoder.copy(backend);
      copyLengths(batch, backend, decoder.lengths(), binding.decoderLengths);
    }
    if (binding.targets != null) {
      binding.targets.copy(backend);
    }
    if (binding.weights != null) {
      binding.weights.copy(backend);
    }
    if (binding.labelLengths != null) {
      binding.labelLengths.copy(backend);
    }
  }

  private static void copyLengths(
      Batch batch, Backend backend, @Nullable Tensor to, @Nullable Copy copy) {
    if (copy != null && batch.ragged()) {
      copy.copy(backend);
    } else if (to != null) {
      backend.fill(to, batch.time());
    }
  }

  private Binding find(Batch batch) {
    for (Binding binding : bindings) {
      if (binding == null) {
        break;
      }
      if (binding.batch == batch) {
        return binding;
      }
    }
    Tensor given = batch.weights();
    Binding made =
        new Binding(
            batch,
            Copy.of("inputs", batch.inputs(), input),
            lengths == null ? null : Copy.of("lengths", batch.lengths(), lengths),
            targets == null ? null : Copy.of("targets", batch.targets(), targets),
            weights == null || given == null ? null : Copy.prefix(given, weights),
            labelLengths == null ? null : labels(batch, labelLengths),
            decoder == null ? null : shown(batch, decoder.tokens()),
            decoder == null ? null : ofDecoder(batch.decoderLengths(), decoder.lengths()));
    bindings[next] = made;
    next = (next + 1) % CAPACITY;
    return made;
  }

  private record Binding(
      Batch batch,
      Copy input,
      @Nullable Copy lengths,
      @Nullable Copy targets,
      @Nullable Copy weights,
      @Nullable Copy labelLengths,
      @Nullable Copy decoder,
      @Nullable Copy decoderLengths) {}

  private static Copy shown(Batch batch, Tensor to) {
    Tensor given = batch.decoderInputs();
    if (given == null) {
      throw new IllegalArgumentException(
          "the model decodes sequences and the batch has none: make it with Examples' decoded");
    }
    return Copy.prefix(given, to);
  }

  private static @Nullable Copy ofDecoder(@Nullable Tensor from, @Nullable Tensor to) {
    return from == null || to == null ? null : Copy.prefix(from, to);
  }

  /** Rows of labels are padded: both must have the same room. */
  private Copy labels(Batch batch, Tensor to) {
    Tensor lengths = batch.labelLengths();
    long room = targets == null ? 0 : targets.dim(-1);
    if (lengths == null || batch.targets().dim(-1) != room) {
      throw new IllegalArgumentException(
          "the plan takes sequences of up to %d labels, the batch has %s: plan with withLabels(%s)"
              .formatted(
                  room,
                  lengths == null ? "none" : "up to " + batch.targets().dim(-1),
                  lengths == null ? "..." : batch.targets().dim(-1)));
    }
    return Copy.prefix(lengths, to);
  }

  /** Both hold dense prefixes, so what is common to both buffers is all that a batch can fill. */
  private record Copy(Tensor from, Tensor to) {
    static Copy of(String what, Tensor from, Tensor to) {
      long[] have = from.shape();
      long[] want = to.shape();
      if (from.dtype().isReal() != to.dtype().isReal()
          || have.length != want.length
          || (to.dtype().isReal() && from.dim(-1) != to.dim(-1))) {
        throw new IllegalArgumentException(
            "the batch's %s are %s %s, the plan takes %s"
                .formatted(what, from.dtype(), Arrays.toString(have), to));
      }
      return prefix(from, to);
    }

    static Copy prefix(Tensor from, Tensor to) {
      long size = Math.min(from.size(), to.size());
      return new Copy(from.view(0, size), to.view(0, size));
    }

    void copy(Backend backend) {
      backend.copy(from, to);
    }
  }
}
