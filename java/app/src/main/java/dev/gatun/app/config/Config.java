package dev.gatun.app.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A checked configuration: a value for every key that applies, each with the place it came from.
 * Every error names file (or {@code --set}), line and key and says what would be right.
 */
public final class Config {
  private final String name;
  private final Map<Key<?>, Object> values = new LinkedHashMap<>();
  private final Map<Key<?>, String> places = new LinkedHashMap<>();

  private Config(String name) {
    this.name = name;
  }

  /**
   * An option of the command line that stands for a key.
   *
   * @param name as it is typed, such as {@code --threads}: errors about the value name it
   * @param value as it was given
   */
  public record Option(String name, Key<?> key, String value) {}

  /** As {@link #read(Path, List, List)}, without options. */
  public static Config read(Path file, List<String> overrides) {
    return read(file, overrides, List.of());
  }

  /**
   * Reads a file. A relative path in it counts from the file's folder, one given by {@code --set}
   * or an option from the current folder.
   *
   * @param file YAML
   * @param overrides {@code key=value}, later ones win; values are read as in the file
   * @param options win over both
   * @throws InputException if anything about it is wrong
   */
  public static Config read(Path file, List<String> overrides, List<Option> options) {
    Map<Key<?>, Node.Entry> given = new LinkedHashMap<>();
    YamlReader.file(file)
        .entries()
        .forEach(
            (section, entry) -> {
              if (!section.equals(TuneSection.NAME)) {
                place(section, entry, given);
              }
            });
    for (String override : overrides) {
      int equals = override.indexOf('=');
      if (equals < 1) {
        throw new InputException(
            "--set " + override + ": give key=value, as --set model.hidden=64");
      }
      Node value = YamlReader.value("--set", override.substring(equals + 1));
      place(override.substring(0, equals).strip(), new Node.Entry("--set", value), given);
    }
    for (Option option : options) {
      Node value = new Node.Scalar(option.name, option.value, false);
      given.put(option.key, new Node.Entry(option.name, value));
    }
    Config config = new Config(file.toString());
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
    for (Key<?> key : Schema.KEYS) {
      config.resolve(key, given.get(key), folder);
    }
    return config;
  }

  private static void collect(String section, Node.Section node, Map<Key<?>, Node.Entry> given) {
    String prefix = section.isEmpty() ? "" : section + ".";
    node.entries().forEach((name, entry) -> place(prefix + name, entry, given));
  }

  private static void place(String path, Node.Entry entry, Map<Key<?>, Node.Entry> given) {
    Key<?> key = Schema.key(path).orElse(null);
    if (key != null) {
      given.put(key, entry);
    } else if (!Schema.isSection(path)) {
      throw unknown(path, entry.where());
    } else if (entry.value() instanceof Node.Section section) {
      collect(path, section, given);
    } else if (Schema.key(path + ".name").isPresent()) {
      // optimizer: adam is short for optimizer: {name: adam}
      place(path + ".name", entry, given);
    } else {
      throw new InputException(
          "%s: %s: is a section, not %s; its keys are %s"
              .formatted(
                  entry.where(),
                  path,
                  entry.value().describe(),
                  String.join(", ", Schema.namesIn(path))));
    }
  }

  private static InputException unknown(String path, String where) {
    int dot = path.lastIndexOf('.');
    String section = dot < 0 ? "" : path.substring(0, dot);
    boolean known = section.isEmpty() || Schema.isSection(section);
    String hint =
        Schema.suggestion(section, path.substring(dot + 1))
            .map(s -> "; did you mean " + s + "?")
            .orElse("");
    String valid = String.join(", ", Schema.namesIn(known ? section : ""));
    return new InputException(
        "%s: %s: unknown key%s%nvalid keys%s: %s"
            .formatted(
                where, path, hint, known && !section.isEmpty() ? " in " + section : "", valid));
  }

  private <T> void resolve(Key<T> key, Node.@Nullable Entry entry, Path folder) {
    Key.Condition<?> condition = key.condition();
    boolean applies = condition == null || condition.holds(this);
    if (entry == null) {
      if (applies) {
        values.put(key, fallback(key));
      }
      return;
    }
    if (!applies) {
      throw new InputException(
          "%s: only valid with %s; remove it".formatted(place(key, entry.where()), condition));
    }
    places.put(key, place(key, entry.where()));
    T value =
        key.type()
            .reader()
            .apply(entry.value())
            .orElseThrow(
                () ->
                    error(
                        key,
                        "%s; give %s".formatted(entry.value().describe(), key.type().expects())));
    boolean fromFile = !entry.where().startsWith("--");
    values.put(
        key,
        value instanceof Path p && !p.toString().isEmpty()
            ? (fromFile ? folder.resolve(p) : p.toAbsolutePath()).normalize()
            : value);
  }

