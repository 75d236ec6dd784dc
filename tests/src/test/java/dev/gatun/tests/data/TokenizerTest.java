package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.BytePairs;
import dev.gatun.data.Tokenizer;
import dev.gatun.data.Vocabulary;
import dev.gatun.data.WordVocabulary;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Text to words or byte pairs and back. */
class TokenizerTest {
  private static final String PROSE =
      """
      "Come in," she said; "it's cold (and dark) - isn't it?"
      He paid $5, i.e. half of it: 50% off!
      """;

  private static WordVocabulary words(String text) {
    return WordVocabulary.of(text, 1, 1_000, false);
  }

  @Test
  void wordsAreJoinedAsTheyWerePrinted() {
    WordVocabulary vocabulary = words(PROSE);
    String expected = PROSE.replace("i.e.", "i. e.");
    assertEquals(expected, vocabulary.decode(vocabulary.encode(PROSE)));
    assertEquals(expected, vocabulary.decode(vocabulary.encode(expected.replace(" ", "   "))));
    assertTrue(vocabulary.tokens().containsAll(List.of("it's", "isn't", "\n", "\"", "50")));
  }

  /** Frequent first, of equals the alphabetically first; the limit counts the unknown one. */
  @Test
  void theMostFrequentWordsAreKept() {
    String text = "b a c b a b d Unknown";
    assertEquals(List.of("<unk>", "b", "a", "Unknown", "c", "d"), words(text).tokens());
    assertEquals(List.of("<unk>", "b", "a"), WordVocabulary.of(text, 2, 100, false).tokens());
    WordVocabulary small = WordVocabulary.of(text, 1, 3, true);
    assertEquals(List.of("<unk>", "b", "a"), small.tokens());
    assertArrayEquals(new int[] {2, 0, 1, 0}, small.encode("A c B <unk>"));
    assertEquals("a <unk> b <unk>", small.decode(2, 0, 1, 0));
    assertThrows(IllegalArgumentException.class, () -> WordVocabulary.of(text, 4, 9, false));
  }

  /** The words of Sennrich et al. 2016, figure 1, with the space before a word as its border. */
  @Test
  void pairsOfAFewWords() {
    String text = " low".repeat(5) + " lower".repeat(2) + " newest".repeat(6) + " widest".repeat(3);
    List<String> tokens = BytePairs.of(text, BytePairs.BYTES + 6).tokens();
    assertEquals(List.of("es", "est", " l", "ow", " low", " n"), tokens.subList(256, 262));
  }

  /** Against the definition: count all pairs of all pieces anew for each merge. */
  @Test
  void pairsAreTheMostFrequent() {
    SplittableRandom random = new SplittableRandom(3);
    StringBuilder text = new StringBuilder();
    for (int word = 0; word < 400; word++) {
      for (int i = 0; i <= random.nextInt(5); i++) {
        text.append((char) ('a' + Math.min(random.nextInt(4), random.nextInt(4))));
      }
      text.append(' ');
    }
    BytePairs learnt = BytePairs.of(text, BytePairs.BYTES + 40);
    List<int[]> pieces =
        Pattern.compile(" ?[a-d]+| ")
            .matcher(text)
            .results()
            .map(match -> match.group().chars().toArray())
            .toList();
    int[] merges =
        learnt.toJson().asObject().get("merges").asList().stream()
            .mapToInt(json -> (int) json.asLong())
            .toArray();
    assertEquals(80, merges.length);
    List<int[]> now = pieces;
    for (int m = 0; m < 40; m++) {
      TreeMap<Long, Integer> counts = new TreeMap<>();
      for (int[] piece : now) {
        for (int i = 0; i + 1 < piece.length; i++) {
          counts.merge((long) piece[i] << 32 | piece[i + 1], 1, Integer::sum);
        }
      }
      int most = counts.values().stream().mapToInt(Integer::intValue).max().orElseThrow();
      long first =
          counts.entrySet().stream()
              .filter(entry -> entry.getValue() == most)
              .findFirst()
              .orElseThrow()
              .getKey();
      assertEquals(first, (long) merges[2 * m] << 32 | merges[2 * m + 1], "merge " + m);
      int id = BytePairs.BYTES + m;
      now = now.stream().map(piece -> joined(piece, first, id)).toList();
    }
    assertArrayEquals(now.stream().flatMapToInt(Arrays::stream).toArray(), learnt.encode(text));
  }

  private static int[] joined(int[] piece, long pair, int id) {
    IntStream.Builder out = IntStream.builder();
    for (int i = 0; i < piece.length; i++) {
      if (i + 1 < piece.length && ((long) piece[i] << 32 | piece[i + 1]) == pair) {
        out.add(id);
        i++;
      } else {
        out.add(piece[i]);
      }
    }
    return out.build().toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"naïve café 東京  \n\n\t x", "", "a", "😀😀 e\u0301", " lead and trail "})
  void anyTextComesBackFromPairs(String text) {
    BytePairs pairs = BytePairs.of(PROSE.repeat(3), 290);
    assertEquals(290, pairs.size());
    assertEquals(text, pairs.decode(pairs.encode(text)));
    assertTrue(pairs.encode(PROSE).length < PROSE.length() * 0.8, "pairs shorten what they know");
  }

  @Test
  void anyTokenizerComesBackFromItsText() {
    for (Tokenizer tokenizer :
        List.of(words(PROSE), BytePairs.of(PROSE.repeat(2), 280), Vocabulary.of(PROSE))) {
      Tokenizer read = Tokenizer.fromJson(Json.parse(tokenizer.toJson().print()));
      assertEquals(tokenizer, read);
      assertArrayEquals(tokenizer.encode(PROSE), read.encode(PROSE));
    }
  }

  @Test
  void brokenTextIsRefused() {
    for (String json :
        List.of(
            "{\"kind\":\"syllables\"}",
            "{\"kind\":\"bpe\",\"merges\":[97]}",
            "{\"kind\":\"bpe\",\"merges\":[97,256]}",
            "{\"kind\":\"words\",\"words\":[\"a\",\"b\"],\"lowercase\":false}",
            "{\"kind\":\"words\",\"words\":[\"<unk>\",\"b\",\"b\"],\"lowercase\":false}")) {
      assertThrows(FormatException.class, () -> Tokenizer.fromJson(Json.parse(json)), json);
    }
    assertThrows(IndexOutOfBoundsException.class, () -> words(PROSE).decode(1_000));
    assertThrows(IllegalArgumentException.class, () -> BytePairs.of(PROSE, 256));
  }
}
