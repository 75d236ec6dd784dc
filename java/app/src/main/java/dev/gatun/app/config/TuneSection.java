package dev.gatun.app.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code tune:} of a configuration: what {@code gatun tune} searches, and how. All
 * other commands leave it alone.
 *
 * @param file the configuration
 * @param strategy how trials are chosen
 * @param pruner when they are stopped early
 * @param trials of the whole study
 * @param jobs trials at a time
 * @param seed of the study
 * @param goals whether each objective is to be large (true) or small, by its name
 * @param ranges what is searched, each after those that it depends on
 */
public record TuneSection(
    Path file,
    Strategies strategy,
    Pruners pruner,
    int trials,
    int jobs,
    long seed,
    Map<String, Boolean> goals,
    List<Range> ranges) {
  /** Its name. */
  static final String NAME = "tune";

  private static final List<String> KEYS =
      List.of("strategy", "pruner", "trials", "jobs", "seed", "objectives", "space");
  private static final List<String> RANGE_KEYS = List.of("from", "to", "scale", "values", "when");

  /** How trials are chosen. */
  public enum Strategies {
    RANDOM
  }

  /** When trials are stopped early. */
  public enum Pruners {
    NONE
  }

  /**
   * The values of one key.
   *
   * @param key its path
   * @param whole whether they are whole numbers; only of a range
   * @param log whether their logarithm is spread evenly
   * @param low the least; NaN if values are listed
   * @param high the largest
   * @param values as they are written; empty of a range
   * @param parent the key that it depends on; null: none
   * @param parentValues the parent's values with which it is there
   */
  public record Range(
      String key,
      boolean whole,
      boolean log,
      double low,
      double high,
      List<String> values,
      @Nullable String parent,
      List<String> parentValues) {}

  /**
   * Reads it.
   *
   * @throws InputException if it is missing, or anything about it is wrong
   */
  public static TuneSection read(Path file) {
    Node.Entry entry = YamlReader.file(file).entries().get(NAME);
    if (entry == null || !(entry.value() instanceof Node.Section section)) {
      throw new InputException(
          (entry == null ? file.toString() : entry.where())
              + ": tune: missing; give a section with space: and the keys to search, as in"
              + " examples/tune.yaml");
    }
    known(section, KEYS, NAME);
    Node.Entry space = section.entries().get("space");
    if (space == null
        || !(space.value() instanceof Node.Section keys)
        || keys.entries().isEmpty()) {
      throw new InputException(
          (space == null ? entry.where() : space.where())
              + ": tune.space: missing; give keys with their values, as train.rate: {from: 0.001,"
              + " to: 0.1, scale: log}");
    }
    List<Range> ranges = new ArrayList<>();
    keys.entries().forEach((name, values) -> ranges.add(range(name, values)));
    return new TuneSection(
        file,
        value(section, "strategy", Type.oneOf(Strategies.class), Strategies.RANDOM),
        value(section, "pruner", Type.oneOf(Pruners.class), Pruners.NONE),
        value(section, "trials", Type.whole(1, Integer.MAX_VALUE), 20),
        value(section, "jobs", Type.whole(1, 1024), 1),
        value(section, "seed", Type.seed(), 1L),
        goals(section.entries().get("objectives")),
        List.copyOf(ranges));
  }

  private static void known(Node.Section section, List<String> valid, String path) {
    section
        .entries()
        .forEach(
            (name, entry) -> {
              if (!valid.contains(name)) {
                throw new InputException(
                    "%s: %s.%s: unknown key%nvalid keys in %s: %s"
                        .formatted(entry.where(), path, name, path, String.join(", ", valid)));
              }
            });
  }

  private static <T> T value(Node.Section section, String name, Type<T> type, T fallback) {
    Node.Entry entry = section.entries().get(name);
    return entry == null ? fallback : read(entry.where(), NAME + "." + name, entry.value(), type);
  }

  private static <T> T read(String where, String path, Node node, Type<T> type) {
    return type.reader()
        .apply(node)
        .orElseThrow(
            () ->
                new InputException(
                    "%s: %s: %s; give %s".formatted(where, path, node.describe(), type.expects())));
  }

  private static Map<String, Boolean> goals(Node.@Nullable Entry entry) {
    Map<String, Boolean> goals = new LinkedHashMap<>();
    if (entry == null) {
      goals.put("validation_loss", false);
      return goals;
    }
    List<Node> items =
        entry.value() instanceof Node.Sequence many ? many.items() : List.of(entry.value());
    for (Node item : items) {
      if (item instanceof Node.Scalar one && !one.missing()) {
        goals.put(one.text().strip(), false);
      } else if (item instanceof Node.Section named && named.entries().size() == 1) {
        named
            .entries()
            .forEach(
                (name, goal) -> {
                  String text = goal.value() instanceof Node.Scalar s ? s.text().strip() : "";
                  if (!List.of("minimize", "maximize").contains(text)) {
                    throw wrongGoal(goal.where(), goal.value());
                  }
                  goals.put(name, text.equals("maximize"));
                });
      } else {
        throw wrongGoal(entry.where(), item);
      }
    }
    if (goals.isEmpty()) {
      throw wrongGoal(entry.where(), entry.value());
    }
    return goals;
  }

  private static InputException wrongGoal(String where, Node node) {
    return new InputException(
        "%s: tune.objectives: %s; give validation_loss, parameters, step_seconds or a measure as"
                .formatted(where, node.describe())
            + " {accuracy: maximize}, or a list of them");
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
    known(section, RANGE_KEYS, says);
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
      parentValues = items.stream().map(TuneSection::text).toList();
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
            && read(scale.where(), says + ".scale", scale.value(), Type.oneOf(Scale.class))
                == Scale.LOG;
    if (!(low < high)) {
      throw new InputException(
          "%s: %s: from %s to %s is no range; give a larger to"
              .formatted(where, says, Type.shortest(low), Type.shortest(high)));
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
    read(entry.where(), says + "." + name, entry.value(), key.type());
    return Numbers.read(text(entry.value())).orElseThrow();
  }

  private static List<String> choices(Key<?> key, String says, Node.Sequence list) {
    List<String> texts = new ArrayList<>();
    for (Node item : list.items()) {
      read(item.where(), says, item, key.type());
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
          "[" + String.join(", ", s.items().stream().map(TuneSection::text).toList()) + "]";
      case Node.Section s -> s.describe().toLowerCase(Locale.ROOT);
    };
  }

  /**
   * The configuration of a trial.
   *
   * @param overrides of the command line, which come first
   * @param values by key, as for {@code --set}
   * @throws InputException if they do not fit together
   */
  public Config config(
      List<String> overrides, List<Config.Option> options, Map<String, String> values) {
    List<String> all = new ArrayList<>(overrides);
    values.forEach((key, value) -> all.add(key + "=" + value));
    return Config.read(file, all, options);
  }

  /** The name of the file without its folder and ending. */
  public String title() {
    String name = Objects.requireNonNull(file.getFileName()).toString();
    return Optional.of(name.lastIndexOf('.'))
        .filter(d -> d > 0)
        .map(d -> name.substring(0, d))
        .orElse(name);
  }
}
