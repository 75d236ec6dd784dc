package dev.gatun.model;

import dev.gatun.data.Examples;
import dev.gatun.model.SequenceDecoder.Hypothesis;
import dev.gatun.model.SequenceDecoder.Search;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/** The search of one sequence: hypotheses that go on, and those that have ended. */
final class Beam {
  private final Search search;
  private final List<Hypothesis> ended = new ArrayList<>();
  private List<Entry> alive = List.of(new Entry(null, 0, Examples.BOUNDARY, 0, 0));

  Beam(Search search) {
    this.search = search;
  }

  /**
   * A hypothesis that goes on, or may.
   *
   * @param before what it goes on from; null at the start
   * @param row of that among the beam's
   * @param token its last
   * @param length its tokens
   */
  record Entry(@Nullable Entry before, int row, int token, double logProbability, int length) {
    List<Integer> tokens() {
      List<Integer> reversed = new ArrayList<>();
      for (Entry at = this; at != null && at.before != null; at = at.before) {
        if (at.token != Examples.BOUNDARY) {
          reversed.add(at.token);
        }
      }
      return reversed.reversed().stream().toList();
    }
  }

  /** Those that go on, the likeliest first: row k is shown the token of the k-th. */
  List<Entry> alive() {
    return alive;
  }

  /**
   * Takes a step: of twice as many continuations as the beam is wide the likeliest that do not end
   * go on, and those that end among the first half have ended.
   *
   * @param logits of all rows, [rows][classes] flat
   * @param first the beam's first row
   * @return whether it is done
   */
  boolean advance(double[] logits, int first, int classes) {
    if (alive.isEmpty()) {
      return true;
    }
    List<Entry> next = new ArrayList<>();
    List<Entry> best = continuations(logits, first, classes);
    for (int rank = 0; rank < best.size(); rank++) {
      Entry entry = best.get(rank);
      if (entry.token != Examples.BOUNDARY) {
        if (next.size() < search.beam() && entry.length <= search.maxTokens()) {
          next.add(entry);
        }
      } else if (rank < search.beam()) {
        ended.add(hypothesis(entry, true));
      }
    }
    if (ended.isEmpty() && next.isEmpty()) {
      alive.forEach(entry -> ended.add(hypothesis(entry, false)));
    }
    alive = isDone(next) ? List.of() : List.copyOf(next);
    return alive.isEmpty();
  }

  /** A hypothesis that goes on only becomes less likely, and no longer than the most. */
  private boolean isDone(List<Entry> next) {
    if (ended.size() >= search.beam() || next.isEmpty()) {
      return true;
    }
    double hope = search.penalized(next.getFirst().logProbability, search.maxTokens() + 1);
    return ended.stream().filter(hypothesis -> hypothesis.score() >= hope).count()
        >= search.wanted();
  }

  private Hypothesis hypothesis(Entry entry, boolean ends) {
    double score = search.penalized(entry.logProbability, entry.length);
    return new Hypothesis(entry.tokens(), entry.logProbability, score, ends);
  }

  /** The likeliest first, of equal ones the first; twice as many as the beam is wide at most. */
  private List<Entry> continuations(double[] logits, int first, int classes) {
    int most = 2 * search.beam();
    PriorityQueue<Offer> best = new PriorityQueue<>();
    int number = 0;
    for (int k = 0; k < alive.size(); k++) {
      int from = (first + k) * classes;
      Entry entry = alive.get(k);
      double base = entry.logProbability - logSumExp(logits, from, classes);
      for (int token = 0; token < classes; token++) {
        Offer offer = new Offer(entry, k, token, base + logits[from + token], number++);
        best.add(offer);
        if (best.size() > most) {
          best.remove();
        }
      }
    }
    return best.stream().sorted(Comparator.reverseOrder()).map(Offer::entry).toList();
  }

  /** A continuation; the greater the likelier, and of equal ones the earlier. */
  private record Offer(Entry before, int row, int token, double logProbability, int number)
      implements Comparable<Offer> {
    @Override
    public int compareTo(Offer other) {
      int byProbability = Double.compare(logProbability, other.logProbability);
      return byProbability != 0 ? byProbability : Integer.compare(other.number, number);
    }

    Entry entry() {
      return new Entry(before, row, token, logProbability, before.length + 1);
    }
  }

  private static double logSumExp(double[] x, int from, int count) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int i = from; i < from + count; i++) {
      largest = Math.max(largest, x[i]);
    }
    double sum = 0;
    for (int i = from; i < from + count; i++) {
      sum += Math.exp(x[i] - largest);
    }
    return largest + Math.log(sum);
  }

  /** What has ended, the best first; where nothing has, what was cut. */
  List<Hypothesis> found() {
    return ended.stream().sorted(Comparator.comparingDouble(Hypothesis::score).reversed()).toList();
  }
}
