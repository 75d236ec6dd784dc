package dev.gatun.bindings.generator;

import dev.gatun.bindings.generator.Declaration.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Pieces of Java source that several writers share. */
final class JavaText {
  private static final Pattern HOLE = Pattern.compile("\\{\\{(\\w+)}}");

  private static final Set<String> KEYWORDS =
      Set.of(
          "_",
          "abstract",
          "assert",
          "boolean",
          "break",
          "byte",
          "case",
          "catch",
          "char",
          "class",
          "const",
          "continue",
          "default",
          "do",
          "double",
          "else",
          "enum",
          "extends",
          "false",
          "final",
          "finally",
          "float",
          "for",
          "goto",
          "if",
          "implements",
          "import",
          "instanceof",
          "int",
          "interface",
          "long",
          "native",
          "new",
          "null",
          "package",
          "private",
          "protected",
          "public",
          "return",
          "short",
          "static",
          "strictfp",
          "super",
          "switch",
          "synchronized",
          "this",
          "throw",
          "throws",
          "transient",
          "true",
          "try",
          "void",
          "volatile",
          "while");

  private JavaText() {}

  /** Replaces each {@code {{name}}} of a template. */
  static String fill(String template, Map<String, String> values) {
    return HOLE.matcher(template)
        .replaceAll(
            hole -> {
              String value = values.get(hole.group(1));
              if (value == null) {
                throw new IllegalArgumentException("template hole " + hole.group() + " unfilled");
              }
              return Matcher.quoteReplacement(value);
            });
  }

  /** A C identifier as a Java one: keywords get an underscore. */
  static String identifier(String name) {
    return KEYWORDS.contains(name) ? name + "_" : name;
  }

  /** The Java names of parameters; an unnamed one is called by its position. */
  static List<String> names(List<Member> parameters) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < parameters.size(); i++) {
      String name = parameters.get(i).name();
      names.add(name.isEmpty() ? "x" + i : identifier(name));
    }
    return names;
  }

  /** Such as {@code int n, MemorySegment x}. */
  static String parameters(List<Member> parameters) {
    List<String> names = names(parameters);
    List<String> declared = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      declared.add(parameters.get(i).type().carrier() + " " + names.get(i));
    }
    return String.join(", ", declared);
  }

  /** An expression for a layout, its constants taken from the header class. */
  static String layout(CType type, String headerClass) {
    return switch (type) {
      case CType.Primitive primitive -> headerClass + "." + primitive.constant();
      case CType.Pointer pointer -> headerClass + ".C_POINTER";
      case CType.Struct struct -> struct.name() + ".layout()";
      case CType.Array array ->
          "MemoryLayout.sequenceLayout("
              + array.count()
              + ", "
              + layout(array.element(), headerClass)
              + ")";
      case CType.None none -> throw new GeneratorException("void has no layout");
      case CType.Unsupported unsupported ->
          throw new GeneratorException(
              "the type " + unsupported.spelling() + " has no Java layout");
    };
  }

  /** An expression for a function's descriptor, one layout a line. */
  static String descriptor(
      CType result, List<Member> parameters, String headerClass, String indent) {
    List<String> layouts = new ArrayList<>();
    if (!(result instanceof CType.None)) {
      layouts.add(layout(result, headerClass));
    }
    parameters.forEach(p -> layouts.add(layout(p.type(), headerClass)));
    String call = "FunctionDescriptor." + (result instanceof CType.None ? "ofVoid(" : "of(");
    if (layouts.isEmpty()) {
      return call + ")";
    }
    return call + "\n" + indent + String.join(",\n" + indent, layouts) + ")";
  }

  /** Escaped for a string literal; escaped for Javadoc is {@link #comment}. */
  static String literal(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < ' ' || c > '~') {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }

  /** C text inside {@code @code}, kept from ending the comment. */
  static String comment(String c) {
    return "{@code " + c.replace("*/", "* /") + "}";
  }
}
