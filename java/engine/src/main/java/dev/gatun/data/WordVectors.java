package dev.gatun.data;

import dev.gatun.persist.AtomicFiles;
import dev.gatun.persist.FormatException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Vectors of words, read from and written to word2vec's text format: a line with their number and
 * width, then a line for each word. GloVe's files, without the first line, are read too.
 */
public final class WordVectors {
  /** What word2vec's files call the end of a line. */
  private static final String NEWLINE = "</s>";

  /** Stands for a space inside a token, which the format has no room for. */
  private static final char SPACE = '\u2581';

  private final int size;
  private final SequencedMap<String, float[]> vectors;

  private WordVectors(int size, SequencedMap<String, float[]> vectors) {
    this.size = size;
    this.vectors = vectors;
  }

  /**
   * Of tokens.
   *
   * @param tokens different texts
   * @param vectors one for each, of equal length
   */
  public static WordVectors of(List<String> tokens, float[][] vectors) {
    if (tokens.isEmpty() || tokens.size() != vectors.length) {
      throw new IllegalArgumentException(
          "%d tokens and %d vectors: give as many, at least one"
              .formatted(tokens.size(), vectors.length));
    }
    SequencedMap<String, float[]> all = new LinkedHashMap<>();
    for (int i = 0; i < vectors.length; i++) {
      if (vectors[i].length != vectors[0].length) {
        throw new IllegalArgumentException(
            "vector %d has %d numbers, the first %d: all must have as many"
                .formatted(i, vectors[i].length, vectors[0].length));
      }
      all.putIfAbsent(written(tokens.get(i)), vectors[i].clone());
    }
    return new WordVectors(vectors[0].length, all);
  }

  /**
   * Reads a file.
   *
   * @param wanted tokens to keep; others are only checked for their width. Empty: all are kept
   * @throws FormatException if a line has another number of values than the first, or what is no
   *     number, with its place
   */
  public static WordVectors read(Path file, List<String> wanted) throws IOException {
    Set<String> keys =
        wanted.stream()
            .map(WordVectors::written)
            .flatMap(w -> List.of(w, w.toLowerCase(Locale.ROOT), bare(w)).stream())
            .collect(Collectors.toSet());
    SequencedMap<String, float[]> vectors = new LinkedHashMap<>();
    int size = 0;
    int number = 0;
    // Files of others have words that are no UTF-8: such bytes are replaced, not refused.
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        String[] fields = line.stripTrailing().split(" ");
        if (number == 1 && fields.length == 2 && isHeader(fields)) {
          size = Integer.parseInt(fields[1]);
          continue;
        }
        size = size == 0 ? fields.length - 1 : size;
        int first = fields.length - size; // some words have spaces inside
        if (size < 1 || first < 1) {
          throw new FormatException(
              "%s:%d: %d fields; a word and %d numbers are wanted"
                  .formatted(file, number, fields.length, Math.max(1, size)));
        }
        String word = String.join(" ", Arrays.copyOfRange(fields, 0, first));
        if (keys.isEmpty() || keys.contains(word)) {
          vectors.putIfAbsent(word, parse(file, number, fields, first));
        }
      }
    }
    if (size == 0) {
      throw new FormatException(file + ": no vectors in it");
    }
    return new WordVectors(size, vectors);
  }

  private static boolean isHeader(String[] fields) {
    return fields[0].matches("\\d{1,9}") && fields[1].matches("[1-9]\\d{0,5}");
  }

  private static float[] parse(Path file, int line, String[] fields, int first) {
    float[] vector = new float[fields.length - first];
    for (int i = 0; i < vector.length; i++) {
      try {
        vector[i] = Float.parseFloat(fields[first + i]);
      } catch (NumberFormatException e) {
        throw new FormatException(
            "%s:%d: \"%s\" is no number".formatted(file, line, fields[first + i]), e);
      }
      if (!Float.isFinite(vector[i])) {
        throw new FormatException(
            "%s:%d: %s is not finite".formatted(file, line, fields[first + i]));
      }
    }
    return vector;
  }

  /** Writes word2vec's text format, atomically. */
  public void write(Path file) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append(vectors.size()).append(' ').append(size).append('\n');
    vectors.forEach(
        (word, vector) -> {
          text.append(word);
          for (float value : vector) {
            text.append(' ').append(value);
          }
          text.append('\n');
        });
    AtomicFiles.write(file, text.toString());
  }

  private static String written(String token) {
    // Either would end the line that a reader takes for a word's.
    return token.equals("\n")
        ? NEWLINE
        : token.replace(' ', SPACE).replace('\n', '\u23CE').replace('\r', '\u240D');
  }

  /** Without the space that a word of {@link BytePairs} begins with. */
  private static String bare(String written) {
    return written.length() > 1 && written.charAt(0) == SPACE ? written.substring(1) : written;
  }

  /** E, the numbers of a vector. */
  public int size() {
    return size;
  }

  /** The number of vectors. */
  public int count() {
    return vectors.size();
  }

  /** The words as they are in the file, in its order. */
  public List<String> words() {
    return List.copyOf(vectors.keySet());
  }

  /**
   * The vector of a token: of its text, else of that without a space in front, else of that in
   * small letters; null if there is none.
   */
  public float @Nullable [] of(String token) {
    String key = written(token);
    for (String each : List.of(key, bare(key), key.toLowerCase(Locale.ROOT))) {
      float[] vector = vectors.get(each);
      if (vector != null) {
        return vector.clone();
      }
    }
    return null;
  }

  /**
   * Some words by how near theirs are to a word's vector, nearest first, the word itself left out.
   */
  public List<String> nearest(String token, int most) {
    float[] to = of(token);
    if (to == null) {
      throw new IllegalArgumentException("no vector for " + token);
    }
    return vectors.entrySet().stream()
        .filter(entry -> !entry.getKey().equals(written(token)))
        .sorted(
            Map.Entry.<String, float[]>comparingByValue(
                    (a, b) -> Double.compare(cosine(b, to), cosine(a, to)))
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(most)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** The cosine of the angle between two vectors; 0 if one has no length. */
  public static double cosine(float[] a, float[] b) {
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
      aa += (double) a[i] * a[i];
      bb += (double) b[i] * b[i];
    }
    return aa == 0 || bb == 0 ? 0 : dot / Math.sqrt(aa * bb);
  }
}
