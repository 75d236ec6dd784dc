package dev.gatun.data;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The characters a model knows, as Unicode code points in ascending order: a character's id is its
 * place. May have one more id, the last, for every character it does not know.
 */
public final class Vocabulary implements Tokenizer {
  /** What an unknown character is decoded to: the Unicode replacement character. */
  public static final int REPLACEMENT = 0xFFFD;

  private final int[] characters;
  private final boolean unknown;

  private Vocabulary(int[] characters, boolean unknown) {
    this.characters = characters;
    this.unknown = unknown;
  }

  /**
   * The characters of a text.
   *
   * @throws IllegalArgumentException if the text is empty
   */
  public static Vocabulary of(CharSequence text) {
    int[] characters = text.codePoints().sorted().distinct().toArray();
    if (characters.length == 0) {
      throw new IllegalArgumentException("no vocabulary can be made from an empty text");
    }
    return new Vocabulary(characters, false);
  }

  /** These characters and an id for all others. */
  public Vocabulary withUnknown() {
    return new Vocabulary(characters, true);
  }

  @Override
  public int size() {
    return characters.length + (unknown ? 1 : 0);
  }

  @Override
  public int unknown() {
    return unknown ? characters.length : -1;
  }

  /** The id of a character, the id for unknown ones, or -1 if there is none. */
  public int id(int codePoint) {
    int at = Arrays.binarySearch(characters, codePoint);
    return at >= 0 ? at : unknown();
  }

  /**
   * The character of an id.
   *
   * @throws IndexOutOfBoundsException if there is no such id
   */
  public int character(int id) {
    if (id < 0 || id >= size()) {
      throw new IndexOutOfBoundsException(
          "no character has id %d: ids are 0 to %d".formatted(id, size() - 1));
    }
    return id < characters.length ? characters[id] : REPLACEMENT;
  }

  /**
   * The ids of a text's characters.
   *
   * @throws IllegalArgumentException if a character is unknown and has no id, with its position
   */
  @Override
  public int[] encode(CharSequence text) {
    int[] ids = text.codePoints().toArray();
    for (int i = 0; i < ids.length; i++) {
      int id = id(ids[i]);
      if (id < 0) {
        throw unknown(text, ids[i], i);
      }
      ids[i] = id;
    }
    return ids;
  }

  private IllegalArgumentException unknown(CharSequence text, int codePoint, int position) {
    int[] before = text.codePoints().limit(position).toArray();
    long line = 1 + Arrays.stream(before).filter(c -> c == '\n').count();
    int start = position;
    while (start > 0 && before[start - 1] != '\n') {
      start--;
    }
    return new IllegalArgumentException(
        "character %s (U+%04X) at line %d, column %d is not among the %d characters of the model"
            .formatted(shown(codePoint), codePoint, line, position - start + 1, size()));
  }

  private static String shown(int codePoint) {
    return Character.isISOControl(codePoint)
        ? "control"
        : "'" + Character.toString(codePoint) + "'";
  }

  @Override
  public String decode(int... ids) {
    StringBuilder text = new StringBuilder(ids.length);
    for (int id : ids) {
      text.appendCodePoint(character(id));
    }
    return text.toString();
  }

  @Override
  public String unit() {
    return "characters";
  }

  @Override
  public Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put(
        "characters", Json.of(Arrays.stream(characters).mapToObj(c -> Json.of((long) c)).toList()));
    members.put("unknown", Json.of(unknown));
    return Json.of(members);
  }

  /**
   * Reads what {@link #toJson} gave.
   *
   * @throws FormatException if it is something else
   */
  public static Vocabulary fromJson(Json json) {
    List<Json> list = json.asObject().get("characters").asList();
    int[] characters = new int[list.size()];
    long previous = -1;
    for (int i = 0; i < characters.length; i++) {
      long c = list.get(i).asLong();
      if (c <= previous || c > Character.MAX_CODE_POINT) {
        throw new FormatException(
            "a vocabulary's characters are ascending code points up to 1114111, found "
                + c
                + " after "
                + previous);
      }
      previous = c;
      characters[i] = (int) c;
    }
    if (characters.length == 0) {
      throw new FormatException("a vocabulary without characters");
    }
    return new Vocabulary(characters, json.asObject().get("unknown").asBoolean());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Vocabulary v
        && v.unknown == unknown
        && Arrays.equals(v.characters, characters);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(characters) + (unknown ? 1 : 0);
  }

  @Override
  public String toString() {
    return Arrays.stream(characters)
        .mapToObj(Vocabulary::shown)
        .collect(Collectors.joining(" ", "Vocabulary of " + size() + ": ", ""));
  }
}
