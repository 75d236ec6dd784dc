package dev.gatun.data;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The words a model knows, the most frequent first. A word is a run of letters, marks and digits,
 * with apostrophes and hyphens inside; any other visible character is a word by itself, and so is
 * the end of a line. Spaces are no words: {@link #decode} puts them back as printed text has them.
 * Id 0 is {@value #UNKNOWN}, for every word that is not known.
 */
public final class WordVocabulary implements Tokenizer {
  /** What stands for unknown words. */
  public static final String UNKNOWN = "<unk>";

  static final String KIND = "words";

  private static final Pattern WORD =
      Pattern.compile(
          "\\n|<\\w+>|[\\p{L}\\p{M}\\p{N}]+(?:['\u2019-][\\p{L}\\p{M}\\p{N}]+)*|\\S",
          Pattern.UNICODE_CHARACTER_CLASS);

  private static final String CLOSING = ".,;:!?)]}%\u2019\u201D\u2026";
  private static final String OPENING = "([{$#\u2018\u201C";

  private final List<String> words;
  private final boolean lowercase;
  private final Map<String, Integer> ids = new HashMap<>();

  private WordVocabulary(List<String> words, boolean lowercase) {
    this.words = List.copyOf(words);
    this.lowercase = lowercase;
    for (int id = 0; id < words.size(); id++) {
      ids.put(words.get(id), id);
    }
  }

  /**
   * The words of a text.
   *
   * @param least how often a word has to stand there
   * @param most the largest number of ids, {@value #UNKNOWN} among them; of equally frequent words
   *     the alphabetically first are kept
   * @param lowercase whether capitals are made small
   * @throws IllegalArgumentException if no word is left
   */
  public static WordVocabulary of(CharSequence text, int least, int most, boolean lowercase) {
    Map<String, Integer> counts = new HashMap<>();
    Matcher matcher = WORD.matcher(text);
    while (matcher.find()) {
      counts.merge(cased(matcher.group(), lowercase), 1, Integer::sum);
    }
    counts.remove(UNKNOWN);
    List<String> words = new ArrayList<>(List.of(UNKNOWN));
    counts.entrySet().stream()
        .filter(entry -> entry.getValue() >= least)
        .sorted(
            Map.Entry.<String, Integer>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey(Comparator.naturalOrder())))
        .limit(Math.max(0, most - 1L))
        .forEach(entry -> words.add(entry.getKey()));
    if (words.size() == 1) {
      throw new IllegalArgumentException(
          "no word stands in the text %d times: ask for fewer, or give more text".formatted(least));
    }
    return new WordVocabulary(words, lowercase);
  }

  private static String cased(String word, boolean lowercase) {
    return lowercase ? word.toLowerCase(Locale.ROOT) : word;
  }

  @Override
  public int size() {
    return words.size();
  }

  @Override
  public int unknown() {
    return 0;
  }

  /** The id of a word, 0 if it is not known. */
  public int id(String word) {
    return ids.getOrDefault(cased(word, lowercase), 0);
  }

  @Override
  public int[] encode(CharSequence text) {
    return WORD.matcher(text).results().mapToInt(result -> id(result.group())).toArray();
  }

  /**
   * Words with spaces between them, but none before closing marks, after opening ones and beside
   * the end of a line; a straight quotation mark opens and closes in turn within a line.
   */
  @Override
  public String decode(int... wanted) {
    StringBuilder text = new StringBuilder();
    boolean glued = true; // no space before the next word
    boolean quoted = false;
    for (int id : wanted) {
      if (id < 0 || id >= words.size()) {
        throw new IndexOutOfBoundsException(
            "no word has id %d: ids are 0 to %d".formatted(id, words.size() - 1));
      }
      String word = words.get(id);
      boolean quote = word.equals("\"");
      boolean newline = word.equals("\n");
      boolean closes = newline || CLOSING.contains(word) || (quote && quoted);
      text.append(glued || closes ? "" : " ").append(word);
      quoted = !newline && quoted != quote;
      glued = newline || OPENING.contains(word) || (quote && quoted);
    }
    return text.toString();
  }

  @Override
  public String unit() {
    return "words";
  }

  @Override
  public List<String> tokens() {
    return words;
  }

  @Override
  public Json toJson() {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("kind", Json.of(KIND));
    members.put("words", Json.of(words.stream().map(Json::of).toList()));
    members.put("lowercase", Json.of(lowercase));
    return Json.of(members);
  }

  static WordVocabulary fromJson(Json json) {
    List<String> words = json.asObject().get("words").asList().stream().map(Json::asText).toList();
    WordVocabulary vocabulary =
        new WordVocabulary(words, json.asObject().get("lowercase").asBoolean());
    if (words.size() < 2
        || !words.getFirst().equals(UNKNOWN)
        || vocabulary.ids.size() != words.size()) {
      throw new FormatException(
          "words of a vocabulary are different ones after " + UNKNOWN + ", at least one");
    }
    return vocabulary;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof WordVocabulary v && v.lowercase == lowercase && v.words.equals(words);
  }

  @Override
  public int hashCode() {
    return words.hashCode();
  }
}
