package dev.gatun.tests.house;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Packages call one way: no package of the sources imports one that imports it, however far. */
class PackageCyclesTest {
  private static final Pattern PACKAGE = Pattern.compile("(?m)^package ([\\w.]+);");

  /** The package of what is imported: the words in lower case. */
  private static final Pattern IMPORT =
      Pattern.compile("(?m)^import (?:static )?(dev\\.gatun(?:\\.[a-z]\\w*)*)\\.[A-Z]");

  @Test
  void noneExists() throws IOException {
    Map<String, Set<String>> imports = imports();
    assertTrue(imports.size() > 20, "only " + imports.keySet());
    assertTrue(imports.get("dev.gatun.train").contains("dev.gatun.model"), "imports are found");
    assertEquals(List.of(), cycles(imports));
  }

  @Test
  void oneWouldBeFound() {
    Map<String, Set<String>> graph = Map.of("a", Set.of("b"), "b", Set.of("c"), "c", Set.of("a"));
    assertEquals(List.of("a -> b -> c -> a"), cycles(graph));
  }

  private static Map<String, Set<String>> imports() throws IOException {
    Map<String, Set<String>> imports = new TreeMap<>();
    try (Stream<Path> files = Files.walk(Checkout.ROOT)) {
      for (Path file :
          files
              .filter(f -> f.toString().endsWith(".java"))
              .filter(f -> f.toString().contains("/src/main/java/dev/gatun/"))
              .filter(f -> !f.toString().contains("/target/"))
              .toList()) {
        String text = Files.readString(file);
        Matcher name = PACKAGE.matcher(text);
        if (name.find()) {
          Set<String> from = imports.computeIfAbsent(name.group(1), key -> new TreeSet<>());
          IMPORT.matcher(text).results().map(m -> m.group(1)).forEach(from::add);
        }
      }
    }
    imports.forEach((name, from) -> from.remove(name));
    return imports;
  }

  /** The first way back to itself for each package that is the least of its cycle. */
  private static List<String> cycles(Map<String, Set<String>> imports) {
    List<String> found = new ArrayList<>();
    for (String name : new TreeSet<>(imports.keySet())) {
      List<String> way = new ArrayList<>(List.of(name));
      if (returns(name, imports, way, new TreeSet<>())) {
        found.add(String.join(" -> ", way));
      }
    }
    return found;
  }

  private static boolean returns(
      String start, Map<String, Set<String>> imports, List<String> way, Set<String> seen) {
    for (String next : new TreeSet<>(imports.getOrDefault(way.getLast(), Set.of()))) {
      if (next.compareTo(start) < 0 || !(next.equals(start) || seen.add(next))) {
        continue;
      }
      way.add(next);
      if (next.equals(start) || returns(start, imports, way, seen)) {
        return true;
      }
      way.removeLast();
    }
    return false;
  }
}
