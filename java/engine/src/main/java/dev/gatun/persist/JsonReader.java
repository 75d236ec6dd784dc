package dev.gatun.persist;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Reads JSON value by value, so that a caller who knows what must come keeps only that. */
final class JsonReader {
  private final String text;
  private int at;
  private int depth;

  JsonReader(String text) {
    this.text = text;
  }

  /** Any value. */
  Json value() {
    return switch (next("a value")) {
      case '{' -> {
        Map<String, Json> members = new LinkedHashMap<>();
        object(name -> members.put(name, value()));
        yield new Json.Members(members);
      }
      case '[' -> {
        List<Json> items = new ArrayList<>();
        array(() -> items.add(value()));
        yield new Json.Items(items);
      }
      case '"' -> new Json.Text(string());
      case 't' -> word("true", new Json.Bool(true));
      case 'f' -> word("false", new Json.Bool(false));
      case 'n' -> word("null", Json.Null.NULL);
      default -> new Json.Numeral(number());
    };
  }

  /** An object; {@code member} gets each name and must read its value. */
  void object(Consumer<String> member) {
    expect('{', "an object");
    enter();
    Set<String> names = new HashSet<>();
    if (next("a name or }") != '}') {
      do {
        int start = skipBlanks();
        String name = string();
        if (!names.add(name)) {
          throw error("the name \"" + abbreviate(name) + "\" comes twice", start);
        }
        expect(':', "':' after the name \"" + abbreviate(name) + "\"");
        member.accept(name);
      } while (more());
    }
    expect('}', "',' or '}'");
    depth--;
  }

  /** An array; {@code item} must read each item. */
  void array(Runnable item) {
    expect('[', "an array");
    enter();
    if (next("an item or ]") != ']') {
      do {
        item.run();
      } while (more());
    }
    expect(']', "',' or ']'");
    depth--;
  }

  private void enter() {
    if (++depth > Json.MAX_DEPTH) {
      throw error("nested deeper than " + Json.MAX_DEPTH, at - 1);
    }
  }

  private boolean more() {
    if (next("',' or the end of the list") != ',') {
      return false;
    }
    at++;
    return true;
  }

  private Json word(String word, Json value) {
    if (!text.startsWith(word, at)) {
      throw error("expected " + word, at);
    }
    at += word.length();
    return value;
  }

  /** A string, unescaped. */
  String string() {
    expect('"', "a string");
    int start = at;
    while (at < text.length() && plain(text.charAt(at))) {
      at++;
    }
    if (at < text.length() && text.charAt(at) == '"') {
      return text.substring(start, at++);
    }
    StringBuilder out = new StringBuilder().append(text, start, at);
    while (true) {
      if (at >= text.length()) {
        throw error("a string without its closing quote", start - 1);
      }
      char c = text.charAt(at++);
      if (c == '"') {
        checkSurrogates(out, start);
        return out.toString();
      }
      if (c < 0x20) {
        throw error(
            "a control character in a string: write it as \\u%04x".formatted((int) c), at - 1);
      }
      out.append(c == '\\' ? escaped() : c);
    }
  }

  private static boolean plain(char c) {
    return c != '"' && c != '\\' && c >= 0x20 && !Character.isSurrogate(c);
  }

  private char escaped() {
    char c = at < text.length() ? text.charAt(at++) : 0;
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> unicode();
      default -> throw error("an unknown escape in a string", at - 1);
    };
  }

  private char unicode() {
    int code = 0;
    for (int end = at + 4; at < end; at++) {
      char c = at < text.length() ? text.charAt(at) : 0;
      int digit = c < 0x80 ? Character.digit(c, 16) : -1;
      if (digit < 0) {
        throw error("expected four hexadecimal digits after \\u", at);
      }
      code = code * 16 + digit;
    }
    return (char) code;
  }

  private void checkSurrogates(CharSequence string, int start) {
    for (int i = 0; i < string.length(); i++) {
      if (Character.isSurrogate(string.charAt(i))) {
        if (Character.charCount(Character.codePointAt(string, i)) == 1) {
          throw error("half a surrogate pair in a string", start);
        }
        i++;
      }
    }
  }

  /** A number's digits. */
  String number() {
    next("a number");
    int start = at;
    if (here() == '-') {
      at++;
    }
    if (here() == '0') {
      at++;
    } else {
      digits();
    }
    if (here() == '.') {
      at++;
      digits();
    }
    if (here() == 'e' || here() == 'E') {
      at++;
      if (here() == '+' || here() == '-') {
        at++;
      }
      digits();
    }
    return text.substring(start, at);
  }

  private void digits() {
    int start = at;
    while (here() >= '0' && here() <= '9') {
      at++;
    }
    if (at == start) {
      throw error("expected a value or a digit, found " + found(), at);
    }
  }

  /** A number without sign, fraction or exponent that fits in a long. */
  long count() {
    int start = skipBlanks();
    String digits = number();
    try {
      long value = Long.parseLong(digits);
      if (value >= 0 && digits.charAt(0) != '-') {
        return value;
      }
    } catch (NumberFormatException e) {
      throw new FormatException(message(countExpected(digits), start), e);
    }
    throw error(countExpected(digits), start);
  }

  private static String countExpected(String digits) {
    return "expected an integer from 0 to 2^63-1, found " + abbreviate(digits);
  }

  /** Checks that only blanks are left. */
  void end() {
    skipBlanks();
    if (at < text.length()) {
      throw error("expected the end, found " + found(), at);
    }
  }

  private int skipBlanks() {
    while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at;
  }

  private char here() {
    return at < text.length() ? text.charAt(at) : 0;
  }

  private char next(String expected) {
    skipBlanks();
    if (at >= text.length()) {
      throw error("expected " + expected + ", found the end", at);
    }
    return text.charAt(at);
  }

  private void expect(char c, String expected) {
    if (next(expected) != c) {
      throw error("expected " + expected + ", found " + found(), at);
    }
    at++;
  }

  private String found() {
    if (at >= text.length()) {
      return "the end";
    }
    char c = text.charAt(at);
    return c < 0x20 || c > 0x7e ? "\\u%04x".formatted((int) c) : "'" + c + "'";
  }

  private FormatException error(String problem, int position) {
    return new FormatException(message(problem, position));
  }

  private String message(String problem, int position) {
    int line = 1;
    int start = 0;
    for (int i = text.indexOf('\n'); i >= 0 && i < position; i = text.indexOf('\n', i + 1)) {
      line++;
      start = i + 1;
    }
    return "line %d, column %d: %s".formatted(line, position - start + 1, problem);
  }

  static String abbreviate(String name) {
    return name.length() <= 80 ? name : name.substring(0, 80) + "...";
  }
}
