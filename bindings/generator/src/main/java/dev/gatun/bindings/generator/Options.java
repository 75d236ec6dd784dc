package dev.gatun.bindings.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One run's options, in jextract's syntax.
 *
 * @param include the names to emit as {@code kind name}; empty to emit everything
 * @param clangArguments {@code -I} and {@code -D} options as libclang takes them
 * @param libraries values of {@code -l}: a name, or a path after a colon
 */
public record Options(
    Path header,
    String targetPackage,
    String headerClass,
    Path output,
    Set<String> include,
    List<String> clangArguments,
    List<String> libraries,
    boolean systemLoad) {
  private static final Pattern TOKEN = Pattern.compile("\"([^\"]*)\"|'([^']*)'|(\\S+)");
  private static final Set<String> INCLUDES =
      Set.of(
          "--include-function",
          "--include-constant",
          "--include-struct",
          "--include-union",
          "--include-typedef",
          "--include-var");

  /** Copies the collections. */
  public Options {
    include = new LinkedHashSet<>(include);
    clangArguments = List.copyOf(clangArguments);
    libraries = List.copyOf(libraries);
  }

  /**
   * Parses command-line arguments, replacing {@code @file} by the words of that file, in which
   * {@code #} starts a comment.
   *
   * @throws GeneratorException naming the argument that is unknown, incomplete or missing
   */
  public static Options parse(List<String> arguments) {
    List<String> words = new ArrayList<>();
    for (String argument : arguments) {
      if (argument.startsWith("@")) {
        words.addAll(read(Path.of(argument.substring(1))));
      } else {
        words.add(argument);
      }
    }
    return new Parser(words).parse();
  }

  private static List<String> read(Path file) {
    List<String> words = new ArrayList<>();
    try {
      for (String line : Files.readAllLines(file)) {
        int comment = line.indexOf('#');
        Matcher matcher = TOKEN.matcher(comment < 0 ? line : line.substring(0, comment));
        while (matcher.find()) {
          for (int group = 1; group <= 3; group++) {
            if (matcher.group(group) != null) {
              words.add(matcher.group(group));
            }
          }
        }
      }
    } catch (NoSuchFileException e) {
      throw new GeneratorException("argument file " + file + " does not exist", e);
    } catch (IOException e) {
      throw new GeneratorException("argument file " + file + " cannot be read: " + e, e);
    }
    return words;
  }

  /** Consumes words from the front. */
  private static final class Parser {
    private final List<String> words;
    private int next;
    private @Nullable Path header;
    private @Nullable String headerClass;
    private String targetPackage = "";
    private Path output = Path.of(".");
    private boolean systemLoad;
    private final Set<String> include = new LinkedHashSet<>();
    private final List<String> clang = new ArrayList<>();
    private final List<String> libraries = new ArrayList<>();

    Parser(List<String> words) {
      this.words = words;
    }

    Options parse() {
      while (next < words.size()) {
        option(words.get(next++));
      }
      Path file = header;
      if (file == null) {
        throw new GeneratorException("no header is given");
      }
      String name = headerClass;
      if (name == null) {
        name = String.valueOf(file.getFileName()).replace('.', '_').replace('-', '_');
      }
      return new Options(file, targetPackage, name, output, include, clang, libraries, systemLoad);
    }

    private void option(String word) {
      switch (word) {
        case "--target-package", "-t" -> targetPackage = value(word);
        case "--header-class-name" -> headerClass = value(word);
        case "--output" -> output = Path.of(value(word));
        case "--library", "-l" -> libraries.add(value(word));
        case "--include-dir", "-I" -> clang.add("-I" + value(word));
        case "--define-macro", "-D" -> clang.add("-D" + value(word));
        case "--use-system-load-library" -> systemLoad = true;
        default -> {
          if (INCLUDES.contains(word)) {
            include.add(word.substring("--include-".length()) + " " + value(word));
          } else if (word.startsWith("-I") || word.startsWith("-D")) {
            clang.add(word);
          } else if (word.startsWith("-")) {
            throw new GeneratorException(
                "option " + word + " is not supported; see Options for those that are");
          } else {
            header(word);
          }
        }
      }
    }

    private void header(String word) {
      if (header != null) {
        throw new GeneratorException("two headers are given, " + header + " and " + word);
      }
      header = Path.of(word);
    }

    private String value(String option) {
      if (next == words.size()) {
        throw new GeneratorException("option " + option + " lacks its value");
      }
      return words.get(next++);
    }
  }
}
