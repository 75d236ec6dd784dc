package dev.gatun.persist;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value (RFC 8259), read strictly: no comments, no trailing commas, no duplicate names, no
 * NaN. Numbers keep their digits, so that a long passes exactly.
 */
public sealed interface Json {
  /** Arrays and objects may nest this deep, well beyond any file of ours and below any stack. */
  int MAX_DEPTH = 64;

  /** Members in the order written. */
  record Members(Map<String, Json> values) implements Json {
    /** Copies the members. */
    public Members {
      values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** The member of a name, or null. */
    public @Nullable Json find(String name) {
      return values.get(name);
    }

    /**
     * The member of a name.
     *
     * @throws FormatException if there is none
     */
    public Json get(String name) {
      Json value = values.get(name);
      if (value == null) {
        throw new FormatException("no member \"" + name + "\"; there are " + values.keySet());
      }
      return value;
    }
  }

  /** An array. */
  record Items(List<Json> values) implements Json {
    /** Copies the items. */
    public Items {
      values = List.copyOf(values);
    }
  }

  /** A string. */
  record Text(String value) implements Json {}

  /** A number, as written. */
  record Numeral(String digits) implements Json {
    /** Checks the digits. */
    public Numeral {
      JsonReader reader = new JsonReader(digits);
      if (!reader.number().equals(digits)) {
        throw new FormatException("no JSON number: " + digits);
      }
    }
  }

  /** True or false. */
  record Bool(boolean value) implements Json {}

  /** The null value. */
  enum Null implements Json {
    NULL
  }

  /** A string. */
  static Json of(String value) {
    return new Text(value);
  }

  /** An integer. */
  static Json of(long value) {
    return new Numeral(Long.toString(value));
  }

  /**
   * A finite number; reading it gives the same bits.
   *
   * @throws IllegalArgumentException if the value is not finite, which JSON cannot say
   */
  static Json of(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("JSON has no number for " + value);
    }
    return new Numeral(Double.toString(value));
  }

  /** A truth value. */
  static Json of(boolean value) {
    return new Bool(value);
  }

  /** An array. */
  static Json of(List<? extends Json> values) {
    return new Items(List.copyOf(values));
  }

  /** An object; the order of the map is the order written. */
  static Json of(Map<String, ? extends Json> values) {
    return new Members(new LinkedHashMap<>(values));
  }

  /**
   * Reads one value that fills the text.
   *
   * @throws FormatException with line and column, if the text is no JSON or nests deeper than
   *     {@link #MAX_DEPTH}
   */
  static Json parse(String text) {
    JsonReader reader = new JsonReader(text);
    Json value = reader.value();
    reader.end();
    return value;
  }

  /** This value on one line, which {@link #parse} reads back as an equal value. */
  default String print() {
    StringBuilder out = new StringBuilder();
    JsonPrinter.print(this, out);
    return out.toString();
  }

  /**
   * This value as an object.
   *
   * @throws FormatException if it is none
   */
  default Members asObject() {
    if (this instanceof Members m) {
      return m;
    }
    throw wrong("an object");
  }

  /**
   * This value as an array.
   *
   * @throws FormatException if it is none
   */
  default List<Json> asList() {
    if (this instanceof Items i) {
      return i.values();
    }
    throw wrong("an array");
  }

  /**
   * This value as a string.
   *
   * @throws FormatException if it is none
   */
  default String asText() {
    if (this instanceof Text t) {
      return t.value();
    }
    throw wrong("a string");
  }

  /**
   * This value as a truth value.
   *
   * @throws FormatException if it is none
   */
  default boolean asBoolean() {
    if (this instanceof Bool b) {
      return b.value();
    }
    throw wrong("true or false");
  }

  /**
   * This value as an integer.
   *
   * @throws FormatException if it is no number, has a fraction or exponent, or exceeds 64 bits
   */
  default long asLong() {
    if (this instanceof Numeral n) {
      try {
        return Long.parseLong(n.digits());
      } catch (NumberFormatException e) {
        throw new FormatException("expected an integer of at most 64 bits, found " + n.digits(), e);
      }
    }
    throw wrong("an integer");
  }

  /**
   * This value as a double.
   *
   * @throws FormatException if it is no number or too large
   */
  default double asDouble() {
    if (this instanceof Numeral n) {
      double value = Double.parseDouble(n.digits());
      if (Double.isFinite(value)) {
        return value;
      }
    }
    throw wrong("a number below 1.8e308");
  }

  private FormatException wrong(String expected) {
    String found = print();
    return new FormatException(
        "expected %s, found %s"
            .formatted(expected, found.length() > 40 ? found.substring(0, 40) + "..." : found));
  }
}
