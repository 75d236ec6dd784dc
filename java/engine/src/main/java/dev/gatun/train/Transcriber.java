package dev.gatun.train;

import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.model.CtcDecoder;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads the labels that a model trained with {@link dev.gatun.model.CtcLoss} gives sequences. */
public final class Transcriber {
  private final Backend backend;
  private final CtcDecoder decoder;
  private final int beam;

  /**
   * A transcriber.
   *
   * @param model whose output is decoded
   * @param decoder with the loss's blank
   * @param beam the width of the beam; 0: greedy
   * @throws IllegalArgumentException if the beam is below 0
   */
  public Transcriber(Model model, CtcDecoder decoder, int beam) {
    if (beam < 0) {
      throw new IllegalArgumentException(
          "a beam's width " + beam + " must be at least 1, or 0 for greedy decoding");
    }
    backend = model.backend();
    this.decoder = decoder;
    this.beam = beam;
  }

  /**
   * The labels of each sequence of a batch.
   *
   * @param plan of the model, after its forward with the batch
   */
  public List<List<Integer>> read(Plan plan, Batch batch) {
    List<List<Integer>> labels = new ArrayList<>();
    int[] lengths = lengths(plan, batch);
    Tensor host = Tensor.host(DType.F32, plan.output().shape());
    try (var memory = host.memory()) {
      backend.copy(plan.output(), Tensor.of(memory, DType.F32, plan.output().shape()));
      for (int i = 0; i < batch.size(); i++) {
        labels.add(decode(logits(host, lengths[i], batch.size(), i)));
      }
    }
    return labels;
  }

  /** The steps of each sequence's output: fewer than its input's after a stride. */
  private int[] lengths(Plan plan, Batch batch) {
    int[] lengths = new int[batch.size()];
    Tensor fewer = plan.outputTime() == plan.time() ? null : plan.outputLengths();
    if (fewer == null) {
      Arrays.setAll(lengths, i -> Math.min(plan.outputTime(), (int) batch.lengths().getLong(i)));
      return lengths;
    }
    Tensor host = Tensor.host(DType.I32, fewer.shape());
    try (var memory = host.memory()) {
      backend.copy(fewer, Tensor.of(memory, DType.I32, fewer.shape()));
      Arrays.setAll(lengths, i -> (int) host.getLong(i));
    }
    return lengths;
  }

  private static float[][] logits(Tensor output, int length, int sequences, int sequence) {
    int classes = (int) output.dim(-1);
    float[][] rows = new float[length][classes];
    for (int t = 0; t < rows.length; t++) {
      long row = ((long) t * sequences + sequence) * classes;
      for (int k = 0; k < classes; k++) {
        rows[t][k] = (float) output.get(row + k);
      }
    }
    return rows;
  }

  private List<Integer> decode(float[][] logits) {
    return beam == 0 ? decoder.greedy(logits) : decoder.beam(logits, beam).getFirst().labels();
  }
}
