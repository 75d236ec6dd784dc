package dev.gatun.app.config;

import dev.gatun.app.config.TuneSection.Range;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The keys of {@code tune.space} with their values. */
final class TuneRanges {
  private static final List<String> KEYS = List.of("from", "to", "scale", "values", "when");

  /** Up to here every whole number is a double. */
  private static final double MOST_WHOLE = 1L << 53;

  private TuneRanges() {}

  /**
   * Reads what is searched.
   *
   * @param section {@code tune:}
   * @throws InputException if it is missing, or anything about it is wrong
   */
  static List<Range> read(Node.Section section) {
    Node.Entry space = section.entries().get("space");
    if (space == null
        || !(space.value() instanceof Node.Section keys)
        || keys.entries().isEmpty()) {
      throw new InputException(
          (space == null ? section.where() : space.where())
              + ": tune.space: missing; give keys with their values, as train.rate: {from: 0.001,"
              + " to: 0.1, scale: log}");
    }
    Map<Range, String> ranges = new LinkedHashMap<>();
    keys.entries().forEach((name, values) -> ranges.put(range(name, values), values.where()));
    return sorted(ranges);
  }

  /** Each after what it depends on. */
  private static List<Range> sorted(Map<Range, String> places) {
    List<Range> left = new ArrayList<>(places.keySet());
    Set<String> there = new HashSet<>();
    List<Range> sorted = new ArrayList<>();
    boolean more = true;
    while (more) {
      more = false;
      for (Range range : List.copyOf(left)) {
        String parent = range.parent();
        if (parent == null || there.contains(parent)) {
          sorted.add(range);
          there.add(range.key());
          left.remove(range);
          more = true;
        }
      }
    }
    if (!left.isEmpty()) {
      Range range = left.getFirst();
      throw new InputException(
          "%s: tune.space.%s.when: %s is %s"
              .formatted(
                  places.get(range),
                  range.key(),
                  range.parent(),
                  left.stream().anyMatch(other -> other.key().equals(range.parent()))
                      ? "there only where this is: leave one of the two out"
                      : "not searched; give its values in tune.space too"));
    }
    return List.copyOf(sorted);
  }

  private static Range range(String path, Node.Entry entry) {
    String says = "tune.space." + path;
    Key<?> key =
        Schema.key(path)
            .or(() -> Schema.key(path + ".name"))
            .orElseThrow(
                () -> {
                  int dot = path.lastIndexOf('.');
                  String hint =
                      Schema.suggestion(
                              dot < 0 ? "" : path.substring(0, dot), path.substring(dot + 1))
                          .map(s -> "; did you mean " + s + "?")
                          .orElse("; gatun keys lists all");
                  return new InputException(
                      "%s: %s: unknown key%s".formatted(entry.where(), says, hint));
                });
    if (entry.value() instanceof Node.Sequence list) {
      return new Range(
          key.path(), false, false, Double.NaN, 0, choices(key, says, list), null, List.of());
    }
    if (!(entry.value() instanceof Node.Section section)) {
      throw new InputException(
          "%s: %s: %s; give a list of values, or {from: LOW, to: HIGH}"
              .formatted(entry.where(), says, entry.value().describe()));
    }
    TuneSection.known(section, KEYS, says);
    Node.Entry when = section.entries().get("when");
    String parent = null;
    List<String> parentValues = List.of();
    if (when != null) {
      if (!(when.value() instanceof Node.Section one) || one.entries().size() != 1) {
        throw new InputException(
            "%s: %s.when: %s; give one key and its values, as {model.layers: [2, 3]}"
                .formatted(when.where(), says, when.value().describe()));
      }
      Map.Entry<String, Node.Entry> only = one.entries().entrySet().iterator().next();
      parent =
          Schema.key(only.getKey())
              .or(() -> Schema.key(only.getKey() + ".name"))
              .map(Key::path)
              .orElse(only.getKey());
      Node values = only.getValue().value();
      List<Node> items = values instanceof Node.Sequence many ? many.items() : List.of(values);
      parentValues = items.stream().map(TuneRanges::text).toList();
    }
    Node.Entry values = section.entries().get("values");
    if (values != null) {
      Node.Sequence list =
          values.value() instanceof Node.Sequence many
              ? many
              : new Node.Sequence(values.where(), List.of(values.value()));
      return new Range(
          key.path(), false, false, Double.NaN, 0, choices(key, says, list), parent, parentValues);
    }
    return numbers(key, says, entry.where(), section, parent, parentValues);
  }

  private static Range numbers(
      Key<?> key,
      String says,
      String where,
      Node.Section section,
      @Nullable String parent,
      List<String> parentValues) {
    boolean whole = key.type().expects().startsWith("a whole number");
    if (!whole && !key.type().expects().startsWith("a number")) {
      throw new InputException(
          "%s: %s: has no range; give a list of values, each %s"
              .formatted(where, says, key.type().expects()));
    }
    double low = end(key, says, where, section, "from");
    double high = end(key, says, where, section, "to");
    enum Scale {
      LINEAR,
      LOG
    }
    Node.Entry scale = section.entries().get("scale");
    boolean log =
        scale != null
            && TuneSection.read(
                    scale.where(), says + ".scale", scale.value(), Type.oneOf(Scale.class))
                == Scale.LOG;
    if (!(low < high)) {
      throw new InputException(
          "%s: %s: from %s to %s is no range; give a larger to"
              .formatted(where, says, Type.shortest(low), Type.shortest(high)));
    }
    if (whole && Math.max(Math.abs(low), Math.abs(high)) > MOST_WHOLE) {
      throw new InputException(
          "%s: %s: whole numbers are searched within 2^53 of 0; give nearer ends"
              .formatted(where, says));
    }
    if (log && low <= 0) {
      throw new InputException(
          "%s: %s: a logarithmic scale begins above 0, not at %s"
              .formatted(where, says, Type.shortest(low)));
    }
    return new Range(key.path(), whole, log, low, high, List.of(), parent, parentValues);
  }

  private static double end(
      Key<?> key, String says, String where, Node.Section section, String name) {
    Node.Entry entry = section.entries().get(name);
    if (entry == null) {
      throw new InputException(
          "%s: %s: no %s; give {from: LOW, to: HIGH} or a list of values"
              .formatted(where, says, name));
    }
    TuneSection.read(entry.where(), says + "." + name, entry.value(), key.type());
    return Numbers.read(text(entry.value())).orElseThrow();
  }

  private static List<String> choices(Key<?> key, String says, Node.Sequence list) {
    List<String> texts = new ArrayList<>();
    for (Node item : list.items()) {
      TuneSection.read(item.where(), says, item, key.type());
      texts.add(text(item));
    }
    if (texts.isEmpty() || texts.stream().distinct().count() < texts.size()) {
      throw new InputException(
          "%s: %s: %s; give at least one value, and each once"
              .formatted(list.where(), says, list.describe()));
    }
    return texts;
  }

  /** As it would be given to {@code --set}. */
  private static String text(Node node) {
    return switch (node) {
      case Node.Scalar s -> s.text().strip();
      case Node.Sequence s ->
          "[" + String.join(", ", s.items().stream().map(TuneRanges::text).toList()) + "]";
      case Node.Section s -> s.describe().toLowerCase(Locale.ROOT);
    };
  }
}
