package dev.gatun.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Errors of texts against what was wanted: insertions, deletions and substitutions that turn one
 * into the other (Levenshtein 1966), over what was wanted, all texts together. They can be above 1.
 *
 * <p>The character error rate counts Unicode code points, spaces among them; the word error rate
 * what white space divides.
 */
public final class TextErrors {
  private long characterErrors;
  private long characters;
  private long wordErrors;
  private long words;
  private long texts;
  private long exact;

  /** Of nothing yet. */
  public TextErrors() {}

  /**
   * The least number of insertions, deletions and substitutions that turn one into the other
   * (Levenshtein 1966).
   */
  public static <T> int distance(List<T> from, List<T> to) {
    int[] row = new int[to.size() + 1];
    for (int j = 0; j <= to.size(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.size(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.size(); j++) {
        int substituted = diagonal + (from.get(i - 1).equals(to.get(j - 1)) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[to.size()];
  }

  /** Adds one text. */
  public void add(String wanted, String said) {
    List<Integer> wantedCharacters = wanted.codePoints().boxed().toList();
    List<String> wantedWords = words(wanted);
    int distance = distance(said.codePoints().boxed().toList(), wantedCharacters);
    characterErrors += distance;
    characters += wantedCharacters.size();
    wordErrors += distance(words(said), wantedWords);
    words += wantedWords.size();
    texts++;
    exact += distance == 0 ? 1 : 0;
  }

  private static List<String> words(String text) {
    return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
  }

  /** Errors for each character wanted; NaN if none was. */
  public double characterErrorRate() {
    return (double) characterErrors / characters;
  }

  /** Errors for each word wanted; NaN if none was. */
  public double wordErrorRate() {
    return (double) wordErrors / words;
  }

  /** The share of texts without any error; NaN if there was none. */
  public double exact() {
    return (double) exact / texts;
  }

  /** All by their names: {@code character_error_rate}, {@code word_error_rate}, {@code exact}. */
  public SequencedMap<String, Double> measures() {
    SequencedMap<String, Double> measures = new LinkedHashMap<>();
    measures.put("character_error_rate", characterErrorRate());
    measures.put("word_error_rate", wordErrorRate());
    measures.put("exact", exact());
    return measures;
  }
}