  private <T> T fallback(Key<T> key) {
    Key.Special<?, T> special = key.special();
    T own = special == null ? null : special.of(this);
    T fallback = own != null ? own : key.fallback();
    if (fallback == null) {
      throw new InputException(
          "%s: %s: missing; give %s, %s".formatted(name, key, key.says(), key.type().expects()));
    }
    return fallback;
  }

  /**
   * The value of a key.
   *
   * @throws IllegalArgumentException if the key does not apply to this configuration
   */
  @SuppressWarnings("unchecked") // resolve stores what the key's own type has read
  public <T> T get(Key<T> key) {
    Object value = values.get(key);
    if (value == null) {
      throw new IllegalArgumentException(key + " does not apply to " + name);
    }
    return (T) value;
  }

  /**
   * The path of a key, which has to be a readable file.
   *
   * @throws InputException if it is not
   */
  public Path file(Key<Path> key) {
    Path path = get(key);
    if (path.toString().isEmpty()) {
      throw error(key, "empty; give " + key.type().expects());
    }
    if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
      throw error(
          key,
          Files.exists(path)
              ? path + " is not a readable file; give one"
              : "no such file: " + path + "; give an existing one");
    }
    return path;
  }

  /** Whether an option of the command line gave the value, not the file and not {@code --set}. */
  public boolean isOption(Key<?> key) {
    String place = places.getOrDefault(key, "");
    return place.startsWith("--") && !place.startsWith("--set");
  }

  /** The file it was read from, as it was given. */
  public String name() {
    return name;
  }

  /** An error about a key's value, at its place. */
  public InputException error(Key<?> key, String message) {
    String place = places.getOrDefault(key, place(key, name));
    return new InputException("%s: %s".formatted(place, message));
  }

  /** Where a value is from: an option says already which. */
  private static String place(Key<?> key, String where) {
    return where.startsWith("--") && !where.equals("--set") ? where : where + ": " + key;
  }

  /** The same configuration with one value replaced, as by an option of the command line. */
  public <T> Config with(Key<T> key, T value) {
    Config copy = new Config(name);
    copy.values.putAll(values);
    copy.places.putAll(places);
    copy.values.put(key, Objects.requireNonNull(value));
    return copy;
  }

  /**
   * The keys whose values differ from another configuration's and that change results, each as
   * {@code key: here, there before}.
   */
  public List<String> changesFrom(Config before) {
    List<String> changed = new ArrayList<>();
    for (Key<?> key : Schema.KEYS) {
      String now = written(key);
      String then = before.written(key);
      if (key.affectsResults() && !now.equals(then)) {
        changed.add(key + ": " + now + ", was " + then);
      }
    }
    return changed;
  }

  /** Some lines for each key: its path and default, its meaning and values, its condition. */
  public static List<String> describeKeys() {
    List<String> lines = new ArrayList<>();
    for (Key<?> key : Schema.KEYS) {
      lines.add(key + "  " + key.describeDefault());
      lines.add("    " + key.says() + ": " + key.type().expects());
      if (key.condition() != null) {
        lines.add("    only with " + key.condition());
      }
    }
    return lines;
  }

  private <T> String written(Key<T> key) {
    return values.containsKey(key) ? key.type().writer().apply(get(key)) : "absent";
  }

  /** Every value as it would be written, by its key's path. */
  public SequencedMap<String, String> settings() {
    SequencedMap<String, String> settings = new LinkedHashMap<>();
    values.keySet().forEach(key -> settings.put(key.path(), written(key)));
    return settings;
  }

  /** Every value, defaults included, as YAML that reads back as this configuration. */
  public String toYaml() {
    StringBuilder out = new StringBuilder();
    List<String> open = List.of();
    for (Key<?> key : values.keySet()) {
      List<String> sections = List.of(key.section().split("\\."));
      for (int i = 0; i < sections.size(); i++) {
        if (i >= open.size() || !open.subList(0, i + 1).equals(sections.subList(0, i + 1))) {
          out.append("  ".repeat(i)).append(sections.get(i)).append(":\n");
        }
      }
      open = sections;
      out.append("  ".repeat(sections.size()));
      out.append(key.name()).append(": ").append(written(key)).append('\n');
    }
    return out.toString();
  }
}
