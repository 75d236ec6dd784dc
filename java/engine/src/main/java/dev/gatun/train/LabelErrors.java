package dev.gatun.train;

import dev.gatun.backend.Backend;
import dev.gatun.data.Batch;
import dev.gatun.metric.TextErrors;
import dev.gatun.model.CtcDecoder;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.tensor.DType;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The label error rate of a model that aligns labels: insertions, deletions and substitutions that
 * turn what is decoded into what was wanted, over the labels wanted (Graves et al. 2006, section
 * 2). Visits an {@link Evaluator}'s run.
 */
public final class LabelErrors implements Evaluator.Visitor {
  private final Backend backend;
  private final CtcDecoder decoder;
  private final int beam;
  private Observer observer = (wanted, decoded) -> {};
  private long errors;
  private long labels;
  private long sequences;
  private long exact;

  /**
   * Counts nothing yet.
   *
   * @param model whose output is decoded
   * @param decoder with the loss's blank
   * @param beam the width of the beam; 0: greedy
   */
  public LabelErrors(Model model, CtcDecoder decoder, int beam) {
    if (beam < 0) {
      throw new IllegalArgumentException(
          "a beam's width " + beam + " must be at least 1, or 0 for greedy decoding");
    }
    backend = model.backend();
    this.decoder = decoder;
    this.beam = beam;
  }

  /** Gets every sequence that is counted. */
  @FunctionalInterface
  public interface Observer {
    /** What was wanted, and what the decoder made of it. */
    void sequence(List<Integer> wanted, List<Integer> decoded);
  }

  /** Tells someone of every sequence counted from now on. */
  public LabelErrors observed(Observer by) {
    observer = by;
    return this;
  }

  /** Counts one sequence. */
  public void add(List<Integer> wanted, List<Integer> decoded) {
    int distance = TextErrors.distance(decoded, wanted);
    errors += distance;
    labels += wanted.size();
    sequences++;
    exact += distance == 0 ? 1 : 0;
    observer.sequence(wanted, decoded);
  }

  @Override
  public void visit(Plan plan, Batch batch) {
    Tensor lengths = batch.labelLengths();
    if (lengths == null) {
      throw new IllegalArgumentException("label errors need sequences of labels as targets");
    }
    Tensor host = Tensor.host(DType.F32, plan.output().shape());
    try (var memory = host.memory()) {
      backend.copy(plan.output(), Tensor.of(memory, DType.F32, plan.output().shape()));
      for (int i = 0; i < batch.size(); i++) {
        List<Integer> wanted = new ArrayList<>();
        long row = (long) i * batch.targets().dim(-1);
        for (long k = 0; k < lengths.getLong(i); k++) {
          wanted.add((int) batch.targets().getLong(row + k));
        }
        add(wanted, decode(logits(host, batch, i)));
      }
    }
  }

  private static float[][] logits(Tensor output, Batch batch, int sequence) {
    int classes = (int) output.dim(-1);
    float[][] rows = new float[(int) batch.lengths().getLong(sequence)][classes];
    for (int t = 0; t < rows.length; t++) {
      long row = ((long) t * batch.size() + sequence) * classes;
      for (int k = 0; k < classes; k++) {
        rows[t][k] = (float) output.get(row + k);
      }
    }
    return rows;
  }

  private List<Integer> decode(float[][] logits) {
    return beam == 0 ? decoder.greedy(logits) : decoder.beam(logits, beam).getFirst().labels();
  }

  /** Errors for each label wanted; NaN if none was. */
  public double rate() {
    return (double) errors / labels;
  }

  /** The share of sequences without any error; NaN if there was none. */
  public double exact() {
    return (double) exact / sequences;
  }
}
