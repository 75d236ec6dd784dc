package dev.gatun.app.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * One of several ways, with its numbers: {@code asha} in a file, or {@code {name: asha, first: 2}}.
 *
 * @param where the place in the file, with the key
 * @param name which
 * @param numbers those that the way has, with their defaults where the file gives none
 */
public record TuneChoice<E extends Enum<E>>(String where, E name, Map<String, Integer> numbers) {
  public TuneChoice {
    numbers = Map.copyOf(numbers);
  }

  /**
   * A number that some of the ways have.
   *
   * @param of which ways
   */
  record Count<E>(String key, Type<Integer> type, int fallback, Set<E> of) {}

  /** A number of the way. */
  public int number(String key) {
    return Objects.requireNonNull(numbers.get(key), key);
  }

  /** An error about it. */
  public InputException error(String message) {
    return new InputException(where + ": " + message);
  }

  /**
   * Reads one.
   *
   * @param section where it stands
   * @param key its name there
   * @param fallback the way where the section has no such key
   */
  static <E extends Enum<E>> TuneChoice<E> read(
      Node.Section section, String key, E fallback, List<Count<E>> numbers) {
    String path = TuneSection.NAME + "." + key;
    Node.Entry entry = section.entries().get(key);
    if (entry == null) {
      return new TuneChoice<>(
          section.where() + ": " + path, fallback, all(fallback, Map.of(), path, numbers));
    }
    String where = entry.where() + ": " + path;
    Map<String, Node.Entry> given =
        entry.value() instanceof Node.Section own
            ? new LinkedHashMap<>(own.entries())
            : new LinkedHashMap<>(Map.of("name", entry));
    Node.Entry named = given.remove("name");
    Type<E> type = Type.oneOf(fallback.getDeclaringClass());
    if (named == null) {
      throw new InputException(where + ".name: missing; give " + type.expects());
    }
    E name = TuneSection.read(named.where(), path, named.value(), type);
    return new TuneChoice<>(where, name, all(name, given, path, numbers));
  }

  private static <E extends Enum<E>> Map<String, Integer> all(
      E name, Map<String, Node.Entry> given, String path, List<Count<E>> numbers) {
    List<Count<E>> own = numbers.stream().filter(n -> n.of().contains(name)).toList();
    given.forEach(
        (key, entry) -> {
          if (own.stream().noneMatch(n -> n.key().equals(key))) {
            throw new InputException(
                "%s: %s.%s: not a key of %s, which has %s"
                    .formatted(
                        entry.where(),
                        path,
                        key,
                        Names.of(name),
                        own.isEmpty()
                            ? "none"
                            : String.join(", ", own.stream().map(Count::key).toList())));
          }
        });
    Map<String, Integer> values = new LinkedHashMap<>();
    for (Count<E> number : own) {
      Node.Entry entry = given.get(number.key());
      values.put(
          number.key(),
          entry == null
              ? number.fallback()
              : TuneSection.read(
                  entry.where(), path + "." + number.key(), entry.value(), number.type()));
    }
    return values;
  }
}
