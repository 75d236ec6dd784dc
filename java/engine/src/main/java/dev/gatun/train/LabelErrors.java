package dev.gatun.train;

import dev.gatun.data.Batch;
import dev.gatun.metric.TextErrors;
import dev.gatun.model.CtcDecoder;
import dev.gatun.model.Model;
import dev.gatun.model.Plan;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The label error rate of a model that aligns labels: insertions, deletions and substitutions that
 * turn what is decoded into what was wanted, over the labels wanted (Graves et al. 2006, section
 * 2). Visits an {@link Evaluator}'s run.
 */
public final class LabelErrors implements Evaluator.Visitor {
  private final Transcriber transcriber;
  private Observer observer = (wanted, decoded) -> {};
  private long errors;
  private long labels;
  private long sequences;
  private long exact;

  /**
   * Counts nothing yet.
   *
   * @param transcriber decodes the model's output
   */
  public LabelErrors(Transcriber transcriber) {
    this.transcriber = transcriber;
  }

  /** As {@link #LabelErrors(Transcriber)} with {@link Transcriber#Transcriber}'s arguments. */
  public LabelErrors(Model model, CtcDecoder decoder, int beam) {
    this(new Transcriber(model, decoder, beam));
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
    List<List<Integer>> decoded = transcriber.read(plan, batch);
    for (int i = 0; i < batch.size(); i++) {
      List<Integer> wanted = new ArrayList<>();
      long row = (long) i * batch.targets().dim(-1);
      for (long k = 0; k < lengths.getLong(i); k++) {
        wanted.add((int) batch.targets().getLong(row + k));
      }
      add(wanted, decoded.get(i));
    }
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
