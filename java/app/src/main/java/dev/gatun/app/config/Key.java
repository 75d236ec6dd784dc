package dev.gatun.app.config;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One key of a configuration. Declared once with everything that is known about it; reading,
 * checking, suggesting, writing and comparing follow from the declaration.
 *
 * @param path sections and name, as {@code train.optimizer.name}
 * @param type how it is read and written
 * @param fallback its value when absent; null: it has to be given
 * @param says what it means, with its unit
 * @param condition when it may be given; null: always
 * @param synonyms names for it in other libraries, understood by suggestions only
 * @param affectsResults whether another value gives other weights: such a key cannot change when a
 *     run resumes
 * @param special defaults that depend on another key; null: none
 */
public record Key<T>(
    String path,
    Type<T> type,
    @Nullable T fallback,
    String says,
    @Nullable Condition<?> condition,
    List<String> synonyms,
    boolean affectsResults,
    @Nullable Special<?, T> special) {

  /** A key with a default. */
  static <T> Key<T> of(String path, Type<T> type, T fallback, String says) {
    return new Key<>(path, type, fallback, says, null, List.of(), true, null);
  }

  /** A key that has to be given (where its condition holds). */
  static <T> Key<T> required(String path, Type<T> type, String says) {
    return new Key<>(path, type, null, says, null, List.of(), true, null);
  }

  /** The same, valid only where another key has one of some values. */
  @SafeVarargs
  @SuppressWarnings("varargs") // the values are only copied
  final <C> Key<T> when(Key<C> other, C... values) {
    Condition<C> only = new Condition<>(other, List.of(values));
    return new Key<>(path, type, fallback, says, only, synonyms, affectsResults, special);
  }

  /** The same, known elsewhere by other names. */
  Key<T> knownAs(String... names) {
    return new Key<>(
        path, type, fallback, says, condition, List.of(names), affectsResults, special);
  }

  /** The same, free to differ when a run resumes. */
  Key<T> free() {
    return new Key<>(path, type, fallback, says, condition, synonyms, false, special);
  }

  /** The same with other defaults where another key has one of some values. */
  <C> Key<T> defaultFor(Key<C> other, Map<C, T> defaults) {
    Special<C, T> own = new Special<>(other, defaults);
    return new Key<>(path, type, fallback, says, condition, synonyms, affectsResults, own);
  }

  /** The section it stands in. */
  String section() {
    return path.substring(0, path.lastIndexOf('.'));
  }

  /** Its name within the section. */
  String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** Its default as it would be written, or that there is none. */
  String describeDefault() {
    if (fallback == null) {
      return "(required)";
    }
    return "= " + type.writer().apply(fallback) + (special == null ? "" : special.describe(type));
  }

  /** Whether a name in a configuration may have meant this one. */
  boolean isCalled(String other) {
    String plain = other.toLowerCase(Locale.ROOT).replace("-", "_");
    return plain.equals(name()) || synonyms.contains(plain);
  }

  /** A key and the defaults that its values give. */
  record Special<C, T>(Key<C> key, Map<C, T> defaults) {
    @Nullable T of(Config config) {
      return defaults.get(config.get(key));
    }

    String describe(Type<T> type) {
      return defaults.entrySet().stream()
          .map(e -> key.type().writer().apply(e.getKey()) + " " + type.writer().apply(e.getValue()))
          .sorted()
          .collect(Collectors.joining(", ", " (", ")"));
    }
  }

  /** A key and the values of it under which another key is valid. */
  record Condition<C>(Key<C> key, List<C> values) {
    boolean holds(Config config) {
      Condition<?> outer = key.condition();
      return (outer == null || outer.holds(config)) && values.contains(config.get(key));
    }

    @Override
    public String toString() {
      return key.path()
          + " "
          + String.join(" or ", values.stream().map(key.type().writer()).toList());
    }
  }

  @Override
  public String toString() {
    return path;
  }
}
