package dev.gatun.data;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parts of words that a text has shown: byte pair encoding (Gage 1994; Sennrich et al. 2016) over
 * the bytes of UTF-8 (Radford et al. 2019), so that no text has anything unknown. Ids 0 to 255 are
 * the bytes, each next one a pair of ids before it. No token reaches over the border of two words;
 * the space before a word belongs to it.
 */
public final class BytePairs implements Tokenizer {
  /** The ids of single bytes. */
  public static final int BYTES = 256;

  static final String KIND = "bpe";

  /** Letters, digits or other signs after at most one space; spaces by themselves. */
  static final Pattern PIECE =
      Pattern.compile(
          " ?[\\p{L}\\p{M}]+| ?\\p{N}+| ?[^\\s\\p{L}\\p{M}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);

  /** The two ids of each id from {@link #BYTES}, one after the other. */
  private final int[] merges;

  private final Map<Long, Integer> ids = new HashMap<>();
  private final byte[][] bytes;

  BytePairs(int[] merges) {
    this.merges = merges;
    bytes = new byte[BYTES + merges.length / 2][];
    for (int b = 0; b < BYTES; b++) {
      bytes[b] = new byte[] {(byte) b};
    }
    for (int i = 0; i < merges.length / 2; i++) {
      byte[] left = bytes[merges[2 * i]];
      byte[] right = bytes[merges[2 * i + 1]];
      byte[] both = Arrays.copyOf(left, left.length + right.length);
      System.arraycopy(right, 0, both, left.length, right.length);
      bytes[BYTES + i] = both;
      ids.put(pair(merges[2 * i], merges[2 * i + 1]), BYTES + i);
    }
  }

  /**
   * Learns from a text: again and again the most frequent pair becomes a token, of equally frequent
   * ones that of the smallest ids, until there are enough or every pair stands there once.
   *
   * @param most the largest number of ids, above {@value #BYTES}
   */
  public static BytePairs of(CharSequence text, int most) {
    if (most <= BYTES) {
      throw new IllegalArgumentException(
          "a vocabulary of %d: the bytes alone are %d, give more".formatted(most, BYTES));
    }
    return new BytePairs(new PairLearner(text).learn(most - BYTES));
  }

  static long pair(int left, int right) {
    return (long) left << 32 | right;
  }

  @Override
  public int size() {
    return bytes.length;
  }

  @Override
  public int[] encode(CharSequence text) {
    Map<String, int[]> known = new HashMap<>();
    int[] all = new int[Math.max(16, text.length())];
    int count = 0;
    Matcher matcher = PIECE.matcher(text);
    while (matcher.find()) {
      int[] piece = known.computeIfAbsent(matcher.group(), this::encodePiece);
      if (count + piece.length > all.length) {
        all = Arrays.copyOf(all, Math.max(2 * all.length, count + piece.length));
      }
      System.arraycopy(piece, 0, all, count, piece.length);
      count += piece.length;
    }
    return Arrays.copyOf(all, count);
  }

  /** Joins pairs in the order in which they were learnt. */
  private int[] encodePiece(String piece) {
    int[] tokens = bytesOf(piece);
    int length = tokens.length;
    while (true) {
      int first = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < length; i++) {
        first = Math.min(first, ids.getOrDefault(pair(tokens[i], tokens[i + 1]), first));
      }
      if (first == Integer.MAX_VALUE) {
        return Arrays.copyOf(tokens, length);
      }
      int left = merges[2 * (first - BYTES)];
      length = join(tokens, length, left, merges[2 * (first - BYTES) + 1], first);
    }
  }

  static int[] bytesOf(String piece) {
    byte[] utf8 = piece.getBytes(StandardCharsets.UTF_8);
    int[] tokens = new int[utf8.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = utf8[i] & 0xFF;
    }
    return tokens;
  }

  /** Puts one id for each pair, from the left, and returns how many are left. */
  static int join(int[] tokens, int length, int left, int right, int id) {
    int to = 0;
    for (int i = 0; i < length; i++) {
      if (i + 1 < length && tokens[i] == left && tokens[i + 1] == right) {
        tokens[to++] = id;
        i++;
      } else {
        tokens[to++] = tokens[i];
      }
    }
    return to;
  }

  /** The bytes of all ids as one text; bytes that are no UTF-8 become U+FFFD. */
  @Override
  public String decode(int... wanted) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int id : wanted) {
      if (id < 0 || id >= bytes.length) {
        throw new IndexOutOfBoundsException(
            "no token has id %d: ids are 0 to %d".formatted(id, bytes.length - 1));
      }
      out.writeBytes(bytes[id]);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Override
  public String unit() {
    return "tokens";
  }

  @Override
  public Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("kind", Json.of(KIND));
    members.put(
        "merges", Json.of(Arrays.stream(merges).mapToObj(id -> Json.of((long) id)).toList()));
    return Json.of(members);
  }

  static BytePairs fromJson(Json json) {
    List<Json> list = json.asObject().get("merges").asList();
    List<Integer> merges = new ArrayList<>();
    for (Json each : list) {
      long id = each.asLong();
      if (id < 0 || id >= BYTES + merges.size() / 2) {
        throw new FormatException("a pair of bytes is of tokens before it, not of " + id);
      }
      merges.add((int) id);
    }
    if (merges.size() % 2 != 0) {
      throw new FormatException("pairs of bytes have two tokens each");
    }
    return new BytePairs(merges.stream().mapToInt(Integer::intValue).toArray());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof BytePairs b && Arrays.equals(b.merges, merges);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(merges);
  }
}
