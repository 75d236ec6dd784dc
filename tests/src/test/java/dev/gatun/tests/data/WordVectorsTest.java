package dev.gatun.tests.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.data.WordVectors;
import dev.gatun.persist.FormatException;
import dev.gatun.train.Word2Vec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Vectors of words: their files, and learning them. */
class WordVectorsTest {
  @TempDir Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("v.txt"), text);
  }

  @Test
  void readsBothFormats() throws IOException {
    for (String header : List.of("", "3 2\n")) {
      WordVectors vectors =
          WordVectors.read(file(header + "the 0.5 -1\n</s> 2 3e-1\nnew york 4 5\n"), List.of());
      assertEquals(2, vectors.size());
      assertEquals(3, vectors.count());
      assertArrayEquals(new float[] {0.5f, -1}, vectors.of("the"));
      assertArrayEquals(new float[] {0.5f, -1}, vectors.of(" the"), "of byte pairs");
      assertArrayEquals(new float[] {0.5f, -1}, vectors.of("The"), "in small letters");
      assertArrayEquals(new float[] {2, 0.3f}, vectors.of("\n"));
      assertNull(vectors.of("a"));
    }
    WordVectors some = WordVectors.read(file("a 1 2\nb 3 4\n"), List.of("b", "c"));
    assertEquals(List.of("b"), some.words());
  }

  @Test
  void whatIsWrittenComesBack() throws IOException {
    List<String> tokens = List.of("a", " b", "\n", "c d", "\r", "e\r\n");
    float[][] values = {{1.5f, -2}, {1e-8f, 3}, {0.1f, 0}, {7, 8}, {9, 1}, {2, 5}};
    Path file = folder.resolve("w.txt");
    WordVectors.of(tokens, values).write(file);
    assertEquals("6 2", Files.readAllLines(file).getFirst());
    WordVectors read = WordVectors.read(file, tokens);
    for (int i = 0; i < tokens.size(); i++) {
      assertArrayEquals(values[i], read.of(tokens.get(i)));
    }
    Messages.refuses(
        "vector 1 has 1 numbers, the first 2",
        () -> WordVectors.of(List.of("a", "b"), new float[][] {{1, 2}, {3}}));
  }

  @Test
  void brokenFilesAreRefusedByLine() throws IOException {
    assertRefused("v.txt:2: \"x\" is no number", "a 1 2\nb 3 x\n");
    assertRefused("v.txt:2: 2 fields; a word and 2 numbers", "a 1 2\nb 3\n");
    assertRefused("no vectors", "");
    assertRefused("v.txt:1: NaN is not finite", "a NaN 2\n");
  }

  private void assertRefused(String part, String text) throws IOException {
    Path file = file(text);
    String message =
        String.valueOf(
            assertThrows(FormatException.class, () -> WordVectors.read(file, List.of()))
                .getMessage());
    assertTrue(message.contains(part), message);
  }

  /**
   * Sentences "animal eats food" and "vehicle burns fuel", each word drawn from its group: the
   * words of a group stand in the same places, so they are each other's nearest.
   */
  @Test
  void wordsInLikePlacesBecomeNeighbours() {
    int[][] groups = {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9, 10, 11}};
    SplittableRandom random = new SplittableRandom(5);
    int[] corpus = new int[30_000];
    for (int i = 0; i < corpus.length; i += 3) {
      int kind = random.nextInt(2);
      corpus[i] = groups[2 * kind][random.nextInt(3)];
      corpus[i + 1] = groups[2 * kind + 1][random.nextInt(3)];
      corpus[i + 2] = 12;
    }
    Word2Vec how = new Word2Vec(12, 2, 5, 0, 4, 0.05, 7);
    float[][] vectors = how.learn(corpus, 13);
    List<String> names = List.of("0 1 2 3 4 5 6 7 8 9 10 11 12".split(" "));
    WordVectors found = WordVectors.of(names, vectors);
    for (int[] group : groups) {
      for (int id : group) {
        Set<String> nearest = Set.copyOf(found.nearest("" + id, 2));
        for (int other : group) {
          assertTrue(other == id || nearest.contains("" + other), id + ": " + nearest);
        }
      }
    }
    assertArrayEquals(vectors[3], how.learn(corpus, 13)[3], "the same seed, the same bits");
  }

  @Test
  void wrongCorporaAreRefused() {
    Word2Vec how = Word2Vec.of(4, 1);
    assertThrows(IllegalArgumentException.class, () -> how.learn(new int[] {0, 5}, 5));
    assertThrows(IllegalArgumentException.class, () -> how.learn(new int[] {0}, 5));
    assertThrows(IllegalArgumentException.class, () -> Word2Vec.of(0, 1));
  }
}
