package dev.gatun.data;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.List;
import java.util.stream.IntStream;

/** How a text becomes ids below {@link #size} and ids become text again. */
public sealed interface Tokenizer permits Vocabulary, WordVocabulary, BytePairs {
  /** The number of ids, V. */
  int size();

  /**
   * The ids of a text.
   *
   * @throws IllegalArgumentException if it has what there is no id for
   */
  int[] encode(CharSequence text);

  /**
   * The text of some ids.
   *
   * @throws IndexOutOfBoundsException if there is no such id
   */
  String decode(int... ids);

  /** What a token is, in the plural: characters, words or pairs of bytes. */
  String unit();

  /** The id of whatever is not known; -1: there is none. */
  default int unknown() {
    return -1;
  }

  /** The text of each id by itself. */
  default List<String> tokens() {
    return IntStream.range(0, size()).mapToObj(this::decode).toList();
  }

  /** This, for a checkpoint. */
  Json toJson();

  /**
   * Reads what {@link #toJson} gave.
   *
   * @throws FormatException if it is something else
   */
  static Tokenizer fromJson(Json json) {
    Json kind = json.asObject().find("kind");
    if (kind == null) {
      return Vocabulary.fromJson(json);
    }
    return switch (kind.asText()) {
      case WordVocabulary.KIND -> WordVocabulary.fromJson(json);
      case BytePairs.KIND -> BytePairs.fromJson(json);
      default -> throw new FormatException("tokens of an unknown kind, " + kind.asText());
    };
  }
}
