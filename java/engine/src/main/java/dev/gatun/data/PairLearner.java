package dev.gatun.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.regex.Matcher;

/** Finds the pairs of {@link BytePairs} from the different pieces of a text and their counts. */
final class PairLearner {
  /** A piece as tokens: the first {@code length} of the array. */
  private static final class Piece {
    final int[] tokens;
    final int count;
    int length;

    Piece(int[] tokens, int count) {
      this.tokens = tokens;
      this.count = count;
      length = tokens.length;
    }
  }

  /** How often a pair stands in the text, and in which pieces it stood at some time. */
  private static final class Found {
    int count;
    int[] pieces = new int[4];
    int size;

    void in(int piece) {
      if (size > 0 && pieces[size - 1] == piece) {
        return;
      }
      if (size == pieces.length) {
        pieces = Arrays.copyOf(pieces, 2 * size);
      }
      pieces[size++] = piece;
    }
  }

  /** A pair with the count that it had when it was put into the queue. */
  private record Candidate(long pair, int count) {}

  private final List<Piece> pieces = new ArrayList<>();
  private final Map<Long, Found> pairs = new HashMap<>();
  private final PriorityQueue<Candidate> queue =
      new PriorityQueue<>(
          Comparator.comparingInt(Candidate::count).reversed().thenComparingLong(Candidate::pair));

  PairLearner(CharSequence text) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    Matcher matcher = BytePairs.PIECE.matcher(text);
    while (matcher.find()) {
      counts.merge(matcher.group(), 1, Integer::sum);
    }
    counts.forEach(
        (piece, count) -> {
          pieces.add(new Piece(BytePairs.bytesOf(piece), count));
          count(pieces.size() - 1, 1);
        });
    pairs.forEach((pair, found) -> queue.add(new Candidate(pair, found.count)));
  }

  /** Adds a piece's pairs, or takes them away. */
  private void count(int index, int sign) {
    Piece piece = pieces.get(index);
    for (int i = 0; i + 1 < piece.length; i++) {
      long pair = BytePairs.pair(piece.tokens[i], piece.tokens[i + 1]);
      Found found = pairs.computeIfAbsent(pair, _ -> new Found());
      found.count += sign * piece.count;
      if (sign > 0) {
        found.in(index);
      }
    }
  }

  /** The ids of at most so many pairs, two for each. */
  int[] learn(int most) {
    int[] merges = new int[2 * most];
    int count = 0;
    while (count < most && !queue.isEmpty()) {
      Candidate best = queue.poll();
      Found found = pairs.get(best.pair);
      if (found == null || found.count < 2) {
        continue;
      }
      if (found.count < best.count) {
        // It was counted before other pairs took some of its places.
        queue.add(new Candidate(best.pair, found.count));
        continue;
      }
      int left = (int) (best.pair >> 32);
      int right = (int) best.pair;
      merges[2 * count] = left;
      merges[2 * count + 1] = right;
      join(found, left, right, BytePairs.BYTES + count);
      count++;
    }
    return Arrays.copyOf(merges, 2 * count);
  }

  private void join(Found found, int left, int right, int id) {
    for (int k = 0; k < found.size; k++) {
      Piece piece = pieces.get(found.pieces[k]);
      count(found.pieces[k], -1);
      piece.length = BytePairs.join(piece.tokens, piece.length, left, right, id);
      count(found.pieces[k], 1);
      for (int i = 0; i + 1 < piece.length; i++) {
        if (piece.tokens[i] == id || piece.tokens[i + 1] == id) {
          long fresh = BytePairs.pair(piece.tokens[i], piece.tokens[i + 1]);
          queue.add(new Candidate(fresh, Objects.requireNonNull(pairs.get(fresh)).count));
        }
      }
    }
    pairs.remove(BytePairs.pair(left, right));
  }
}
