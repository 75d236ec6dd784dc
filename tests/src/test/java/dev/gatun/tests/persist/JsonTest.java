package dev.gatun.tests.persist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.persist.FormatException;
import dev.gatun.persist.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void everyKindOfValueSurvivesARoundTrip() {
    String text =
        "{\"a\":[1,-2.5e-3,true,false,null],\"b\":{},\"c\":[],"
            + "\"d\":\"\\\"\\\\\\n\\r\\t\\u0001 \u00e9 \ud83d\ude00\"}";
    assertEquals(text, Json.parse(text).print());
    assertEquals(Json.parse(text), Json.parse(Json.parse(text).print()));
  }

  @Test
  void blanksAndEscapesAreRead() {
    Json value = Json.parse(" {\n\t\"\\u0061\" : [ 1 , \"\\ud83d\\ude00\\/\\b\\f\" ]\r} ");
    List<Json> items = value.asObject().get("a").asList();
    assertEquals(1, items.get(0).asLong());
    assertEquals("\ud83d\ude00/\b\f", items.get(1).asText());
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.0, -0.0, 0.1, Double.MIN_VALUE, Double.MAX_VALUE, 1e21, Math.PI})
  void doublesKeepTheirBits(double value) {
    double read = Json.parse(Json.of(value).print()).asDouble();
    assertEquals(Double.doubleToRawLongBits(value), Double.doubleToRawLongBits(read));
  }

  @Test
  void longsAreExact() {
    assertEquals(Long.MAX_VALUE, Json.parse(Json.of(Long.MAX_VALUE).print()).asLong());
    assertEquals(Long.MIN_VALUE, Json.parse(Json.of(Long.MIN_VALUE).print()).asLong());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "~~|line 1, column 1",
        "{|line 1, column 2",
        "[1,]|column 4",
        "[1 2]|column 4",
        "{\"a\":1,}|column 8",
        "{\"a\" 1}|column 6",
        "{\"a\":1,\"a\":2}|twice",
        "{a:1}|column 2",
        "01|column 2",
        "1.|column 3",
        "-|column 2",
        "+1|column 1",
        "NaN|column 1",
        "1e|column 3",
        "tru|expected true",
        "\"abc|closing quote",
        "\"\\x\"|unknown escape",
        "\"\\u12g4\"|hexadecimal",
        "\"\\ud800\"|surrogate",
        "\"\\udc00\\ud800\"|surrogate",
        "1 2|expected the end",
        "[1]]|expected the end",
        "/* c */ 1|column 1",
      })
  void mistakesAreNamedWithTheirPosition(String text, String expected) {
    FormatException e = assertThrows(FormatException.class, () -> Json.parse(text));
    assertTrue(String.valueOf(e.getMessage()).contains(expected), e::getMessage);
  }

  @Test
  void linesAreCounted() {
    FormatException e = assertThrows(FormatException.class, () -> Json.parse("{\n\"a\":\n  x}"));
    assertTrue(String.valueOf(e.getMessage()).startsWith("line 3, column 3:"), e::getMessage);
  }

  @Test
  void controlCharactersInStringsAreRefused() {
    assertThrows(FormatException.class, () -> Json.parse("\"a\nb\""));
  }

  @Test
  void depthIsLimited() {
    String deepest = "[".repeat(Json.MAX_DEPTH) + "]".repeat(Json.MAX_DEPTH);
    assertEquals(deepest, Json.parse(deepest).print());
    assertThrows(FormatException.class, () -> Json.parse("[" + deepest + "]"));
    assertThrows(FormatException.class, () -> Json.parse("[".repeat(10_000_000)));
    assertThrows(FormatException.class, () -> Json.parse("{\"a\":".repeat(1_000_000)));
  }

  @Test
  void valuesOfAnotherKindAreRefused() {
    assertThrows(FormatException.class, () -> Json.parse("1.5").asLong());
    assertThrows(FormatException.class, () -> Json.parse("9223372036854775808").asLong());
    assertThrows(FormatException.class, () -> Json.parse("1e999").asDouble());
    assertThrows(FormatException.class, () -> Json.parse("\"1\"").asDouble());
    assertThrows(FormatException.class, () -> Json.parse("[]").asObject());
    assertThrows(FormatException.class, () -> Json.parse("{}").asList());
    assertThrows(FormatException.class, () -> Json.parse("{}").asObject().get("a"));
    assertThrows(IllegalArgumentException.class, () -> Json.of(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> Json.of("\ud800").print());
    assertThrows(FormatException.class, () -> new Json.Numeral(" 1"));
  }
}
