package dev.gatun.data;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The pieces of k characters that strings, such as DNA or proteins, are made of, each a token. With
 * k = 1 they are the characters. Ids follow the pieces' order; the last one stands for every piece
 * that was not among the first strings.
 */
public final class Kmers {
  private final int k;
  private final int stride;
  private final List<String> pieces;
  private final Map<String, Integer> ids = new HashMap<>();

  private Kmers(int k, int stride, List<String> pieces) {
    if (k < 1 || stride < 1) {
      throw new IllegalArgumentException(
          "k and stride must be at least 1, got " + k + " and " + stride);
    }
    this.k = k;
    this.stride = stride;
    this.pieces = List.copyOf(pieces);
    for (String piece : this.pieces) {
      ids.put(piece, ids.size());
    }
  }

  /**
   * Those of some strings.
   *
   * @param strings those to train on
   * @param k characters of a piece
   * @param stride characters from the start of one piece to that of the next: 1, all pieces, up to
   *     k, no character twice, or more
   * @throws IllegalArgumentException if a string is shorter than k
   */
  public static Kmers of(List<String> strings, int k, int stride) {
    Kmers none = new Kmers(k, stride, List.of());
    TreeSet<String> pieces = new TreeSet<>();
    for (String string : strings) {
      pieces.addAll(none.cut(string));
    }
    return new Kmers(k, stride, List.copyOf(pieces));
  }

  private List<String> cut(String string) {
    int[] characters = string.codePoints().toArray();
    if (characters.length < k) {
      throw new IllegalArgumentException(
          "\"%s\" has %d characters, a piece %d; give longer strings, or a smaller k"
              .formatted(string, characters.length, k));
    }
    List<String> cut = new ArrayList<>();
    for (int at = 0; at + k <= characters.length; at += stride) {
      cut.add(new String(characters, at, k));
    }
    return cut;
  }

  /** The number of ids, V: the pieces and 1 more. */
  public int size() {
    return pieces.size() + 1;
  }

  /** The pieces, in the order of their ids. */
  public List<String> pieces() {
    return pieces;
  }

  /**
   * The ids of a string's pieces.
   *
   * @throws IllegalArgumentException if it is shorter than k
   */
  public int[] encode(String string) {
    return cut(string).stream().mapToInt(piece -> ids.getOrDefault(piece, pieces.size())).toArray();
  }

  /** These, for a checkpoint. */
  public Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("k", Json.of(k));
    members.put("stride", Json.of(stride));
    members.put("pieces", Json.of(pieces.stream().map(Json::of).toList()));
    return Json.of(members);
  }

  /**
   * Reads what {@link #toJson} gave.
   *
   * @throws FormatException if it is something else
   */
  public static Kmers fromJson(Json json) {
    Json.Members members = json.asObject();
    try {
      return new Kmers(
          Math.toIntExact(members.get("k").asLong()),
          Math.toIntExact(members.get("stride").asLong()),
          members.get("pieces").asList().stream().map(Json::asText).toList());
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new FormatException("no k-mers: " + e.getMessage(), e);
    }
  }
}
