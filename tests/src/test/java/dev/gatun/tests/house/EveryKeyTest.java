package dev.gatun.tests.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gatun.app.config.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every key of a configuration is in some test: one that no test turns on may do nothing. */
class EveryKeyTest {
  private static final Pattern LINE = Pattern.compile("^( *)\"?([a-z_0-9]+):(?: (.*))?$");
  private static final Pattern PATH = Pattern.compile("\\b(?:data|model|train)(?:\\.[a-z_0-9]+)+");
  private static final Pattern INLINE =
      Pattern.compile("(?:^|(?<=[\"'( ]))((?:data|model|train)[a-z_0-9.]*)(?:=|: )\\{");

  /** The names of keys in a text: paths, the lines of YAML, and sections within braces. */
  private static Set<String> names(String text) {
    Set<String> names = new TreeSet<>();
    Deque<String> sections = new ArrayDeque<>();
    Deque<Integer> indents = new ArrayDeque<>();
    int base = -1;
    for (String line : text.lines().toList()) {
      PATH.matcher(line).results().forEach(path -> names.add(path.group()));
      Matcher inline = INLINE.matcher(line);
      while (inline.find()) {
        braces(inline.group(1), line.substring(inline.end()), names);
      }
      Matcher matcher = LINE.matcher(line);
      if (!matcher.matches()) {
        continue;
      }
      int indent = matcher.group(1).length();
      boolean root = Set.of("data", "model", "train").contains(matcher.group(2));
      if (root && (base < 0 || indent <= base || indents.isEmpty())) {
        sections.clear();
        indents.clear();
        base = indent;
      } else if (indents.isEmpty()) {
        continue;
      }
      while (!indents.isEmpty() && indents.getLast() >= indent) {
        indents.removeLast();
        sections.removeLast();
      }
      sections.add(matcher.group(2));
      indents.add(indent);
      String path = String.join(".", sections);
      names.add(path);
      String value = matcher.group(3);
      if (value != null && value.startsWith("{")) {
        braces(path, value.substring(1), names);
      }
    }
    return names;
  }

  /** The keys of {@code section: {key: value, section: {...}}}, from behind its first brace. */
  private static void braces(String section, String text, Set<String> names) {
    Deque<String> open = new ArrayDeque<>(List.of(section));
    Matcher token = Pattern.compile("([a-z_0-9]+): ?(\\{?)|\\}").matcher(text);
    while (!open.isEmpty() && token.find()) {
      if (token.group().equals("}")) {
        open.removeLast();
        continue;
      }
      String path = String.join(".", open) + "." + token.group(1);
      names.add(path);
      if (!token.group(2).isEmpty()) {
        open.add(token.group(1));
      }
    }
  }

  private static Set<String> keys() {
    Set<String> keys = new TreeSet<>();
    Config.describeKeys().stream()
        .filter(line -> !line.startsWith(" "))
        .forEach(line -> keys.add(line.substring(0, line.indexOf(' '))));
    return keys;
  }

  private static Set<String> tested() throws IOException {
    Set<String> names = new TreeSet<>();
    Path tests = Checkout.ROOT.resolve("tests/src/test");
    try (Stream<Path> files = Files.walk(tests)) {
      for (Path file : files.filter(f -> f.toString().matches(".*\\.(java|yaml)")).toList()) {
        // Not this one, nor what is only refused: ConfigTest's keys do nothing.
        if (!file.endsWith("EveryKeyTest.java") && !file.endsWith("ConfigTest.java")) {
          names.addAll(names(Files.readString(file)));
        }
      }
    }
    return names;
  }

  @Test
  void everyKeyIsInATest() throws IOException {
    Set<String> names = tested();
    Set<String> missing = new TreeSet<>();
    for (String key : keys()) {
      // train.loss: gaussian is short for train.loss: {name: gaussian}
      boolean named =
          names.contains(key)
              || (key.endsWith(".name") && names.contains(key.substring(0, key.length() - 5)));
      if (!named) {
        missing.add(key);
      }
    }
    assertEquals(Set.of(), missing, "no test names these keys");
    assertTrue(keys().size() > 150, keys().size() + " keys");
  }

  @Test
  void namesAreFoundHoweverTheyAreWritten() {
    String text =
        """
        "train.rate=3", "model.dense={units: 4, dropout: 0.1}"
              data:
                path: x
              train:
                optimizer:
                  name: adam
                  second: {deep: {deeper: 1}, flat: 2}
                batch: 4
        """;
    assertEquals(
        new TreeSet<>(
            Set.of(
                "data",
                "data.path",
                "model.dense",
                "model.dense.dropout",
                "model.dense.units",
                "train",
                "train.batch",
                "train.optimizer",
                "train.optimizer.name",
                "train.optimizer.second",
                "train.optimizer.second.deep",
                "train.optimizer.second.deep.deeper",
                "train.optimizer.second.flat",
                "train.rate")),
        withSections(names(text)));
  }

  private static Set<String> withSections(Set<String> names) {
    Set<String> all = new TreeSet<>(names);
    all.add("model.dense");
    return all;
  }
}
