package dev.gatun.persist;

import java.util.Map;

/** Writes JSON on one line, without blanks: equal values give equal bytes. */
final class JsonPrinter {
  private JsonPrinter() {}

  static void print(Json value, StringBuilder out) {
    switch (value) {
      case Json.Members(Map<String, Json> members) -> {
        char before = '{';
        for (Map.Entry<String, Json> member : members.entrySet()) {
          out.append(before);
          quote(member.getKey(), out);
          out.append(':');
          print(member.getValue(), out);
          before = ',';
        }
        out.append(members.isEmpty() ? "{}" : "}");
      }
      case Json.Items(var items) -> {
        char before = '[';
        for (Json item : items) {
          out.append(before);
          print(item, out);
          before = ',';
        }
        out.append(items.isEmpty() ? "[]" : "]");
      }
      case Json.Text(String text) -> quote(text, out);
      case Json.Numeral(String digits) -> out.append(digits);
      case Json.Bool(boolean truth) -> out.append(truth);
      case Json.Null none -> out.append("null");
    }
  }

  /**
   * Writes a string literal.
   *
   * @throws IllegalArgumentException if the text has half a surrogate pair, which UTF-8 cannot say
   */
  static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> out.append('\\').append(c);
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20) {
            out.append("\\u%04x".formatted((int) c));
          } else if (Character.isSurrogate(c)) {
            int point = text.codePointAt(i);
            if (Character.charCount(point) == 1) {
              throw new IllegalArgumentException(
                  "half a surrogate pair at character " + i + " of a text");
            }
            out.appendCodePoint(point);
            i++;
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
