package dev.gatun.app.config;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A piece of a configuration that knows where it was written. */
sealed interface Node {
  /** Where it starts: {@code FILE:LINE}, or {@code --set} for an override. */
  String where();

  /**
   * A single value.
   *
   * @param text as written, without quotes
   * @param missing whether nothing (or null) was written
   */
  record Scalar(String where, String text, boolean missing) implements Node {}

  /** A list of values. */
  record Sequence(String where, List<Node> items) implements Node {}

  /** A section: its entries in the order of the file. */
  record Section(String where, Map<String, Entry> entries) implements Node {}

  /**
   * A key of a section and what it holds.
   *
   * @param where the key's place
   */
  record Entry(String where, Node value) {}

  /** Characters of a list that an error shows. */
  int MOST_SHOWN = 60;

  /** What it is within a list. */
  private static String item(Node node) {
    return switch (node) {
      case Scalar s when !s.missing() && !s.text().isBlank() -> s.text();
      case Section section ->
          section.entries().entrySet().stream()
              .map(entry -> entry.getKey() + ": " + item(entry.getValue().value()))
              .collect(Collectors.joining(", ", "{", "}"));
      default -> node.describe();
    };
  }

  /** What it is, for an error. */
  default String describe() {
    return switch (this) {
      case Scalar s -> s.missing() ? "nothing" : '"' + s.text() + '"';
      case Sequence s -> {
        String items = s.items().stream().map(Node::item).collect(Collectors.joining(", "));
        yield items.length() <= MOST_SHOWN ? "[" + items + "]" : "a list of " + s.items().size();
      }
      case Section _ -> "a section";
    };
  }
}
