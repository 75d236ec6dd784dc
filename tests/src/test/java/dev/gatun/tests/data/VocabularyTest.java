package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gatun.data.Vocabulary;
import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VocabularyTest {
  private static final String TEXT = "b\u00e9\ud83d\ude00a\nb";

  @Test
  void charactersAreCodePointsInOrder() {
    Vocabulary vocabulary = Vocabulary.of(TEXT);
    assertEquals(5, vocabulary.size());
    assertArrayEquals(new int[] {2, 3, 4, 1, 0, 2}, vocabulary.encode(TEXT));
    assertEquals(TEXT, vocabulary.decode(vocabulary.encode(TEXT)));
  }

  @Test
  void anUnknownCharacterIsNamedWithItsPosition() {
    Vocabulary vocabulary = Vocabulary.of(TEXT);
    Messages.refuses(
        "character 'x' (U+0078) at line 2, column 3 is not among the 5 characters",
        () -> vocabulary.encode("\ud83d\ude00a\nabx"));
    Messages.refuses(
        "character control (U+0009) at line 1, column 1", () -> vocabulary.encode("\t"));
  }

  @Test
  void anUnknownCharacterCanHaveAnId() {
    Vocabulary vocabulary = Vocabulary.of(TEXT).withUnknown();
    assertEquals(6, vocabulary.size());
    assertArrayEquals(new int[] {1, 5, 2}, vocabulary.encode("axb"));
    assertEquals("a\ufffdb", vocabulary.decode(1, 5, 2));
    assertThrows(IndexOutOfBoundsException.class, () -> vocabulary.decode(6));
    assertThrows(IndexOutOfBoundsException.class, () -> vocabulary.decode(-1));
  }

  @Test
  void itSurvivesARoundTrip() {
    for (Vocabulary v : new Vocabulary[] {Vocabulary.of(TEXT), Vocabulary.of(TEXT).withUnknown()}) {
      assertEquals(v, Vocabulary.fromJson(Json.parse(v.toJson().print())));
    }
  }

  @Test
  void anEmptyTextIsRefused() {
    Messages.refuses("empty text", () -> Vocabulary.of(""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{}",
        "{\"characters\":[],\"unknown\":false}",
        "{\"characters\":[2,1],\"unknown\":false}",
        "{\"characters\":[1,1],\"unknown\":false}",
        "{\"characters\":[-1],\"unknown\":false}",
        "{\"characters\":[1114112],\"unknown\":false}",
        "{\"characters\":[\"a\"],\"unknown\":false}",
        "{\"characters\":[1],\"unknown\":0}",
        "{\"characters\":[1]}"
      })
  void aWrongFileIsRefused(String json) {
    assertThrows(FormatException.class, () -> Vocabulary.fromJson(Json.parse(json)));
  }
}
