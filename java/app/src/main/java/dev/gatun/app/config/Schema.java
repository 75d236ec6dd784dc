package dev.gatun.app.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Every key there is, in the order of a written configuration. */
final class Schema {
  static final List<Key<?>> KEYS =
      Stream.of(
              DataKeys.ALL,
              FoldKeys.ALL,
              SeriesKeys.ALL,
              LabelKeys.DATA,
              PairKeys.DATA,
              TokenKeys.ALL,
              AugmentKeys.ALL,
              ModelKeys.ALL,
              ReadoutKeys.ALL,
              ConvolutionKeys.ALL,
              DenseKeys.ALL,
              TranscriptKeys.ALL,
              PairKeys.MODEL,
              EmbeddingKeys.ALL,
              InitialKeys.ALL,
              TrainKeys.ALL,
              LabelKeys.TRAIN,
              PairKeys.TRAIN,
              StabilityKeys.ALL,
              UpdateKeys.ALL,
              TrackingKeys.ALL)
          .flatMap(List::stream)
          .toList();

  private Schema() {}

  static Optional<Key<?>> key(String path) {
    return KEYS.stream().filter(k -> k.path().equals(path)).findFirst();
  }

  /** Whether keys stand in or below a section of this name. */
  static boolean isSection(String path) {
    return KEYS.stream().anyMatch(k -> k.path().startsWith(path + "."));
  }

  /** The names directly within a section: its keys and its sections. */
  static List<String> namesIn(String section) {
    String prefix = section.isEmpty() ? "" : section + ".";
    return KEYS.stream()
        .map(Key::path)
        .filter(p -> p.startsWith(prefix))
        .map(p -> p.substring(prefix.length()))
        .map(p -> p.contains(".") ? p.substring(0, p.indexOf('.')) : p)
        .distinct()
        .toList();
  }

  /** What an unknown key may have meant: a full path, or nothing. */
  static Optional<String> suggestion(String section, String name) {
    String prefix = section.isEmpty() ? "" : section + ".";
    Optional<String> called =
        Stream.concat(
                KEYS.stream().filter(k -> !section.isEmpty() && k.section().equals(section)),
                KEYS.stream())
            .filter(k -> k.isCalled(name))
            .map(Key::path)
            .findFirst();
    return called.or(() -> nearest(prefix, name));
  }

  private static Optional<String> nearest(String prefix, String name) {
    List<String> candidates =
        new ArrayList<>(namesIn(prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1)));
    candidates.replaceAll(n -> prefix + n);
    KEYS.forEach(k -> candidates.add(k.path()));
    String written = prefix + name;
    String best = null;
    // A third of the name's letters may be wrong: beyond that a suggestion is a guess.
    int least = Math.max(1, name.length() / 3) + 1;
    for (String candidate : candidates) {
      int distance = distance(written, candidate);
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    return Optional.ofNullable(best);
  }

  /** Edit distance with insertions, deletions, substitutions and swaps of neighbours. */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int best = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1);
        d[i][j] = Math.min(best, d[i - 1][j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
