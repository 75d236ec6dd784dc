package dev.gatun.train;

import dev.gatun.backend.WeightType;
import dev.gatun.data.Batch;
import dev.gatun.data.BatchSource;
import dev.gatun.data.Examples;
import dev.gatun.metric.TextErrors;
import dev.gatun.model.Model;
import dev.gatun.model.SequenceDecoder;
import dev.gatun.model.SequenceDecoder.Hypothesis;
import dev.gatun.model.SequenceDecoder.Search;
import dev.gatun.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * How a {@link SequenceDecoder}'s sequences differ from those wanted.
 *
 * @param sequences how many there were
 * @param tokens of those wanted
 * @param errors the insertions, deletions and substitutions that turn what was decoded into those
 *     ({@link TextErrors#distance})
 * @param exactOnes sequences without any
 */
public record SequenceErrors(long sequences, long tokens, long errors, long exactOnes) {
  /**
   * Decodes all batches.
   *
   * @param source sequences to decode, in the order of its epoch 0
   */
  public static SequenceErrors of(Model model, BatchSource source, Search search) {
    return of(model, source, search, WeightType.FLOAT32);
  }

  /** The same with the matrices of recurrent layers rounded. */
  public static SequenceErrors of(
      Model model, BatchSource source, Search search, WeightType weights) {
    SequenceErrors sum = new SequenceErrors(0, 0, 0, 0);
    try (Batch batch = source.newBatch();
        SequenceDecoder decoder =
            new SequenceDecoder(model, source.maxTime(), source.maxBatch(), search, weights)) {
      for (int i = 0; i < source.batches(0); i++) {
        source.fill(0, i, batch);
        List<List<Hypothesis>> found = decoder.decode(batch);
        for (int n = 0; n < batch.size(); n++) {
          sum = sum.plus(wanted(batch, n), found.get(n).getFirst().tokens());
        }
      }
    }
    return sum;
  }

  /** The sequence that a batch wants, without the end. */
  private static List<Integer> wanted(Batch batch, int n) {
    Tensor targets = batch.targets();
    List<Integer> tokens = new ArrayList<>();
    for (int t = 0; t < batch.time(); t++) {
      int token = (int) targets.getLong((long) t * batch.size() + n);
      if (token <= Examples.BOUNDARY) {
        break;
      }
      tokens.add(token);
    }
    return tokens;
  }

  private SequenceErrors plus(List<Integer> wanted, List<Integer> decoded) {
    int distance = TextErrors.distance(decoded, wanted);
    return new SequenceErrors(
        sequences + 1,
        tokens + wanted.size(),
        errors + distance,
        exactOnes + (distance == 0 ? 1 : 0));
  }

  /** Errors for each token wanted; NaN if none was. */
  public double rate() {
    return (double) errors / tokens;
  }

  /** The share of sequences without any error; NaN if there was none. */
  public double exact() {
    return (double) exactOnes / sequences;
  }
}
