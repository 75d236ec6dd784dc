package dev.gatun.app.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads YAML into nodes that keep their lines. Aliases are refused and keys are unique. */
final class YamlReader {
  /** A configuration is a page; anything larger is another kind of file given by mistake. */
  private static final long MOST_BYTES = 1 << 20;

  /** How the parser's messages name places. */
  private static final Pattern PLACE = Pattern.compile("line (\\d+), column");

  /** Sections within sections are two; deeper is no configuration, and would end in the stack. */
  private static final int MOST_DEPTH = 20;

  private final String name;
  private final boolean lines;
  private final String source;
  private final YAMLParser parser;

  private YamlReader(String name, boolean lines, String source, YAMLParser parser) {
    this.name = name;
    this.lines = lines;
    this.source = source;
    this.parser = parser;
  }

  /** Reads a file whose top level is a section. */
  static Node.Section file(Path file) {
    String text;
    if (file.toString().isEmpty()) {
      throw new InputException("CONFIG: empty; give the path of a YAML file");
    }
    try {
      if (Files.isDirectory(file)) {
        throw new InputException(file + ": is a directory; give a YAML file");
      }
      if (Files.size(file) > MOST_BYTES) {
        throw new InputException(file + ": larger than 1 MiB, so not a configuration");
      }
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new InputException(file + ": no such file; give the path of a YAML file", e);
    } catch (CharacterCodingException e) {
      throw new InputException(file + ": not UTF-8 text; give a YAML file", e);
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read: " + e.getMessage(), e);
    }
    Node node = read(file.toString(), true, text);
    if (node instanceof Node.Section section) {
      return section;
    }
    throw new InputException(
        file + ": holds " + node.describe() + "; give sections such as data:, model:, train:");
  }

  /** Reads one value as it would be read in a file. */
  static Node value(String where, String text) {
    return read(where, false, text);
  }

  private static Node read(String name, boolean lines, String text) {
    try (YAMLParser parser = YAMLFactory.builder().build().createParser(text)) {
      YamlReader reader = new YamlReader(name, lines, text, parser);
      Node node = reader.node(parser.nextToken());
      if (parser.nextToken() != null) {
        throw new InputException(reader.where() + ": a second document; give one");
      }
      return node;
    } catch (JsonProcessingException e) {
      throw notYaml(name, lines, e);
    } catch (IOException e) {
      throw new InputException(name + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private String where() {
    return lines ? name + ":" + parser.currentTokenLocation().getLineNr() : name;
  }

  private Node node(@Nullable JsonToken token) throws IOException {
    if (token == null) {
      return new Node.Scalar(name, "", true);
    }
    if (parser.isCurrentAlias()) {
      throw new InputException(where() + ": aliases (*name) are not supported; repeat the value");
    }
    if (parser.getParsingContext().getNestingDepth() > MOST_DEPTH) {
      throw new InputException(
          where() + ": more than " + MOST_DEPTH + " levels deep; a configuration has three");
    }
    return switch (token) {
      case START_OBJECT -> section();
      case START_ARRAY -> sequence();
      default -> {
        String text = parser.getText();
        boolean nothing = token == JsonToken.VALUE_NULL || (text.isEmpty() && !quoted());
        yield new Node.Scalar(where(), text, nothing);
      }
    };
  }

  /** Whether the current scalar begins with a quote: "" is a value, nothing at all is none. */
  private boolean quoted() {
    int at = (int) parser.currentTokenLocation().getCharOffset();
    return at >= 0 && at < source.length() && "\"'".indexOf(source.charAt(at)) >= 0;
  }

  private Node section() throws IOException {
    String start = where();
    Map<String, Node.Entry> entries = new LinkedHashMap<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      String where = where();
      Node.Entry before = entries.get(key);
      if (before != null) {
        throw new InputException(
            where + ": " + key + ": given twice, first at " + before.where() + "; keep one");
      }
      entries.put(key, new Node.Entry(where, node(parser.nextToken())));
    }
    return new Node.Section(start, entries);
  }

  private Node sequence() throws IOException {
    String start = where();
    List<Node> items = new ArrayList<>();
    JsonToken token = parser.nextToken();
    while (token != JsonToken.END_ARRAY) {
      items.add(node(token));
      token = parser.nextToken();
    }
    return new Node.Sequence(start, List.copyOf(items));
  }

  /** The parser's message tells first what it was doing, then what it found and where. */
  private static InputException notYaml(String name, boolean lines, JsonProcessingException e) {
    String message = String.valueOf(e.getOriginalMessage());
    List<String> told = message.lines().map(String::strip).toList();
    String problem =
        told.stream().filter(line -> line.startsWith("found ")).findFirst().orElse(told.getFirst());
    int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
    Matcher place = PLACE.matcher(message);
    while (place.find()) {
      line = Integer.parseInt(place.group(1));
    }
    String remedy =
        problem.contains("'\\t")
            ? "indent with spaces, not tabs"
            : "give one \"key: value\" a line, indented by section, and close what is opened";
    String at = lines && line > 0 ? ":" + line : "";
    return new InputException(name + at + ": not YAML: " + problem + "; " + remedy, e);
  }
}
